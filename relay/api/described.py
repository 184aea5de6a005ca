"""The OpenAPI document: FastAPI's, with the shapes that it does not see, and with what the admin
port answers by itself, before FastAPI is there (`relay.monitor.health`, `relay.monitor.feed`)."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from relay.api.problems import MEDIA_TYPE, Problem
from relay.config import ChannelTable

TITLE = "Control API of the relay"
ABOUT = """
What an operator, a control room or a script may ask of a running relay.

Whatever changes something is JSON: send `Content-Type: application/json`, and `{}` where there is
nothing to say. Where the admin port has a token (`[server] admin_token_file`), send
`Authorization: Bearer ...`. What is refused is told as `application/problem+json` with a code word,
which stands in the relay's log too.
"""
TAGS = [
    {"name": "channels", "description": "What there is, how it is, and what is done to it."},
    {"name": "sources", "description": "The encoders that push."},
    {"name": "upstreams", "description": "Where channels are forwarded to."},
    {"name": "programs", "description": "Parts of a channel that stay."},
    {"name": "alarms", "description": "What went wrong, when, and who has seen it."},
    {"name": "relay", "description": "The relay as a whole."},
]
_REF = "#/components/schemas/{model}"


def described(app: FastAPI) -> dict[str, Any]:
    """The document."""
    told = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=TAGS,
        servers=[{"url": "/api/v1"}],
    )
    schemas = told["components"]["schemas"]
    table = ChannelTable.model_json_schema(ref_template=_REF)
    _drop_examples(table)  # they are TOML
    problem = Problem.model_json_schema(ref_template=_REF)
    schemas |= {**table.pop("$defs", {}), "ChannelTable": table, "Problem": problem}
    told["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "Where the admin port has one; a browser has a cookie instead.",
        }
    }
    told["security"] = [{}, {"token": []}]
    told["paths"] |= {"/status": {"get": _STATUS}, "/events": {"get": _EVENTS}}
    return told


def _drop_examples(schema: dict[str, Any]) -> None:
    for value in schema.values():
        if isinstance(value, dict):
            value.pop("examples", None)
            _drop_examples(value)


def _refusal(text: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model="Problem")}
    return {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}


_STATUS = {
    "tags": ["relay"],
    "summary": "Status",
    "operationId": "status",
    "description": "All that is known of every channel, its tracks, sources and upstreams: what"
    " `relay status --json` prints.",
    "responses": {
        "200": {
            "description": "The status.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "posts": {"type": "integer", "description": "bodies that are open"},
                            "rejected": {
                                "type": "object",
                                "description": "POSTs that were refused, by code word",
                                "additionalProperties": {"type": "integer"},
                            },
                            "refused": {
                                "type": "object",
                                "description": "calls of this API that were refused, by code word",
                                "additionalProperties": {"type": "integer"},
                            },
                            "channels": {
                                "type": "object",
                                "additionalProperties": {"type": "object"},
                            },
                        },
                        "required": ["posts", "rejected", "refused", "channels"],
                    }
                }
            },
        },
        "default": _refusal("Anything else."),
    },
}
_EVENTS = {
    "tags": ["relay"],
    "summary": "Events",
    "operationId": "events",
    "description": "Server-sent events, for as long as one listens. First `snapshot`, whose data is"
    ' `{"utc": ms, "board": {..}}`, then `patch` for each change, whose board is a JSON merge patch'
    " (RFC 7396) of the one before; a comment line now and then while nothing changes. A board has"
    " `channels`, by name, and `stopped`, the names of those that are stopped. One that reads too"
    " slowly is ended: connect again for a new snapshot.",
    "responses": {
        "200": {
            "description": "The events.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        "503": _refusal("As many listen as may (`MONITOR_LISTENERS`)."),
        "default": _refusal("Anything else."),
    },
}

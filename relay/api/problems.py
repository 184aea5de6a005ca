"""How the API refuses: problem documents (RFC 9457) with a code word, a sentence and a hint."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from relay.errors import (
    ConfigInvalid,
    ControlError,
    ControlInvalid,
    ControlMethod,
    ControlNotFound,
    SettingsInvalid,
    quoted,
)
from relay.monitor.order import PLACE, Order

MEDIA_TYPE = "application/problem+json"
MOST = 20
"""Errors of a body that are told."""


class Problem(BaseModel):
    """What was not done, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "code": "CONTROL_CHANNEL_UNKNOWN",
                    "detail": "There is no channel sport.",
                    "hint": "Those that there are: relay channel list",
                }
            ]
        }
    )

    type: str = Field(description="always about:blank")
    title: str = Field(description="the status in words")
    status: int = Field(description="the status")
    code: str = Field(description="the code word: the same in log, metric and documentation")
    detail: str = Field(description="what is wrong, in a sentence")
    hint: str = Field(default="", description="what to do about it")
    errors: list[str] = Field(
        default_factory=list, description="all that is wrong, one line each, where there is more"
    )


def problems(**told: str) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, `s404="There is no such channel."`, and all that any route has."""
    said = {
        "400": "What was sent is not what is described here (`CONTROL_BODY`).",
        **{status.removeprefix("s"): text for status, text in told.items()},
        "default": "Anything else that was not done: 401 and 429 where the admin port has a token.",
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, text in said.items()
    }


def changing(**told: str) -> dict[int | str, dict[str, Any]]:
    """Those of a route that changes something."""
    return problems(s403="A page of another site may change nothing (`CONTROL_REFUSED`).", **told)


def install(app: FastAPI) -> None:
    """Let all that goes wrong be answered so."""

    async def control(request: Request, error: Exception) -> Response:
        assert isinstance(error, ControlError)  # noqa: S101 - for types
        return _refused(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - for types
        lines = [
            f"{quoted('.'.join(map(str, each['loc'][1:])) or 'body')}: {quoted(each['msg'], 200)}"
            for each in error.errors()[:MOST]
        ]
        said = ControlInvalid("What was sent cannot be used.", hint="; ".join(lines))
        return _refused(request, said, errors=lines)

    async def unusable(request: Request, error: Exception) -> Response:
        assert isinstance(error, ConfigInvalid)  # noqa: S101 - for types
        lines = error.message.splitlines()
        said = SettingsInvalid(
            "The configuration cannot be used; nothing was changed.", hint="; ".join(lines[:MOST])
        )
        return _refused(request, said, errors=lines)

    async def other(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - for types
        if error.status_code == ControlMethod.status:
            answer = _refused(request, ControlMethod("Nothing here takes this method."))
            answer.headers["allow"] = ", ".join(sorted(_methods(request)))
            return answer
        if error.status_code == ControlNotFound.status:
            hint = "All that there is: /api/v1/openapi.json"
            return _refused(request, ControlNotFound("The API has nothing here.", hint=hint))
        return _refused(request, ControlInvalid("What was sent cannot be read."))

    app.add_exception_handler(ControlError, control)
    app.add_exception_handler(ConfigInvalid, unusable)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, other)


def _methods(request: Request) -> set[str]:
    """What is taken under its path, by any route."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    found = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return {method for route in found for method in route.methods or ()}


def _refused(request: Request, error: ControlError, **more: object) -> Response:
    order: Order = request.scope[PLACE]
    return order.refusal(request.scope, error, **more)

"""The FastAPI application, put together."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from relay.api import alarms, channels, programs, relaying, sources, upstreams
from relay.api.described import ABOUT, TITLE, described
from relay.api.desk import Desk
from relay.api.problems import install


def application(desk: Desk) -> ASGIApp:
    """What answers under `/api/v1`."""
    app = FastAPI(
        title=TITLE,
        version=version("isml-relay"),
        description=ABOUT,
        docs_url=None,  # they would load scripts of another site
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation,
    )
    app.state.desk = desk
    install(app)
    for room in (channels, sources, upstreams, programs, alarms, relaying):
        app.include_router(room.router)

    def document() -> dict[str, Any]:
        app.openapi_schema = app.openapi_schema or described(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
    return _unkept(app)


def _operation(route: APIRoute) -> str:
    return route.name


def _unkept(app: ASGIApp) -> ASGIApp:
    """Nobody may keep an answer."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [h for h in message.get("headers", []) if h[0] != b"cache-control"]
                message["headers"] = [*headers, (b"cache-control", b"no-store")]
            await send(message)

        await app(scope, receive, marked)

    return answer

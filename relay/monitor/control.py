"""What an operator may do to a channel while it runs: the POSTs of the admin port.

    POST /api/v1/channels/{name}/reset    {} or {"join": true}          200 {"channel": ...}
    POST /api/v1/channels/{name}/prefer   {"source": "enc_a" | null}    200 {"preferred": ...}
    POST /api/v1/channels/{name}/program  {"start": name, "window": s}  200 {"path": ...}
                                          {"stop": name}
    POST /api/v1/alarms/{id}/acknowledge  {}                            200 the alarm

and, beside them, `GET /api/v1/alarms`.

Each is JSON, and guarded (`relay.monitor.guard`). A refusal is a problem document with a code word,
counted by it, and one line in the log.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from relay.annunciator.history import History
from relay.channel import Channel
from relay.errors import ChannelUnknown, ControlError, ControlInvalid, quoted
from relay.ingest.url import NAME
from relay.monitor import alarms, guard

LONGEST = 4096
"""Bytes of a body."""
BODY_SECONDS = 5.0

log = structlog.get_logger("relay.monitor")


class Reset(Protocol):
    """What empties a channel. Raises ControlError."""

    def __call__(self, name: str, *, join: bool) -> Awaitable[None]: ...


Deed = Callable[[Channel, dict[str, Any]], Awaitable[dict[str, Any]]]
"""What is done to a channel, by what was said. Raises ControlError."""
_Order = Callable[[Request, dict[str, Any]], Awaitable[dict[str, Any]]]


class Control:
    """The routes. `names`: of this machine, besides its addresses. `program`: of programs.

    `history`: the alarms, and `utc` the time in ms since 1970.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        reset: Reset,
        names: Collection[str] = (),
        program: Deed | None = None,
        *,
        history: History | None = None,
        utc: Callable[[], int] = lambda: 0,
    ) -> None:
        self._program = program
        self._history = History() if history is None else history
        self._utc = utc
        self._channels = channels
        self._empty = reset
        self._names = frozenset(name.lower() for name in names)
        self.refused: Counter[str] = Counter()

    def routes(self) -> list[Route]:
        """All of it."""
        deeds: dict[str, Deed] = {"reset": self._reset, "prefer": self._prefer}
        if self._program is not None:
            deeds["program"] = self._program
        acknowledge = "/api/v1/alarms/{id}/acknowledge"
        return [
            Route("/api/v1/alarms", self._alarms, methods=["GET"]),
            Route(acknowledge, self._guarded(self._acknowledge), methods=["POST"]),
            *(
                Route(
                    f"/api/v1/channels/{{name}}/{word}",
                    self._guarded(self._on_a_channel(deed)),
                    methods=["POST"],
                )
                for word, deed in deeds.items()
            ),
        ]

    async def _alarms(self, _request: Request) -> Response:
        return JSONResponse(alarms.listed(self._history), headers={"cache-control": "no-store"})

    async def _acknowledge(self, request: Request, said: dict[str, Any]) -> dict[str, Any]:
        _only(said)
        return alarms.acknowledged(self._history, request.path_params["id"], self._utc())

    def _on_a_channel(self, deed: Deed) -> _Order:
        async def done(request: Request, said: dict[str, Any]) -> dict[str, Any]:
            name = request.path_params["name"]
            if name not in self._channels:
                raise ChannelUnknown(
                    f"There is no channel {quoted(name)}.", hint="Look at: relay status"
                )
            return await deed(self._channels[name], said)

        return done

    def _guarded(self, order: _Order) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                guard.check(request.headers, self._names)
                done = await order(request, await _said(request))
            except ControlError as error:
                return self._refusal(request, error)
            return JSONResponse(done, headers={"cache-control": "no-store"})

        return answer

    def _refusal(self, request: Request, error: ControlError) -> Response:
        self.refused[error.code] += 1
        log.warning(
            "refused",
            code=error.code,
            status=error.status,
            reason=error.message,
            path=quoted(request.scope["path"]),
            peer=request.client.host if request.client else "unknown",
        )
        headers = {"cache-control": "no-store"}
        body = json.dumps(error.problem())
        return Response(body, error.status, headers, "application/problem+json")

    async def _reset(self, channel: Channel, said: dict[str, Any]) -> dict[str, Any]:
        _only(said, "join")
        join = said.get("join", False)
        if not isinstance(join, bool):
            raise ControlInvalid('"join" is true or false.')
        if join and channel.rules.peer is None:
            raise ControlInvalid(
                f"{channel.name} has no peer to join.",
                hint=f"Set peer in [channels.{channel.name}].",
            )
        await self._empty(channel.name, join=join)
        return {"channel": channel.name, "reset": True}

    async def _prefer(self, channel: Channel, said: dict[str, Any]) -> dict[str, Any]:
        _only(said, "source")
        source = said.get("source", "")
        known = channel.tally.sources()
        plain = isinstance(source, str) and (source in known or NAME.fullmatch(source))
        if source is not None and not plain:
            raise ControlInvalid(
                "There is no such source.", hint='Send {"source": "enc_a"}, or null for none.'
            )
        channel.prefer(source)
        return {"channel": channel.name, "preferred": source, "known": source in known}


def _only(said: dict[str, Any], *keys: str) -> None:
    for key in said:
        if key not in keys:
            raise ControlInvalid(f'"{quoted(key)}" means nothing here.')


async def _said(request: Request) -> dict[str, Any]:
    data = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                data += piece
                if len(data) > LONGEST:
                    raise ControlInvalid(f"The body is longer than {LONGEST} bytes.")
    except (TimeoutError, ClientDisconnect):
        raise ControlInvalid("The body did not come.") from None
    try:
        said = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ControlInvalid("The body is no JSON object.", hint="Send {} to say nothing.")
    return said

"""The demo's place on the relay's admin port: its part of the board, and one route.

    POST /api/demo/{act}/begin|end    202 {"act": ..., "on": true}

Guarded as all that changes something there (`relay.monitor.guard`). The body is not looked at. Only
the demo knows what an act is: the desk passes on that it was asked for, and shows what it is told.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from relay.errors import ControlError, ControlInvalid, quoted
from relay.monitor import guard
from relay.monitor.annex import Annex

NAME = "demo"
"""The key of its part of the board."""

log = structlog.get_logger("relay.demo")

_FRESH = {"cache-control": "no-store"}


class Desk:
    """`pressed(act, on)` is called for each act that is asked for; `acts`: their facts, by name."""

    def __init__(self, pressed: Callable[[str, bool], None]) -> None:
        self._pressed = pressed
        self.acts: Mapping[str, Any] = {}
        self.refused: Counter[str] = Counter()

    def annex(self) -> Annex:
        """What is added to the admin port."""
        route = Route("/api/demo/{act}/{how}", self._press, methods=["POST"])
        return Annex(NAME, [route], lambda: {"acts": self.acts, "refused": dict(self.refused)})

    async def _press(self, request: Request) -> Response:
        act, how = request.path_params["act"], request.path_params["how"]
        try:
            guard.check(request.headers, ())
            if act not in self.acts or how not in ("begin", "end"):
                raise ControlInvalid(
                    f"There is no {quoted(act)} to {quoted(how)}.",
                    hint=f"Begin or end one of: {', '.join(self.acts)}.",
                )
        except ControlError as error:
            self.refused[error.code] += 1
            log.warning("refused", code=error.code, status=error.status, reason=error.message)
            body = json.dumps(error.problem())
            return Response(body, error.status, _FRESH, "application/problem+json")
        self._pressed(act, how == "begin")
        return JSONResponse({"act": act, "on": how == "begin"}, 202, _FRESH)

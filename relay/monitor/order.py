"""What stands before the control API, so that nobody can make it wait or grow.

The body of a request is read here, whole and within its limits, before the API sees any of it. A
refusal is a problem document with a code word, counted by it, and one line in the log; those of the
API itself are written here too.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Collection

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from relay.errors import ControlError, ControlInvalid, quoted
from relay.monitor import guard

LONGEST = 65_536
"""Bytes of a body."""
SECONDS = 5.0
"""Until it has come."""

READS = ("GET", "HEAD", "OPTIONS")
PLACE = "relay.order"
"""Where the API finds this in its scope."""
KNOWN = "relay.known"
"""In the scope: the caller has shown the admin port's token."""

log = structlog.get_logger("relay.monitor")


class Order:
    """The API behind its limits. `names`: of this machine, besides its addresses.

    `refused`: what was not done, by code word.
    """

    def __init__(self, app: ASGIApp, names: Collection[str] = ()) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)
        self.refused: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[PLACE] = self
        if scope["method"] not in READS:
            try:
                receive = _again(await whole(receive), receive)
            except ControlError as error:
                await self.refusal(scope, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def guard(self, scope: Scope) -> None:
        """Raise ControlRefused for a caller that may change nothing.

        One that has shown the token may call the relay by any name: a page that has bound its own
        name to this address has no token to show.
        """
        names = None if scope.get(KNOWN) else self._names
        guard.check(Headers(scope=scope), names, body=scope["method"] != "DELETE")

    def named(self, host: str) -> None:
        """Raise ControlRefused unless a Host, in lower case, is a name or address of this relay."""
        guard.named(host, self._names)

    def refusal(self, scope: Scope, error: ControlError, **more: object) -> Response:
        """The answer to what is not done, with its line in the log. `more`: for the answer."""
        self.refused[error.code] += 1
        return refusal(scope, error, **more)


def refusal(scope: Scope, error: ControlError, **more: object) -> Response:
    """The answer to what is not done, with its line in the log."""
    client = scope.get("client")
    log.warning(
        "refused",
        code=error.code,
        status=error.status,
        reason=error.message,
        path=quoted(scope["path"]),
        peer=client[0] if client else "unknown",
    )
    body = json.dumps({**error.problem(), **more})
    return Response(body, error.status, {"cache-control": "no-store"}, "application/problem+json")


async def whole(receive: Receive) -> bytes:
    """A body that is neither long nor slow. Raises ControlInvalid."""
    data = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ControlInvalid("The body did not come.")
                data += message.get("body", b"")
                if len(data) > LONGEST:
                    raise ControlInvalid(f"The body is longer than {LONGEST} bytes.")
                if not message.get("more_body", False):
                    return bytes(data)
    except TimeoutError:
        raise ControlInvalid("The body did not come.") from None


def _again(body: bytes, receive: Receive) -> Receive:
    """What is received is this body, then what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return messages.pop() if messages else await receive()

    return given

"""Who was turned away at the ingest door lately, with a wrong password or name: for the page.

What goes wrong inside a channel's stream is an event of that channel. Who does not even get there
has no channel, or not yet the right to be in its list, and the person who has just mistyped a URL
looks at the page and sees nothing; many an encoder does not show what it was answered. So the last
few of these are kept, as they were answered: each once, however often it tries.

An ASGI application around the door. It reads the answers that go by, and changes nothing.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from relay.errors import quoted
from relay.ingest import url

TURNED_AWAY = (401, 403, 404, 429)
MOST = 4
LONGEST = 4_096
"""Bytes of an answer."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One who was turned away. `at`: ms since 1970, of the last time; `count`: how often."""

    at: int
    code: str
    text: str
    path: str
    peer: str
    count: int = 1


class Doorstep:
    """`door`: the application, and `counts`, what it counts; `utc` in ms since 1970."""

    def __init__(
        self, door: ASGIApp, counts: Callable[[], Mapping[str, Any]], utc: Callable[[], int]
    ) -> None:
        self._door = door
        self._counts = counts
        self._utc = utc
        self._visits: dict[tuple[str, str, str], Visit] = {}

    def counts(self) -> dict[str, Any]:
        """What the door counts, and who was `turned_away`, by a number without meaning."""
        visits = enumerate(self._visits.values())
        return {**self._counts(), "turned_away": {str(place): asdict(one) for place, one in visits}}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        away = False

        async def overheard(message: Message) -> None:
            nonlocal away
            if message["type"] == "http.response.start":
                away = message["status"] in TURNED_AWAY
            elif away and message["type"] == "http.response.body":
                away = False
                self._note(scope, message.get("body", b""))
            await send(message)

        await self._door(scope, receive, overheard)

    def _note(self, scope: Scope, body: bytes) -> None:
        try:
            said = json.loads(body[:LONGEST])
            code, text = said["code"], " ".join((said["detail"], said.get("hint", ""))).strip()
        except (ValueError, LookupError, TypeError):
            return  # an answer of another kind
        peer = scope["client"][0] if scope.get("client") else "unknown"
        path = quoted(url.public(scope["path"]))
        key = (code, path, peer)
        before = self._visits.pop(key, None)
        count = before.count + 1 if before else 1
        self._visits[key] = Visit(self._utc(), code, text, path, peer, count)
        if len(self._visits) > MOST:
            del self._visits[next(iter(self._visits))]

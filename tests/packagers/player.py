"""A player that asks the origin directly, past every client's and server's tidying of paths."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from relay.presentation import Presentation
from relay.rules import Rules
from relay.store import Store
from tests.packagers.presentations import FIRST, audio, video

VIDEO, AUDIO = video(), audio()
NOW = 1_795_000_123.456
LAST = FIRST + 4


@dataclass
class Channel:
    presentation: Presentation
    store: Store
    rules: Rules = field(default_factory=Rules)
    posts: Counter[str] = field(default_factory=lambda: Counter(["a"]))
    told: list[str] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)

    def tell(self, code: str, text: str, *, grave: bool = False) -> None:
        self.told.append(code)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    parts: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    @property
    def problem(self) -> dict[str, object]:
        assert self.headers["content-type"] == "application/problem+json"
        read: dict[str, object] = json.loads(self.body)
        assert read["status"] == self.status
        return read


async def ask(app: ASGIApp, path: str, method: str = "GET", **headers: str) -> Answer:
    """One request; what must hold of every answer is checked here."""
    sent: list[Mapping[str, object]] = []

    async def receive() -> Mapping[str, object]:
        raise AssertionError("playback has no request body")

    async def send(message: Mapping[str, object]) -> None:
        sent.append(message)

    fields = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    path, _, query = path.partition("?")
    scope: dict[str, object] = {"type": "http", "method": method, "path": path}
    scope |= {"query_string": query.encode(), "headers": fields}
    await app(scope, receive, send)  # type: ignore[arg-type]
    start, *bodies = sent
    assert start["type"] == "http.response.start"
    assert [message.get("more_body") for message in bodies] == [True] * (len(bodies) - 1) + [False]
    listed = [(k.decode(), v.decode()) for k, v in start["headers"]]  # type: ignore[attr-defined]
    assert len({name for name, _ in listed}) == len(listed)
    parts = [message["body"] for message in bodies]
    assert all(type(part) is bytes for part in parts)
    answer = Answer(int(str(start["status"])), dict(listed), [p for p in parts if p])  # type: ignore[misc]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer

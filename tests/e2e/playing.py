"""One page that plays one URL, from its first moving picture to the report of what came to light.

"The clock advances" is too weak: players hide holes, and most hide broken media. So a `Report` has
everything that can be held against the server: every error of the player, the page, the console
and the network, what is buffered, what was decoded, every stall and seek, and all appended bytes,
from which a test learns which segments were played. The browser's own HLS player shows no
SourceBuffers; there the ranges of the element and the fetched URLs have to do.
"""

import asyncio
import base64
import functools
from dataclasses import dataclass
from typing import Any, Literal

from playwright.async_api import ConsoleMessage, Page, Response

Kind = Literal["hls", "dash", "mss", "shaka", "native"]

START_LIMIT = 60.0
STANDS = 1.8
"""Seconds for which a busy machine may hold the picture; a fragment that is lost is longer."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one play brought to light.

    errors      one line each, fatal or not; empty is good
    buffered    per media type ("video", "audio"): the ranges, in seconds of the media element
    element     the ranges of the media element
    appended    per media type: every byte that went into its SourceBuffer, init segments included
    fetched     URLs that were answered well, in the order of the answers
    advance     seconds that currentTime rose in the measured span, `span` seconds of wall time
    frames      video frames decoded in the span, `dropped` of them not shown
    audio       audio bytes decoded in the span; `video` likewise
    waits       how often it ran dry in the span;  seeks  how often it jumped
    stall       the longest time in the span for which the picture stood still, in seconds
    """

    errors: tuple[str, ...]
    buffered: dict[str, list[tuple[float, float]]]
    element: list[tuple[float, float]]
    appended: dict[str, bytes]
    fetched: tuple[str, ...]
    advance: float
    span: float
    frames: int
    dropped: int
    audio: int
    video: int
    waits: int
    seeks: int
    stall: float


class Playing:
    """A page in which a player runs. `errors` of all but the player itself; `fetched` as above."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.fetched: list[str] = []
        self._first: dict[str, Any] = {}
        self._begun = 0.0
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("response", self._on_response)

    async def start(self, where: str, kind: Kind, url: str, *, patient: bool = False) -> None:
        """Open the page at `where` and play an absolute URL in it.

        `patient`: hls.js or dash.js with more than their few tries when the network fails.
        """
        await self.page.goto(where)
        await self.page.evaluate("(arguments) => start(...arguments)", [kind, url, patient])

    async def moving(self) -> None:
        """Wait until it plays; the measured span begins. TimeoutError, with the errors so far."""
        deadline = asyncio.get_running_loop().time() + START_LIMIT
        seen = await self.progress()
        while True:
            await asyncio.sleep(0.1)
            now = await self.progress()
            # Two steps in a row, a few frames in: not the jump to the live edge.
            if seen["time"] < now["time"] < seen["time"] + 1 and now["frames"] > 5:
                break
            seen = now
            if asyncio.get_running_loop().time() > deadline:
                found = await self.page.evaluate("evidence()")
                raise TimeoutError(f"nothing plays: {now} {found['errors']} {self.errors}")
        self._first = await self.page.evaluate("begin()")
        self._begun = asyncio.get_running_loop().time()

    async def progress(self) -> dict[str, Any]:
        """Where it is: `time`, `frames`, `audio`, ... as in player.html."""
        found: dict[str, Any] = await self.page.evaluate("progress()")
        return found

    @property
    def span(self) -> float:
        """Seconds since the measured span began."""
        return asyncio.get_running_loop().time() - self._begun

    async def report(self) -> Report:
        """What there is to judge, at this moment."""
        last = await self.progress()
        found: dict[str, Any] = await self.page.evaluate("evidence()")
        buffered: dict[str, list[tuple[float, float]]] = {}
        appended: dict[str, bytes] = {}
        for one in found["buffers"]:
            buffered.setdefault(one["kind"], []).extend((a, b) for a, b in one["ranges"])
            data = base64.b64decode(one["appended"])
            appended[one["kind"]] = appended.get(one["kind"], b"") + data
        rise = functools.partial(_rise, self._first, last)
        return Report(
            errors=(*found["errors"], *self.errors),
            buffered=buffered,
            element=[(a, b) for a, b in found["element"]],
            appended=appended,
            fetched=tuple(self.fetched),
            advance=last["time"] - self._first["time"],
            # By the page's own clock: on a busy machine the way here takes seconds.
            span=last["clock"] - self._first["clock"],
            frames=rise("frames"),
            dropped=rise("dropped"),
            audio=rise("audio"),
            video=rise("video"),
            waits=rise("waits"),
            seeks=rise("seeks"),
            stall=last["longest"] / 1000,
        )

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"console {message.type}: {message.text}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.errors.append(f"HTTP {response.status}: {response.url}")
        else:
            self.fetched.append(response.url)


def _rise(first: dict[str, Any], last: dict[str, Any], name: str) -> int:
    return int(last[name] - first[name])

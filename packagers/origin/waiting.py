"""A segment that is about to be there is waited for, not refused.

Relays in several data centres publish one programme under one set of URLs. So a player, a cache or
a balancer may take a playlist from one site and the segments from another, whose encoder or network
is half a second behind. There the newest segment lies ahead of the live edge, and a 404 would be
what a cache remembers and a player counts as an error. A request for one of the next `AHEAD`
numbers waits here until that number has its place on the timeline, for as long as an encoder takes
to deliver it; then it goes on to the origin, which decides about it as about any other.

Presentations are values that are replaced, and nothing upstream knows of players: so this looks at
them every `LOOK` seconds, and only at whether it is another one. What a stranger can make wait is
bounded: so many requests, so long.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from packagers.resource import Asked, What, parse
from packagers.smooth import answer
from packagers.smooth import streams as smooth
from packagers.smooth.streams import LOOK_AHEAD, show
from relay.errors import PlayerError
from relay.presentation import Presentation

AHEAD = 2
"""Numbers that another site may be ahead."""
LONGEST = 6.0
"""Seconds that a request waits at most, however long a fragment is: less than any player waits."""
LOOK = 0.05
MOST = 1_000
"""Requests that wait at a time; more are answered as they come."""


class Shown(Protocol):
    """A channel, as far as one waits for it."""

    @property
    def presentation(self) -> Presentation: ...


class Waiting:
    """ASGI application: `origin`, but for the moments until a segment is there.

    `waiting`: how many requests wait now. `most`, `longest` as above.
    """

    def __init__(
        self,
        origin: ASGIApp,
        channels: Mapping[str, Shown],
        most: int = MOST,
        longest: float = LONGEST,
    ) -> None:
        self.waiting = 0
        self._origin = origin
        self._channels = channels
        self._most = most
        self._longest = longest
        self._smooth: dict[str, smooth.Shown] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            await self._arrival(scope["path"])
        await self._origin(scope, receive, send)

    async def _arrival(self, path: str) -> None:
        """Return when the segment at a path is there, or nothing speaks for waiting any more."""
        if not path.endswith((".m4s", ")")) or self.waiting >= self._most:
            return
        try:
            asked = parse(path)
        except PlayerError:
            return
        channel = self._channels.get(asked.channel)
        if channel is None:
            return
        presentation = channel.presentation
        missing = 0 if presentation.ended else self._ahead(asked, presentation)
        if not 0 < missing <= AHEAD:
            return
        loop = asyncio.get_running_loop()
        # Even a site that is a fragment and a half behind has it by then. One of Smooth announces
        # those that follow, so it waits for them as well.
        cells = missing if asked.fragment is None else missing + LOOK_AHEAD
        last = loop.time() + min(self._longest, float(cells * presentation.grid.D))
        self.waiting += 1
        try:
            while loop.time() < last and missing > 0:
                await asyncio.sleep(LOOK)
                if channel.presentation is not presentation:
                    presentation = channel.presentation
                    missing = self._ahead(asked, presentation)
        finally:
            self.waiting -= 1

    def _ahead(self, asked: Asked, presentation: Presentation) -> int:
        """`ahead`; what a presentation amounts to in Smooth is made once for all that wait."""
        if asked.fragment is None:
            return ahead(asked, presentation)
        shown = self._smooth.get(asked.channel)
        if shown is None or shown.presentation is not presentation:
            shown = self._smooth[asked.channel] = show(presentation)
        return answer.ahead(asked.fragment, shown)


def ahead(asked: Asked, presentation: Presentation) -> int:
    """How many numbers a segment of CMAF lies ahead of the live edge; 0 or less: it does not."""
    rendition = presentation.rendition(asked.track)
    if rendition is None or not rendition.segments:
        return 0
    newest = rendition.segments[-1]
    if asked.what is What.SEGMENT_AT:
        scale = rendition.track.timescale
        begins = newest.time + presentation.epoch_of(newest.run) * scale
        return round((asked.number - begins) / (presentation.grid.D * scale))
    return asked.number - newest.index

"""Two encoders in memory: fragments straight into a channel, with the clock in the test's hands.

For rows of the matrix that are about times and numbers, not about wires. Everything goes through
the whole channel: numbering, runs, gathering, store, timeline, presentation.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from relay.arrival import Sender
from relay.channel import Channel, Rules
from relay.errors import EncoderError
from relay.media import Copy, Fragment, Header
from relay.presentation import Segment
from relay.store import Store
from relay.store.memory import MemoryStore
from tests.door import RULES, TRACK, D, Hands, bodies
from tests.server.wire import eventually

CELL = 2_000
"""ms of a fragment."""
FRAME = D // 50
A, B = Sender("a", "main"), Sender("b", "main")


@dataclass(slots=True)
class Clock(Hands):
    """Hands whose wall clock is set: `wrong` is how far it is off, in ms."""

    wrong: int = 0

    def utc(self) -> int:
        return Hands.utc(self) + self.wrong


@dataclass(slots=True)
class Twins:
    """A channel and its clock."""

    channel: Channel
    clock: Clock

    async def header(self, *senders: Sender) -> None:
        for sender in senders:
            (header,) = bodies(0, 0)
            assert isinstance(header, Header)
            await self.channel.header(sender, header)

    async def send(self, sender: Sender, *fragments: Fragment) -> None:
        """One after the other, and time for the channel to take them in."""
        for fragment in fragments:
            await self.channel.fragment(sender, fragment)
            await asyncio.sleep(0)

    async def refused(self, sender: Sender, fragment: Fragment) -> EncoderError | None:
        try:
            await self.send(sender, fragment)
        except EncoderError as error:
            return error
        return None

    async def tick(self, ms: int = CELL) -> None:
        """Let time pass, and what is due come."""
        self.clock.at += ms
        self.channel._wake.set()
        for _ in range(20):
            await asyncio.sleep(0)

    async def shows(self, last: int) -> list[Segment]:
        """What is published, once it ends with this index."""
        assert await eventually(lambda: self.segments[-1:] != [] and self.newest >= last)
        return self.segments

    @property
    def segments(self) -> list[Segment]:
        rendition = self.channel.presentation.rendition(TRACK)
        return list(rendition.segments) if rendition else []

    @property
    def newest(self) -> int:
        return self.segments[-1].index

    def sources(self) -> dict[int, str]:
        """Whose copy each published segment is; "" of a gap."""
        found = {}
        for segment in self.segments:
            copy = self.channel.store.find(TRACK, segment.run, segment.index)
            found[segment.index] = copy.source if isinstance(copy, Copy) else ""
        return found

    def codes(self) -> list[str]:
        return [event.code for event in self.channel.journal.events.values()]


@asynccontextmanager
async def twins(
    rules: Rules = RULES, store: Store | None = None, clock: Clock | None = None
) -> AsyncIterator[Twins]:
    """A channel, on a fresh store unless one is given; at its end it must not have failed."""
    clock = clock or Clock()
    channel = Channel("news", store or MemoryStore(), rules, clock)
    await channel.open()
    try:
        yield Twins(channel, clock)
    finally:
        await channel.close()
        assert not channel.failed


def cut(at: int, shift: int = 0, /, **changes: object) -> Fragment:
    """The fragment of an index, so many ticks later. (Its bytes tell another time.)"""
    found = _captured()[at % 4]
    time = found.time + (at - at % 4) * D + shift
    return replace(found, **{"time": time, **changes})  # type: ignore[arg-type]


@cache
def _captured() -> list[Fragment]:
    return [found for found in bodies(0, 4) if isinstance(found, Fragment)]


def cuts(indexes: Iterable[int], shift: int = 0) -> list[Fragment]:
    return [cut(index, shift) for index in indexes]


def orderly(segments: list[Segment]) -> list[str]:
    """I2, I3, I4 of what is published: sentences on what is wrong."""
    broken = []
    for before, after in pairwise(segments):
        if after.index != before.index + 1:
            broken.append(f"{after.index} follows {before.index}")
        if after.run == before.run and after.time < before.time:
            broken.append(f"{after.index} begins before {before.index}")
        if after.run == before.run and before.end - after.time > FRAME // 2 + 1:
            broken.append(f"{before.index} and {after.index} overlap by {before.end - after.time}")
    return broken

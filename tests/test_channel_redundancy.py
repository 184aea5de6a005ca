"""Two encoders of several streams, of which at any moment only one lives for each stream."""

import asyncio
import functools
import random
from itertools import pairwise

import pytest

from relay.arrival import Sender
from relay.channel import Channel
from relay.ingest.smooth import Session
from relay.media import Kind
from relay.mp4.reader import BoxReader
from relay.store.memory import MemoryStore
from tests.door import RULES, send, started
from tests.server.wire import eventually
from tests.streams import Said, Stream

STREAMS = {
    "low": Said(Kind.VIDEO, "video", 300_000),
    "high": Said(Kind.VIDEO, "video", 900_000),
    "sound": Said(Kind.AUDIO, "audio", 64_000),
}
CELLS = 24


async def carried(channel: Channel, sender: Sender, session: Session, data: bytes) -> None:
    for box in BoxReader().feed(data):
        for found in session.take(box):
            await send(channel, sender, found)
    await asyncio.sleep(0.001)  # the channel hears from its store


def unbroken(channel: Channel, track: str) -> bool:
    rendition = channel.presentation.rendition(track)
    segments = list(rendition.segments) if rendition else []
    joined = all(before.end == after.time for before, after in pairwise(segments))
    whole = not any(segment.gap or segment.discontinuity for segment in segments)
    return whole and joined and [segment.index for segment in segments] == list(range(CELLS))


@pytest.mark.requirement("RED-2b", "RED-2c", "HTTP-7c")
@pytest.mark.parametrize("seed", range(6))
async def test_nothing_is_lost_while_each_stream_has_one_living_source(seed: int) -> None:
    """Whichever it is. The other one breaks off in mid-fragment, and comes back with its last."""
    dice = random.Random(seed)
    channel, _ = await started(MemoryStore(), RULES)
    made = {name: Stream([said]) for name, said in STREAMS.items()}
    sessions: dict[Sender, Session] = {}
    for index in range(CELLS):
        for name, stream in made.items():
            alive = "ab" if index == 0 else dice.choice("ab")
            for source in dice.sample("ab", 2):
                sender = Sender(source, name)
                if source not in alive:
                    if sender in sessions:
                        half = stream.cell(index, sixteenths=(0, dice.randrange(1, 12)))
                        await carried(channel, sender, sessions.pop(sender), half)
                        await channel.ended(sender, clean=False)
                    continue
                data = stream.cell(index)
                if sender not in sessions:
                    sessions[sender] = Session(name)
                    channel.began(sender)
                    again = stream.cell(index - 1) if index else b""
                    data = stream.header() + again + data
                await carried(channel, sender, sessions[sender], data)
    wanted = [
        functools.partial(unbroken, channel, f"{s.name}-{s.bitrate}") for s in STREAMS.values()
    ]
    assert await eventually(lambda: all(each() for each in wanted))
    assert not channel.gaps
    await channel.close()

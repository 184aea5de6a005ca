"""F10: one encoder's fragment is damaged, byte by byte; the other encoder's is whole.

Every byte of a moof is changed once, in two ways. Whatever that makes of it, the door answers with
an error of the encoder's or takes it for what it says; the line beside it goes on.
"""

from functools import cache

import pytest

from relay.errors import EncoderError
from relay.ingest.smooth import Session
from relay.media import Fragment, Header
from relay.mp4.reader import BoxReader
from tests.door import D, header, published
from tests.door import video as captured
from tests.faults.twins import A, B, Twins, orderly, twins

LAST = 4
HIT = 2
"""The index that is damaged."""

video = cache(captured)


def _moof() -> int:
    """How long the moof is."""
    return int.from_bytes(video(HIT)[:4], "big")


async def deliver(stage: Twins, data: bytes) -> bool:
    """What the damaged encoder sends, until it is refused. Whether it was."""
    session = Session("main")
    try:
        for box in BoxReader().feed(data):
            for found in session.take(box):
                if isinstance(found, Header):
                    await stage.channel.header(A, found)
                elif isinstance(found, Fragment):
                    await stage.send(A, found)
    except EncoderError:
        return True
    return False


@pytest.mark.fault("F10")
@pytest.mark.parametrize("flip", [0xFF, pytest.param(0x01, marks=pytest.mark.long)])
async def test_no_byte_of_a_moof_stops_the_line(flip: int) -> None:
    refused = 0
    for at in range(_moof()):
        damaged = bytearray(video(HIT))
        damaged[at] ^= flip
        body = header() + b"".join(map(video, range(HIT))) + bytes(damaged)
        async with twins() as stage:
            await stage.header(B)
            refused += await deliver(stage, body)
            await stage.channel.ended(A, clean=False)
            for index in range(LAST + 1):
                await deliver_whole(stage, index)
            await stage.tick(stage.channel.rules.patience)
            segments = await stage.shows(LAST)
            assert published(stage.channel)[: LAST + 1] == list(range(LAST + 1)), at
            # A sample that says that it lasts longer is believed: nothing else says how long.
            believed = stage.sources()[HIT] == "a" and segments[HIT].duration != D
            assert believed or orderly(segments) == [], at
    assert refused > _moof() / 4, "hardly anything is noticed"


async def deliver_whole(stage: Twins, index: int) -> None:
    session = Session("main", stage.channel.header_of("main"))
    for box in BoxReader().feed(video(index)):
        for found in session.take(box):
            assert isinstance(found, Fragment)
            await stage.send(B, found)


@pytest.mark.fault("F10")
async def test_a_byte_of_the_media_is_not_noticed_and_its_copy_is_not_mixed() -> None:
    """There is no checksum in a fragment: the first copy counts, whole."""
    damaged = bytearray(video(HIT))
    damaged[-1000] ^= 0xFF
    body = header() + b"".join(map(video, range(HIT))) + bytes(damaged)
    async with twins() as stage:
        await stage.header(B)
        assert not await deliver(stage, body)
        await deliver_whole(stage, HIT)
        await stage.shows(HIT)
        stored = await stage.channel.store.get("video-150000", 0, HIT)
        assert stored == bytes(damaged)

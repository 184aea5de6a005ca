"""One sender's wrong times, or its end, beside a sender that is well: the line is not theirs."""

import asyncio
from dataclasses import replace

import pytest

from relay.arrival import Sender
from relay.channel import Channel
from relay.media import Fragment, Header, Verdict
from relay.store.memory import MemoryStore
from tests.door import (
    LEARNING,
    RULES,
    D,
    Hands,
    bodies,
    header,
    published,
    send,
    shown,
    started,
    told,
    verdicts,
)
from tests.server.wire import eventually

GOOD, BAD, NEW = Sender("good", "main"), Sender("bad", "main"), Sender("new", "main")
FAR = 100_000


async def going_on(channel: Channel, clock: Hands, first: int, stop: int) -> None:
    """The good sender at the pace of live."""
    for found in bodies(first, stop)[1 if first else 0 :]:
        await send(channel, GOOD, found)
        clock.at += 2_000
        await asyncio.sleep(0.001)


def short(index: int) -> Fragment:
    """A fragment that does not fill its cell."""
    (found,) = bodies(index, index + 1)[1:]
    assert isinstance(found, Fragment)
    return replace(found, duration=D // 4)


@pytest.mark.threat("T38")
async def test_a_far_future_that_breaks_off_does_not_move_the_line() -> None:
    channel, clock = await started(MemoryStore(), replace(RULES, patience=1))
    await going_on(channel, clock, 0, 3)
    await channel.fragment(BAD, short(FAR))
    await channel.ended(BAD, clean=False)
    clock.at += 10
    assert await eventually(lambda: "bad" in verdicts(channel))
    assert verdicts(channel)["bad"] == {Verdict.SUSPECT: 1}
    await going_on(channel, clock, 3, 6)
    await shown(channel, range(6))
    await channel.close()


@pytest.mark.threat("T38")
async def test_a_burst_of_far_futures_does_not_move_a_line_that_another_continues() -> None:
    channel, clock = await started(MemoryStore(), replace(RULES, patience=1))
    await going_on(channel, clock, 0, 3)
    for found in bodies(FAR, FAR + 5)[1:]:
        await send(channel, BAD, found)
    clock.at += 10
    await going_on(channel, clock, 3, 6)
    await shown(channel, range(6))
    await channel.close()


@pytest.mark.threat("T38")
async def test_who_joins_after_a_burst_of_far_futures_goes_on_with_the_line() -> None:
    channel, clock = await started(MemoryStore(), replace(RULES, patience=1))
    await going_on(channel, clock, 0, 3)
    for found in bodies(FAR, FAR + 3)[1:]:
        await send(channel, BAD, found)
    await going_on(channel, clock, 3, 6)
    for found in bodies(6, 10)[1:]:
        await send(channel, NEW, found)
        clock.at += 2_000
        await asyncio.sleep(0.001)
    await shown(channel, range(10))
    await channel.close()


@pytest.mark.requirement("ENC-6c")
async def test_a_clock_that_jumps_ahead_moves_the_line_when_nobody_continues_it() -> None:
    channel, clock = await started(MemoryStore(), replace(RULES, patience=1))
    await going_on(channel, clock, 0, 3)
    await going_on(channel, clock, FAR, FAR + 5)
    clock.at += 10
    assert await eventually(lambda: published(channel)[-1:] == [FAR + 4])
    await channel.close()


@pytest.mark.parametrize("soon", [True, False])
async def test_a_new_track_does_not_begin_in_the_far_future(soon: bool) -> None:
    channel, clock = await started(MemoryStore(), replace(RULES, patience=1))
    await going_on(channel, clock, 0, 3)
    (head,) = told("side", header().replace(b"150000", b"150001"))
    assert isinstance(head, Header)
    await channel.header(BAD, head)
    (track,) = (each.track for each in head.tracks)
    if not soon:
        await asyncio.sleep(0.01)  # the header's pin has been followed
    far = replace(short(FAR), track=track, duration=D)
    await channel.fragment(BAD, far)
    await shown(channel, range(3))
    for index in (2, 3):
        await channel.fragment(GOOD, replace(far, time=index * D))
    await shown(channel, [2, 3], track.name)
    await channel.close()


async def test_a_far_future_among_what_waits_for_the_grid_does_not_begin_the_line() -> None:
    channel, clock = await started(MemoryStore(), replace(LEARNING, patience=1))
    await going_on(channel, clock, 0, 1)
    await channel.fragment(BAD, replace(short(FAR), duration=D))
    await going_on(channel, clock, 1, 5)
    await shown(channel, range(5))
    await channel.close()


@pytest.mark.threat("T38")
async def test_a_far_future_that_comes_first_of_all_does_not_begin_the_line() -> None:
    rules = replace(RULES, patience=1, anchor="utc")
    channel, clock = await started(MemoryStore(), rules)
    now = clock.utc() // 2_000
    for found in bodies(now + FAR, now + FAR + 1):
        await send(channel, BAD, found)
    (head, *_) = bodies(0, 0)
    await send(channel, GOOD, head)
    for found in bodies(now, now + 9)[1:]:
        await send(channel, GOOD, found)
        clock.at += 2_000
        await asyncio.sleep(0.001)
    await shown(channel, range(now, now + 9))
    assert verdicts(channel) == {"good": {Verdict.ACCEPTED: 9}, "bad": {Verdict.SUSPECT: 1}}
    await channel.close()


async def test_an_encoder_whose_clock_is_ahead_is_believed_at_its_third_fragment() -> None:
    rules = replace(RULES, patience=1, anchor="utc")
    channel, clock = await started(MemoryStore(), rules)
    ahead = clock.utc() // 2_000 + 300  # ten minutes
    for found in bodies(ahead, ahead + 4):
        await send(channel, GOOD, found)
        clock.at += 2_000
        await asyncio.sleep(0.001)
    await shown(channel, range(ahead, ahead + 4))
    await channel.close()

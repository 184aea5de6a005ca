"""A channel between its senders and its store: numbering, races, the window, the end."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from relay.arrival import Sender
from relay.channel import Rules
from relay.errors import StoreUnavailable
from relay.media import Buffer, Copy, Fragment, Member, Verdict
from relay.store.memory import MemoryStore
from tests.door import (
    AV,
    LEARNING,
    RULES,
    TRACK,
    bodies,
    opened,
    published,
    send,
    shown,
    started,
    told,
    verdicts,
)
from tests.mp4 import recorded
from tests.server.wire import eventually


class SlowStore(MemoryStore):
    """The first copies take longer than what comes after them."""

    async def put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        turns = 30 - 3 * member.index if isinstance(member, Copy) else 5
        for _ in range(max(turns, 0)):
            await asyncio.sleep(0)
        return await super().put(member, data)


@pytest.mark.parametrize("rules", [RULES, LEARNING], ids=["configured", "learnt"])
async def test_what_waited_for_the_grid_goes_first_and_in_order(rules: Rules) -> None:
    channel, _ = await started(SlowStore(), rules)
    seen: list[int] = []

    async def push(source: str) -> None:
        sender = Sender(source, "main")
        for found in bodies(0, 20):
            await send(channel, sender, found)
            await asyncio.sleep(0)
            seen.append(len(published(channel)))

    await asyncio.gather(push("a"), push("b"), push("c"))
    await shown(channel, range(20))
    total: Counter[Verdict] = Counter()
    for source in "abc":
        total.update(verdicts(channel)[source])
    assert total == {Verdict.ACCEPTED: 20, Verdict.DUPLICATE: 40}
    assert not channel.gaps
    assert channel.presentation.grid.learnt is (rules is LEARNING)
    await channel.close()


@pytest.mark.parametrize("late", [0, 1, 2, 3])
async def test_a_sender_that_comes_while_the_grid_is_pinned_does_not_overtake(late: int) -> None:
    """The other one begins later, and its first fragment is the one that settles the grid."""
    channel, _ = await started(SlowStore(), LEARNING)
    one, two = Sender("one", "main"), Sender("two", "main")
    head, *first = bodies(0, 2)
    await send(channel, one, head)
    await send(channel, one, first[0])
    ahead = bodies(2, 8)[1:]

    async def push() -> None:
        for _ in range(late):
            await asyncio.sleep(0)
        for found in ahead:
            await send(channel, two, found)

    await asyncio.gather(send(channel, one, first[1]), push())
    await shown(channel, range(8))
    assert not channel.gaps
    await channel.close()


async def test_a_post_that_ends_while_the_grid_is_pinned_loses_nothing() -> None:
    """Its last fragment is short; only the end of the POST makes it whole."""
    channel, _ = await started(SlowStore(), LEARNING)
    sender = Sender("a", "main")
    for found in told("main", recorded.body("ff9-sigint/req001.body")):
        await send(channel, sender, found)
    await eventually(lambda: channel.numbered)
    await channel.ended(sender, clean=True)
    await shown(channel, range(3), "video-200000")
    await shown(channel, range(3), "audio-64000")
    await channel.close()


@pytest.mark.requirement("FMT-7a")
@pytest.mark.parametrize("seconds", [Fraction(1, 2), Fraction(1), Fraction(6), Fraction(30)])
async def test_fragments_of_unusual_length_are_learnt_and_published(seconds: Fraction) -> None:
    channel, _ = await started(MemoryStore(), LEARNING)
    head, first = bodies(0, 1)
    assert isinstance(first, Fragment)
    ticks = int(seconds * 10_000_000)
    await send(channel, Sender("a", "main"), head)
    for index in range(100, 104):
        found = replace(first, time=index * ticks, duration=ticks, sample_count=int(25 * seconds))
        await send(channel, Sender("a", "main"), found)
    await shown(channel, range(100, 104))
    assert seconds == channel.presentation.grid.D
    await channel.close()


@pytest.mark.requirement("FMT-6b")
async def test_fragments_that_vary_by_a_frame_leave_no_mark() -> None:
    """30000/1001 frames a second, cut at the nearest one to each two seconds."""
    channel, _ = await started(MemoryStore())
    head, first = bodies(0, 1)
    assert isinstance(first, Fragment)
    await send(channel, Sender("a", "main"), head)
    frame, scale = Fraction(1001, 30_000), 10_000_000
    cuts = [round(2 * index / frame) for index in range(1_000, 1_051)]
    assert {after - before for before, after in pairwise(cuts)} == {59, 60}
    for before, after in pairwise(cuts):
        begin, end = (round(cut * frame * scale) for cut in (before, after))
        found = replace(first, time=begin, duration=end - begin, sample_count=after - before)
        await send(channel, Sender("a", "main"), found)
    await shown(channel, range(1_000, 1_050))
    (rendition,) = channel.presentation.renditions
    assert not any(segment.discontinuity for segment in rendition.segments)
    assert verdicts(channel) == {"a": {Verdict.ACCEPTED: 50}}
    await channel.close()


async def test_audio_alone_is_numbered_when_no_video_has_come() -> None:
    channel, clock = await started(MemoryStore(), LEARNING)
    sender = Sender("a", "main")
    for found in told("main", recorded.body("ff9-aonly-fd2/req001.body")):
        await send(channel, sender, found)
    assert not channel.numbered
    clock.at += 3_000
    for found in told("main", recorded.body("ff9-aonly-fd2/req001.body")):
        await send(channel, sender, found)
    await shown(channel, range(6), "audio-64000")
    await channel.close()


async def test_the_window_moves_on_and_the_store_forgets() -> None:
    store = MemoryStore()
    channel, _ = await started(store, replace(RULES, window=Fraction(20)))
    for found in bodies(0, 60):
        await send(channel, Sender("a", "main"), found)
        await asyncio.sleep(0)
    assert await eventually(lambda: published(channel)[-1:] == [59])
    first = published(channel)[0]
    assert 60 - first == 10
    assert await eventually(lambda: store.find(TRACK, 0, first - 10) is None)
    assert store.find(TRACK, 0, first) is not None
    await channel.close()


@pytest.mark.parametrize(("name", "local"), [(AV, True), ("ff9-epoch/req001.body", False)])
async def test_local_and_utc_timelines_are_told_apart(name: str, local: bool) -> None:
    channel, clock = await started(MemoryStore())
    clock.at = 1_767_225_600_000 - clock.utc()
    for found in told("main", recorded.body(name)):
        await send(channel, Sender("a", "main"), found)
    assert await eventually(lambda: len(published(channel, "video-200000")) == 6)
    assert bool(channel.presentation.epoch) is local
    await channel.close()


async def test_closing_ends_its_tasks_and_its_store() -> None:
    before = asyncio.all_tasks()
    store = MemoryStore()
    channel, _ = await started(store)
    for found in bodies(0, 2):
        await send(channel, Sender("a", "main"), found)
    assert len(asyncio.all_tasks()) == len(before) + 2
    await channel.close()
    assert asyncio.all_tasks() == before
    with pytest.raises(StoreUnavailable):
        await send(channel, Sender("a", "main"), bodies(2, 3)[1])


@pytest.mark.parametrize("turns", range(4))
async def test_closing_ends_it_in_the_very_moment_that_it_is_woken(turns: int) -> None:
    channel, _ = await started(MemoryStore())
    for found in [*bodies(0, 1), *bodies(2, 3)[1:]]:
        await send(channel, Sender("a", "main"), found)
    await asyncio.sleep(0.01)  # it waits, for the hole's end or what comes first
    channel._wake.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await channel.close()


async def test_the_end_of_an_old_post_does_not_touch_a_new_one_of_the_same_sender() -> None:
    """A reconnect may be quicker than the end of the connection that it replaces."""
    async with opened({"news": MemoryStore()}) as door:
        channel, sender = door.channel, Sender("a", "main")
        channel.began(sender)
        channel.began(sender)
        told = len(channel.journal.events)
        await channel.ended(sender, clean=False)
        assert len(channel.journal.events) == told
        await channel.ended(sender, clean=True)
        assert [event.code for event in channel.journal.events.values()][told:] == ["SOURCE_ENDED"]


@pytest.mark.requirement("SVC-6b")
async def test_a_post_of_one_fragment_is_no_loss_of_its_source() -> None:
    async with opened({"news": MemoryStore()}) as door:
        sender = Sender("a", "main")
        door.channel.began(sender)
        await door.channel.ended(sender, clean=True, more=True)
        codes = [event.code for event in door.channel.journal.events.values()]
        assert "SOURCE_LOST" not in codes

"""A channel whose store fails, and works again."""

import errno
from collections.abc import Sequence
from dataclasses import replace

import pytest

from relay.arrival import Sender
from relay.carriage import MOST_KEPT
from relay.channel import Channel
from relay.errors import StoreUnavailable
from relay.media import Buffer, Copy, Fragment, Gap, Member, Pin, Verdict
from relay.store.memory import MemoryStore
from tests.door import (
    LEARNING,
    PATH,
    RULES,
    bodies,
    chunked,
    header,
    opened,
    published,
    request,
    send,
    shown,
    started,
    verdicts,
    video,
)
from tests.server.wire import chunk, connected, eventually


class FailingStore(MemoryStore):
    """Refuses members of a type while it is broken; of copies, those below an index."""

    def __init__(self, broken: type[Member] | None = None) -> None:
        super().__init__()
        self.broken: tuple[type[Member], ...] = () if broken is None else (broken,)
        self.below = 1 << 32
        self.failures = 0

    async def put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        spared = isinstance(member, Copy) and member.index >= self.below
        if isinstance(member, self.broken) and not spared:
            self.failures += 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return await super().put(member, data)


@pytest.mark.requirement("SVC-7a")
@pytest.mark.parametrize("broken", [Pin, Copy])
async def test_a_failing_store_is_503_for_its_channel_alone_until_it_works_again(
    broken: type[Member],
) -> None:
    bad, good = FailingStore(), MemoryStore()
    body = header() + video(1) + video(2)
    async with opened({"news": bad, "other": good}) as door, connected(door.address) as well:
        await well.send(request("/other.isml/Streams(main)") + chunk(header()) + chunk(video(0)))
        if broken is Copy:
            assert (await door.push(PATH, header() + video(0))).status == 200
            await shown(door.channel, [0])
        bad.broken = (broken,)
        for _ in range(2):
            answer = await door.push(PATH, body)
            assert answer.status == 503
            assert b'"INGEST_STORE"' in answer.body
            assert int(answer.fields["retry-after"]) > 0
        assert bad.failures >= 2
        await well.send(chunk(video(1)) + b"0\r\n\r\n")
        assert (await well.answer()).status == 200
        await shown(door.channels["other"], [0, 1])
        bad.broken = ()
        assert (await door.push(PATH, body)).status == 200
        assert await eventually(lambda: published(door.channel)[-2:] == [1, 2])
        assert door.rejected == {"INGEST_STORE": 2}


async def test_a_store_that_fails_in_mid_stream_costs_the_sender_a_reconnect() -> None:
    store = FailingStore()
    async with opened({"news": store}) as door:
        async with connected(door.address) as client:
            await client.send(request(PATH) + chunk(header()))
            for index in range(3):
                await client.send(chunked(video(index)))
            await shown(door.channel, range(3))
            store.broken = (Copy,)
            await client.send(chunked(video(3)))
            assert (await client.answer()).status == 503
            assert await client.closed()
        store.broken = ()
        again = header() + b"".join(video(index) for index in (2, 3, 4))
        assert (await door.push(PATH, again)).status == 200
        await shown(door.channel, range(5))
        assert not door.channel.gaps


async def test_a_header_that_the_store_refused_is_pinned_with_the_next_post() -> None:
    """Else its tracks would be stored and never seen, now or after a restart."""
    store = FailingStore(Pin)
    channel, clock = await started(store)
    sender = Sender("a", "main")
    head, *fragments = bodies(0, 2)
    with pytest.raises(StoreUnavailable):
        await send(channel, sender, head)
    store.broken = ()
    for found in [head, *fragments]:
        await send(channel, sender, found)
    await shown(channel, [0, 1])
    again = Channel("news", store, RULES, clock)
    await again.open()
    assert published(again) == [0, 1]
    await again.close()
    await channel.close()


async def test_what_waited_for_the_grid_waits_for_the_store_and_nothing_overtakes_it() -> None:
    store = FailingStore(Copy)
    store.below = 2
    channel, _ = await started(store, LEARNING)
    sender = Sender("a", "main")
    head, *fragments = bodies(0, 6)
    for found in [head, *fragments[:2]]:
        await send(channel, sender, found)
    assert await eventually(lambda: store.failures > 0)
    with pytest.raises(StoreUnavailable):
        await send(channel, sender, fragments[2])
    await channel.ended(sender, clean=False)
    assert published(channel) == []
    store.broken = ()
    await shown(channel, [0, 1])
    for found in fragments[1:]:
        await send(channel, sender, found)
    await shown(channel, range(6))
    await channel.close()


async def test_a_gap_and_a_held_copy_wait_for_the_store_too() -> None:
    store = FailingStore()
    channel, clock = await started(store, replace(RULES, patience=1))
    sender = Sender("a", "main")
    for found in [*bodies(0, 2), *bodies(4, 5)[1:]]:
        await send(channel, sender, found)
    await eventually(lambda: published(channel) == [0, 1])
    store.broken = (Gap,)
    clock.at += 10
    assert await eventually(lambda: store.failures > 0)
    store.broken = ()
    clock.at += 10
    await shown(channel, [0, 1, ~2, ~3, 4])
    # A copy that does not join is held for its patience; then the store refuses it.
    (shifted,) = bodies(5, 6)[1:]
    assert isinstance(shifted, Fragment)
    before = store.failures
    store.broken = (Copy,)
    await channel.fragment(sender, replace(shifted, time=shifted.time + 1_000_000))
    await channel.ended(sender, clean=True)
    assert verdicts(channel)["a"][Verdict.HELD] == 1
    clock.at += 10
    assert await eventually(lambda: store.failures > before)
    store.broken = ()
    await shown(channel, [0, 1, ~2, ~3, 4, 5])
    await channel.close()


async def test_a_channel_that_cannot_follow_its_store_says_so_and_takes_no_more() -> None:
    store = MemoryStore()
    async with opened({"news": store}) as door:
        await store.put(Pin("grid", b"no grid"))
        assert await eventually(lambda: door.channel.failed)
        answer = await door.push(PATH, header() + video(0))
        assert answer.status == 503


def pieces(index: int) -> list[Fragment]:
    """The fragment of an index, cut in four."""
    (found,) = bodies(index, index + 1)[1:]
    assert isinstance(found, Fragment)
    at = [found.time + found.duration * part // 4 for part in range(4)]
    return [replace(found, time=time, duration=found.duration // 4) for time in at]


async def test_a_refused_copy_of_many_pieces_is_put_again_though_they_never_come_again() -> None:
    store = FailingStore()
    channel, _ = await started(store)
    sender = Sender("a", "main")
    for found in bodies(0, 3):
        await send(channel, sender, found)
    await shown(channel, range(3))
    *first, last = pieces(3)
    for piece in first:
        await channel.fragment(sender, piece)
    store.broken = (Copy,)
    before = store.failures
    with pytest.raises(StoreUnavailable):
        await channel.fragment(sender, last)
    await channel.ended(sender, clean=False)
    # The encoder comes again and again with its last two fragments, and is refused again.
    for _ in range(3):
        for piece in (first[-1], last, *pieces(4)[:-1]):
            await channel.fragment(sender, piece)
        with pytest.raises(StoreUnavailable):
            await channel.fragment(sender, pieces(4)[-1])
        await channel.ended(sender, clean=False)
    assert await eventually(lambda: store.failures > before + 4)  # it is being tried by itself
    store.broken = ()
    await shown(channel, range(5))
    sizes = [(index, sum(piece.size for piece in pieces(index))) for index in (3, 4)]
    assert [(copy.index, copy.size) for copy in copies(store)][3:] == sizes
    assert not channel.gaps
    await channel.close()


async def test_what_is_kept_of_refused_copies_is_bounded() -> None:
    store = FailingStore()
    channel, _ = await started(store)
    sender = Sender("a", "main")
    for found in bodies(0, 1):
        await send(channel, sender, found)
    await shown(channel, [0])
    store.broken = (Copy,)
    large = bytes(MOST_KEPT // 3)
    for index in range(1, 6):
        (found,) = bodies(index, index + 1)[1:]
        assert isinstance(found, Fragment)
        with pytest.raises(StoreUnavailable):
            await channel.fragment(sender, replace(found, data=(large,)))
    store.broken = ()
    await shown(channel, [0, 1, 2, 3])
    await channel.close()


def copies(store: MemoryStore) -> list[Copy]:
    return [member for member in store.follow().past if isinstance(member, Copy)]

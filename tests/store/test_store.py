"""The law of a store, over every kind."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from relay.media import Buffer, Copy, Gap, Member, Pin
from relay.store import Feed, Store

AUDIO = "audio_eng-128000-eng"
VIDEO = "video-3000000"


def copy(index: int, data: bytes, *, track: str = VIDEO, run: int = 0, source: str = "a") -> Copy:
    return Copy(track, run, index, index * 20, 20, 2, source, 1_700_000_000_000, len(data))


def gap(index: int, *, track: str = VIDEO, run: int = 0) -> Gap:
    return Gap(track, run, index, index * 20, 20, 1_700_000_000_000)


async def read(feed: Feed, count: int) -> list[Member]:
    """The next members of a feed, waiting for them."""
    members: list[Member] = []
    async with asyncio.timeout(20):
        async for member in feed:
            members.append(member)
            if len(members) == count:
                break
    return members


@pytest.mark.requirement("RED-2a", "ENC-5a")
async def test_first_copy_wins_and_stays(store: Store) -> None:
    assert await store.put(copy(7, b"first", source="a"), [b"first"])
    assert not await store.put(copy(7, b"second!", source="b"), [b"second!"])
    assert await store.get(VIDEO, 0, 7) == b"first"
    assert store.find(VIDEO, 0, 7) == copy(7, b"first", source="a")


async def test_gap_and_copy_compete_for_one_key(store: Store) -> None:
    assert await store.put(gap(1))
    assert not await store.put(copy(1, b"late"), [b"late"])
    assert await store.get(VIDEO, 0, 1) is None
    assert store.find(VIDEO, 0, 1) is None
    assert await store.put(copy(2, b"there"), [b"there"])
    assert not await store.put(gap(2))
    assert await store.get(VIDEO, 0, 2) == b"there"


def fill(index: int, data: bytes, *, source: str = "a") -> Copy:
    return replace(copy(index, data, source=source), fill=True)


async def test_a_fill_is_kept_beside_its_gap_and_the_first_fill_wins(store: Store) -> None:
    feed = store.follow()
    assert await store.put(gap(1))
    assert await store.put(fill(1, b"fill"), [b"fill"])
    assert not await store.put(fill(1, b"other", source="b"), [b"other"])
    assert not await store.put(copy(1, b"late"), [b"late"])
    assert not await store.put(gap(1))
    assert await store.get(VIDEO, 0, 1) == b"fill"
    assert store.find(VIDEO, 0, 1) == fill(1, b"fill")
    assert await read(feed, 2) == [gap(1), fill(1, b"fill")]


async def test_a_copy_comes_before_a_fill_whichever_was_put_first(store: Store) -> None:
    assert await store.put(fill(1, b"fill"), [b"fill"])
    assert await store.put(copy(1, b"copy"), [b"copy"])
    assert await store.put(copy(2, b"copy"), [b"copy"])
    assert await store.put(fill(2, b"fill"), [b"fill"])
    for index in (1, 2):
        assert await store.get(VIDEO, 0, index) == b"copy"
        assert store.find(VIDEO, 0, index) == copy(index, b"copy")


async def test_trim_forgets_gap_and_fill(store: Store) -> None:
    for index in range(4):
        await store.put(gap(index))
        await store.put(fill(index, b"fill"), [b"fill"])
    assert await store.trim(VIDEO, 0, 3) == 6
    assert list(store.follow().past) == [gap(3), fill(3, b"fill")]
    assert await store.get(VIDEO, 0, 2) is None
    await store.put(fill(4_000_000_000, b"fill"), [b"fill"])
    assert await store.trim(VIDEO, 0, 4_000_000_000) == 2
    assert len(store.follow().past) == 1


async def test_track_run_and_index_all_tell_keys_apart(store: Store) -> None:
    for track, run, index in [(VIDEO, 0, 1), (AUDIO, 0, 1), (VIDEO, 1, 1), (VIDEO, 0, 2)]:
        data = f"{track}/{run}/{index}".encode()
        assert await store.put(copy(index, data, track=track, run=run), [data])
    assert await store.get(AUDIO, 0, 1) == f"{AUDIO}/0/1".encode()
    assert await store.get(VIDEO, 1, 1) == f"{VIDEO}/1/1".encode()
    assert await store.get(VIDEO, 1, 2) is None
    assert await store.get("nobody-0", 0, 1) is None


async def test_first_pin_wins(store: Store) -> None:
    feed = store.follow()
    assert await store.put(Pin("header/video 1", b"\x00\xff\n"))
    assert not await store.put(Pin("header/video 1", b"other"))
    assert await store.put(Pin("grid", b""))
    assert await read(feed, 2) == [Pin("header/video 1", b"\x00\xff\n"), Pin("grid", b"")]
    assert list(store.follow().past) == [Pin("header/video 1", b"\x00\xff\n"), Pin("grid", b"")]


async def test_bytes_are_joined_and_no_longer_the_callers(store: Store) -> None:
    buffer = bytearray(b"xxmoofmdatxx")
    parts: Sequence[Buffer] = [memoryview(buffer)[2:6], b"", memoryview(buffer)[6:10]]
    assert await store.put(copy(1, b"moofmdat"), parts)
    assert await store.put(copy(2, b"moof"), parts[:1])
    buffer[:] = b"-" * len(buffer)
    assert await store.get(VIDEO, 0, 1) == b"moofmdat"
    assert await store.get(VIDEO, 0, 2) == b"moof"


@pytest.mark.parametrize("member", [copy(1, b"1234"), gap(1), Pin("grid", b"")])
async def test_data_unlike_the_member_is_refused(store: Store, member: Member) -> None:
    with pytest.raises(ValueError, match="bytes"):
        await store.put(member, [b"12345"])
    assert not store.follow().past


async def test_of_fifty_puts_of_one_key_one_is_first(store: Store) -> None:
    feed = store.follow()
    bodies = [bytes([n]) * (n + 1) for n in range(50)]
    won = await asyncio.gather(
        *(store.put(copy(3, body, source=f"s{n}"), [body]) for n, body in enumerate(bodies))
    )
    assert sum(won) == 1
    winner = won.index(True)
    assert await store.get(VIDEO, 0, 3) == bodies[winner]
    assert await read(feed, 1) == [copy(3, bodies[winner], source=f"s{winner}")]
    assert len(store.follow().past) == 1


async def test_put_returns_after_the_member_is_to_be_found_and_followed(store: Store) -> None:
    feed = store.follow()
    await store.put(copy(1, b"x"), [b"x"])
    assert store.find(VIDEO, 0, 1) is not None
    assert list(store.follow().past) == [copy(1, b"x")]
    assert await read(feed, 1) == [copy(1, b"x")]


async def test_every_follower_sees_one_order_without_hole_or_repeat(store: Store) -> None:
    async def source(track: str) -> None:
        for index in range(60):
            await store.put(copy(index, track.encode(), track=track), [track.encode()])
            await asyncio.sleep(0)

    tracks = [f"t-{n}" for n in range(5)]
    feeds = [store.follow()]
    writers = [asyncio.create_task(source(track)) for track in tracks]
    while not all(writer.done() for writer in writers):
        feeds.append(store.follow())
        await asyncio.sleep(0.005)
    await asyncio.gather(*writers)
    seen = [
        [*feed.past, *await read(feed, 300 - len(feed.past))] if len(feed.past) < 300 else feed.past
        for feed in feeds
    ]
    last = store.follow()
    assert len(set(last.past)) == 300
    assert all(list(order) == list(last.past) for order in seen)
    for track in tracks:
        numbers = [m.index for m in last.past if isinstance(m, Copy) and m.track == track]
        assert numbers == list(range(60))


async def test_a_slow_follower_loses_nothing(store: Store) -> None:
    feed = store.follow()
    for index in range(200):
        await store.put(gap(index))
    assert await read(feed, 200) == [gap(index) for index in range(200)]


async def test_a_follower_that_waits_is_woken_each_time(store: Store) -> None:
    feed = store.follow()
    for index in range(3):
        waiting = asyncio.create_task(read(feed, 1))
        await asyncio.sleep(0)
        assert not waiting.done()
        await store.put(gap(index))
        assert await waiting == [gap(index)]


async def test_closing_a_feed_ends_it_and_only_it(store: Store) -> None:
    leaver, stayer = store.follow(), store.follow()
    waiting = asyncio.create_task(read(leaver, 1))
    await asyncio.sleep(0)
    leaver.close()
    leaver.close()
    assert await waiting == []
    await store.put(gap(1))
    assert await read(leaver, 1) == []
    assert await read(stayer, 1) == [gap(1)]
    await store.put(gap(2))
    stayer.close()
    assert await read(stayer, 1) == []


async def test_closing_the_store_ends_feeds_after_what_is_queued(store: Store) -> None:
    feed = store.follow()
    await store.put(gap(1))
    under_way = asyncio.create_task(store.put(copy(2, b"x"), [b"x"]))
    await asyncio.sleep(0)
    await store.close()
    assert await under_way
    assert [m async for m in feed] == [gap(1), copy(2, b"x")]
    assert [m async for m in store.follow()] == []
    with pytest.raises(OSError, match="closed"):
        await store.put(gap(3))


async def test_trim_forgets_below_the_floor_only(store: Store) -> None:
    await store.put(Pin("grid", b"2"))
    for index in range(10):
        await store.put(copy(index, b"v"), [b"v"])
        await store.put(copy(index, b"a", track=AUDIO), [b"a"])
        await store.put(copy(index, b"r", run=1), [b"r"])
    await store.put(gap(-3))
    assert await store.trim(VIDEO, 0, 6) == 7
    assert await store.trim(VIDEO, 0, 6) == 0
    assert await store.trim(VIDEO, 0, 5) == 0
    assert await store.trim("nobody-0", 0, 6) == 0
    assert await store.get(VIDEO, 0, 5) is None
    assert store.find(VIDEO, 0, 5) is None
    assert await store.get(VIDEO, 0, 6) == b"v"
    assert await store.get(AUDIO, 0, 0) == b"a"
    assert await store.get(VIDEO, 1, 0) == b"r"
    assert await store.trim(VIDEO, 0, 8) == 2
    assert store.find(VIDEO, 0, 7) is None
    left = list(store.follow().past)
    assert left[0] == Pin("grid", b"2")
    assert len(left) == 1 + 2 + 10 + 10


async def test_trim_after_a_late_put_below_an_old_floor_and_over_a_huge_hole(store: Store) -> None:
    await store.put(gap(5))
    assert await store.trim(VIDEO, 0, 6) == 1
    await store.put(gap(3))
    await store.put(gap(4_000_000_000))
    assert await store.trim(VIDEO, 0, 4_000_000_000) == 1
    assert await store.trim(VIDEO, 0, 2**32) == 1
    assert not store.follow().past


async def test_runs_of_one_track_are_trimmed_apart_over_a_huge_hole(store: Store) -> None:
    for run, index in [(0, 1), (1, 2)]:
        await store.put(gap(index, run=run))
    assert await store.trim(VIDEO, 0, 2**32) == 1
    assert list(store.follow().past) == [gap(2, run=1)]


async def test_a_cleared_store_is_as_new(store: Store) -> None:
    feed = store.follow()
    old: list[Member] = [Pin("grid", b"2"), gap(1), copy(2, b"old"), fill(1, b"old")]
    for member in old:
        await store.put(member, [b"old"] if isinstance(member, Copy) else [])
    await store.clear()
    assert [member async for member in feed] == old
    assert not store.follow().past
    assert store.find(VIDEO, 0, 2) is None
    assert await store.get(VIDEO, 0, 2) is None
    assert await store.trim(VIDEO, 0, 3) == 0
    assert await store.put(gap(9))
    assert await store.trim(VIDEO, 0, 10) == 1
    fresh = store.follow()
    assert await store.put(Pin("grid", b"3"))
    assert await store.put(copy(2, b"new!"), [b"new!"])
    assert await store.get(VIDEO, 0, 2) == b"new!"
    assert await read(fresh, 2) == [Pin("grid", b"3"), copy(2, b"new!")]
    await store.close()
    with pytest.raises(OSError, match="closed"):
        await store.clear()


async def test_a_store_that_works_is_not_degraded(store: Store) -> None:
    await store.put(gap(1))
    assert store.degraded == ""

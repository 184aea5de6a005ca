"""A disk that refuses, and works again: nothing that was put is lost, and the order is one."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.media import Copy, Gap, Member, Pin
from relay.store.disk import DiskStore
from tests.server.wire import eventually
from tests.store.disk_files import TRACK, copy, files, filled, remount

ROOT = Path(__file__).parents[2]
BODY = b"x" * 1_000_000
FITS = 4


def gap(index: int) -> Gap:
    return Gap(TRACK, 0, index, index * 20, 20, 1)


async def full(disk: Path, memory: int = 64 << 20) -> DiskStore:
    """A store on a full disk, which has taken four copies; the fifth is in memory."""
    store = await DiskStore.open(disk, "news", memory=memory, retry=0.02)
    for index in range(FITS + 1):
        assert not store.degraded
        assert await store.put(copy(index, BODY), [BODY[:10], BODY[10:]])
    assert store.degraded
    return store


async def well_again(store: DiskStore) -> None:
    assert await eventually(lambda: not store.degraded)


async def found(disk: Path) -> list[Member]:
    """What a restart finds, each copy with its bytes."""
    store = await DiskStore.open(disk, "news")
    past = list(store.follow().past)
    for member in past:
        if isinstance(member, Copy):
            data = await store.get(member.track, member.run, member.index)
            assert data is not None
            assert len(data) == member.size
    await store.close()
    return past


def on_disk(disk: Path) -> list[int]:
    return [int(path.name[:10]) for path in files(disk) if not path.name.startswith(".tmp-")]


async def test_what_a_full_disk_refuses_is_read_from_memory_and_written_later(
    small_disk: Path,
) -> None:
    store = await full(small_disk)
    feed = store.follow()
    members: list[Member] = [Pin("grid", b"48/25"), gap(5), copy(6, b"six"), Pin("anchor", b"")]
    for member in members:
        assert await store.put(member, [b"six"] if isinstance(member, Copy) else [])
    assert store.find(TRACK, 0, FITS) == copy(FITS, BODY)
    assert await store.get(TRACK, 0, FITS) == BODY
    assert await store.get(TRACK, 0, 0) == BODY
    assert await store.get(TRACK, 0, 5) is None
    assert str(small_disk) in store.degraded
    assert "No space left on device" in store.degraded
    assert "64 MiB" in store.degraded
    # Small as they are, they went behind what waits.
    assert on_disk(small_disk) == list(range(FITS))

    assert await store.trim(TRACK, 0, 2) == 2
    await well_again(store)
    assert on_disk(small_disk) == [2, 3, 4, 5, 6]
    past = [copy(2, BODY), copy(3, BODY), copy(FITS, BODY), *members]
    assert list(store.follow().past) == past
    assert await store.get(TRACK, 0, FITS) == BODY
    assert await store.put(gap(7))
    assert on_disk(small_disk)[-1] == 7
    await store.close()
    assert [member async for member in feed] == [*members, gap(7)]
    assert await found(small_disk) == [*past, gap(7)]


async def test_the_first_under_a_key_wins_wherever_it_is(small_disk: Path) -> None:
    store = await full(small_disk)
    assert not await store.put(copy(0, b"other"), [b"other"])
    assert not await store.put(copy(FITS, b"other"), [b"other"])
    assert not await store.put(gap(FITS))
    results = await asyncio.gather(
        *(store.put(copy(9, bytes([n]) * 9), [bytes([n]) * 9]) for n in range(20))
    )
    assert sum(results) == 1
    won = await store.get(TRACK, 0, 9)
    assert won == bytes([results.index(True)]) * 9
    await store.trim(TRACK, 0, 3)
    await well_again(store)
    assert not await store.put(copy(FITS, b"other"), [b"other"])
    assert not await store.put(copy(9, b"other"), [b"other"])
    assert await store.get(TRACK, 0, 9) == won
    await store.close()


async def test_when_memory_is_full_too_a_put_is_refused_until_there_is_room(
    small_disk: Path,
) -> None:
    store = await full(small_disk, memory=2_500_000)
    assert await store.put(copy(5, BODY), [BODY])
    for _ in range(2):
        with pytest.raises(OSError, match=r"No space left on device, .* memory .* full"):
            await store.put(copy(6, BODY), [BODY])
    assert store.find(TRACK, 0, 6) is None
    assert await store.put(gap(7))
    # What is trimmed gives its room back, and is never written.
    assert await store.trim(TRACK, 0, 6) == 6
    await well_again(store)
    assert on_disk(small_disk) == [7]
    assert await store.put(copy(6, BODY), [BODY])
    await store.close()
    assert await found(small_disk) == [gap(7), copy(6, BODY)]


async def test_a_disk_that_is_full_again_and_again_is_one_trouble(small_disk: Path) -> None:
    store = await DiskStore.open(small_disk, "news", retry=0.2)
    for index in range(FITS):
        await store.put(copy(index, BODY), [BODY])
    for index in range(FITS, FITS + 3):
        assert await store.put(copy(index, BODY), [BODY])
        await store.trim(TRACK, 0, index - FITS + 1)
        assert await eventually(lambda last=index: last in on_disk(small_disk))  # type: ignore[misc]
        assert store.degraded
    await well_again(store)
    await store.close()


async def test_a_disk_that_is_read_only_for_a_while(small_disk: Path) -> None:
    store = await DiskStore.open(small_disk, "news", retry=0.02)
    assert await store.put(copy(1, b"one"), [b"one"])
    remount(small_disk, "ro")
    assert await store.put(copy(2, b"two"), [b"two"])
    assert await store.put(Pin("grid", b"2"))
    assert await store.put(copy(3, b"3", track="audio-1"), [b"3"])
    assert "Read-only" in store.degraded
    # It would come back with the next opening, if nobody deleted it later.
    assert await store.trim(TRACK, 0, 2) == 1
    assert on_disk(small_disk) == [1]
    remount(small_disk, "rw")
    await well_again(store)
    assert on_disk(small_disk) == [2]
    await store.close()
    past = [copy(2, b"two"), Pin("grid", b"2"), copy(3, b"3", track="audio-1")]
    assert await found(small_disk) == past


async def test_what_a_read_only_disk_would_not_let_go_of_is_deleted_at_the_end(
    small_disk: Path,
) -> None:
    past = await filled(small_disk, 3)
    store = await DiskStore.open(small_disk, "news")
    remount(small_disk, "ro")
    assert await store.trim(TRACK, 0, 2) == 2
    remount(small_disk, "rw")
    await store.close()
    assert await found(small_disk) == past[2:]


async def test_puts_that_meet_the_end_of_the_disk_together_keep_one_order(
    small_disk: Path,
) -> None:
    store = await DiskStore.open(small_disk, "news", retry=0.02)
    feed = store.follow()
    sizes = [(n * 37 % 13) * 50_000 for n in range(24)]
    assert sum(sizes) > 4 << 20
    results = await asyncio.gather(
        *(store.put(copy(n, BODY[:size]), [BODY[:size]]) for n, size in enumerate(sizes))
    )
    assert results == [True] * len(sizes)
    assert store.degraded
    remount(small_disk, "size=64m")
    await well_again(store)
    await store.close()
    live = [member async for member in feed]
    assert len(live) == len(sizes)
    assert await found(small_disk) == live


async def test_a_kill_loses_only_what_was_in_memory(small_disk: Path) -> None:
    command = [sys.executable, "-m", "tests.store.degraded_process", str(small_disk)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().split() for _ in range(8)]
        process.kill()
    safe = [int(index) for index, where in said if where == "disk"]
    assert safe == list(range(FITS))
    assert await found(small_disk) == [copy(index, BODY) for index in safe]


@pytest.mark.parametrize("works", [True, False])
async def test_what_is_in_memory_at_the_end_is_written_or_said_to_be_lost(
    small_disk: Path, works: bool
) -> None:
    store = await DiskStore.open(small_disk, "news", retry=3_600)
    remount(small_disk, "ro")
    assert await store.put(copy(1, b"one"), [b"one"])
    assert await store.put(gap(2))
    if works:
        remount(small_disk, "rw")
    with capture_logs() as logs:
        await store.close()
    assert [(line["event"], line["members"]) for line in logs] == [("store_lost", 2)] * (not works)
    remount(small_disk, "rw")
    assert await found(small_disk) == [copy(1, b"one"), gap(2)] * works


async def test_what_is_cleared_is_not_written_later(small_disk: Path) -> None:
    store = await full(small_disk)
    await store.clear()
    assert await store.get(TRACK, 0, FITS) is None
    assert await store.put(gap(1))
    await well_again(store)
    await store.close()
    assert await found(small_disk) == [gap(1)]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_disk_does_the_store_is_what_was_put(
    small_disk: Path, seed: int
) -> None:
    """Against a model: puts, trims, clearings and restarts while the disk comes and goes."""
    chance = random.Random(seed)
    remount(small_disk, "size=64m")
    store = await DiskStore.open(small_disk, "news", durable=False, retry=0.002)
    model: dict[int, Member] = {}
    writable = True
    for step in range(300):
        what = chance.choice(["put"] * 6 + ["many", "trim", "turn", "turn", "read", "end", "clear"])
        if what in ("put", "many"):
            members: Sequence[Copy | Gap] = [
                gap(index) if index % 5 == 0 else copy(index, b"%d" % step * 50)
                for index in chance.sample(range(step, step + 60), 1 if what == "put" else 9)
            ]
            for member in members:
                data = [b"%d" % step * 50] if isinstance(member, Copy) else []
                assert await store.put(member, data) == (member.index not in model)
                model.setdefault(member.index, member)
        elif what == "trim":
            assert await store.trim(TRACK, 0, step) == len([at for at in model if at < step])
            model = {at: member for at, member in model.items() if at >= step}
        elif what == "turn":
            writable = not writable
            remount(small_disk, "rw" if writable else "ro")
        elif what == "read":
            for at, held in model.items():
                assert store.find(TRACK, 0, at) == (held if isinstance(held, Copy) else None)
                assert (await store.get(TRACK, 0, at) is None) == isinstance(held, Gap)
        elif writable and what == "end":
            await store.close()
            store = await DiskStore.open(small_disk, "news", durable=False, retry=0.002)
        elif writable and step % 3 == 0:
            await store.clear()
            model.clear()
        assert list(store.follow().past) == list(model.values())
    remount(small_disk, "rw")
    await store.close()
    assert await found(small_disk) == list(model.values())

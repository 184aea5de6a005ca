import asyncio
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest

from relay.errors import StoreBusy
from relay.media import Copy, Gap, Member, Pin
from relay.store import filename
from relay.store.disk import DiskStore
from tests.store.disk_files import TRACK, copy, files, filled

WRITER = Path(__file__).with_name("endless_writer.py")


async def test_a_restart_replays_equal_members_in_equal_order(tmp_path: Path) -> None:
    members: list[tuple[Member, bytes]] = [
        (Pin("grid", b'{"D": "48/25"}'), b""),
        (Copy(TRACK, 0, 9, -1024, 20, 1, "2001:db8::7-a", 1, 4, sync=False), b"nine"),
        (Copy("audio-1", 1, 2, 5, 20, 1, "enc_a.1", 2, 0, partial=True), b""),
        (Gap(TRACK, 0, 8, -3, 20, 7), b""),
        (Copy(TRACK, 0, 8, -3, 20, 1, "enc_b", 9, 4, fill=True), b"fill"),
        (Pin("header/é" + "x" * 300, bytes(range(256))), b""),
        (Copy("pins", 0, 4_000_000_000, 2**62, 2**33, 1, "", 3, 1), b"!"),
    ]
    store = await DiskStore.open(tmp_path, "news")
    for member, data in members:
        assert await store.put(member, [data])
    await store.close()
    for _ in range(2):
        store = await DiskStore.open(tmp_path, "news")
        assert list(store.follow().past) == [member for member, _ in members]
        for member, data in members:
            if isinstance(member, Copy):
                assert await store.get(member.track, member.run, member.index) == data
            assert not await store.put(member, [data])
        await store.close()


async def test_puts_after_a_restart_come_after_those_before_it(tmp_path: Path) -> None:
    past = await filled(tmp_path, 3)
    for index in (7, 5, 6):
        store = await DiskStore.open(tmp_path, "news")
        assert await store.put(copy(index, b"x"), [b"x"])
        past.append(copy(index, b"x"))
        await store.close()
    store = await DiskStore.open(tmp_path, "news")
    assert list(store.follow().past) == past
    await store.close()


async def test_order_of_concurrent_puts_is_the_order_of_the_replay(tmp_path: Path) -> None:
    store = await DiskStore.open(tmp_path, "news")
    feed = store.follow()
    # Large ones begin first and end last.
    sizes = [(300 - n) * 5000 if n % 3 else n for n in range(120)]
    await asyncio.gather(*(store.put(copy(n, b"-" * s), [b"-" * s]) for n, s in enumerate(sizes)))
    await store.close()
    live = [member async for member in feed]
    assert len(live) == 120
    assert live != sorted(live, key=lambda m: m.index if isinstance(m, Copy) else 0)
    store = await DiskStore.open(tmp_path, "news")
    assert list(store.follow().past) == live
    await store.close()


async def test_without_durability_it_is_the_same_store(tmp_path: Path) -> None:
    store = await DiskStore.open(tmp_path, "news", durable=False)
    assert await store.put(copy(1, b"x"), [b"x"])
    await store.close()
    store = await DiskStore.open(tmp_path, "news")
    assert await store.get(TRACK, 0, 1) == b"x"
    await store.close()


async def test_trim_deletes_files(tmp_path: Path) -> None:
    await filled(tmp_path, 10)
    store = await DiskStore.open(tmp_path, "news")
    await store.put(Gap(TRACK, 0, -1, 0, 20, 1))
    assert await store.trim(TRACK, 0, 8) == 9
    assert [path.name[:10] for path in files(tmp_path)] == ["0000000008", "0000000009"]
    await store.close()


async def test_a_cancelled_put_leaves_nothing_half_done(tmp_path: Path) -> None:
    store = await DiskStore.open(tmp_path, "news")
    body = b"x" * 1_000_000
    putting = asyncio.create_task(store.put(copy(1, body), [body]))
    await asyncio.sleep(0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert not await store.put(copy(1, b"other"), [b"other"])
    assert await store.get(TRACK, 0, 1) == body
    await store.close()


async def test_a_second_opening_is_told_which_folder_is_busy(tmp_path: Path) -> None:
    store = await DiskStore.open(tmp_path, "news")
    with pytest.raises(StoreBusy) as busy:
        await DiskStore.open(tmp_path, "news")
    assert str(tmp_path / "news") in busy.value.message
    command: list[str | Path] = [sys.executable, WRITER, tmp_path]
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert "StoreBusy" in other.stderr
    assert str(tmp_path / "news") in other.stderr
    assert await store.put(copy(1, b"x"), [b"x"])
    await store.close()
    await store.close()
    again = await DiskStore.open(tmp_path, "news")
    await again.close()


async def test_a_failed_put_adds_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    store = await DiskStore.open(tmp_path, "news")
    in_the_way = tmp_path / "news" / TRACK
    in_the_way.write_bytes(b"not a folder")
    with pytest.raises(OSError, match="exists"):
        await store.put(copy(1, b"x"), [b"x"])
    assert store.find(TRACK, 0, 1) is None
    assert not store.follow().past
    assert await store.put(copy(1, b"x", track="other-1"), [b"x"])
    in_the_way.unlink()
    assert await store.put(copy(1, b"x"), [b"x"])
    await store.close()


async def test_of_puts_that_are_named_together_one_may_fail(tmp_path: Path) -> None:
    store = await DiskStore.open(tmp_path, "news")
    for seq in range(1, 6):
        # Nothing can be renamed to the name of a folder.
        folder = tmp_path / "news" / TRACK / filename.member_name(copy(3, b"3"), seq, crc32(b"3"))
        folder.mkdir(parents=True)
    feed = store.follow()
    results = await asyncio.gather(
        *(store.put(copy(n, str(n).encode()), [str(n).encode()]) for n in range(5)),
        return_exceptions=True,
    )
    assert [result for n, result in enumerate(results) if n != 3] == [True] * 4
    assert isinstance(results[3], IsADirectoryError)
    assert store.find(TRACK, 0, 3) is None
    assert await store.put(copy(3, b"x"), [b"x"])
    await store.close()
    live = [member async for member in feed]
    assert len(live) == 5
    assert live[-1] == copy(3, b"x")
    assert not list(tmp_path.glob("news/*/.tmp-*"))


async def test_a_put_after_its_folder_went_makes_it_again(tmp_path: Path) -> None:
    await filled(tmp_path, 1)
    store = await DiskStore.open(tmp_path, "news")
    files(tmp_path)[0].unlink()
    (tmp_path / "news" / TRACK).rmdir()
    assert await store.put(copy(1, b"x"), [b"x"])
    assert len(files(tmp_path)) == 1
    await store.close()

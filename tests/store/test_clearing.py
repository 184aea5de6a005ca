"""The disk store is emptied: whatever comes in between, it is whole or it is empty."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.media import Gap, Member, Pin
from relay.store import clearing
from relay.store.disk import DiskStore
from tests.store.disk_files import TRACK, copy, files, filled, remount

PROCESS = Path(__file__).with_name("clearing_process.py")


async def members(root: Path) -> list[Member]:
    """What an opening finds."""
    store = await DiskStore.open(root, "news")
    await store.close()
    return list(store.follow().past)


async def many(root: Path, count: int) -> None:
    """A pin and gaps on two tracks."""
    store = await DiskStore.open(root, "news", durable=False)
    gaps = [Gap(track, 0, n, n, 1, 1) for n in range(count // 2) for track in ("a-1", "b-1")]
    members: list[Member] = [Pin("grid", b"2"), *gaps]
    await asyncio.gather(*(store.put(member) for member in members))
    await store.close()


async def test_what_is_cleared_is_gone_and_what_is_put_then_stays(tmp_path: Path) -> None:
    await filled(tmp_path, 3)
    store = await DiskStore.open(tmp_path, "news")
    await store.put(Pin("grid", b"2"))
    assert await store.get(TRACK, 0, 1) is not None
    await store.clear()
    assert list((tmp_path / "news").iterdir()) == []
    assert await store.get(TRACK, 0, 1) is None
    assert await store.put(copy(1, b"new"), [b"new"])
    await store.close()
    assert await members(tmp_path) == [copy(1, b"new")]


async def test_puts_under_way_go_too_and_those_that_come_meanwhile_are_refused(
    tmp_path: Path,
) -> None:
    store = await DiskStore.open(tmp_path, "news")
    body = b"x" * 1_000_000
    under_way = [asyncio.create_task(store.put(copy(n, body), [body])) for n in range(4)]
    await asyncio.sleep(0)
    cleared = asyncio.create_task(store.clear())
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="being cleared"):
        await store.put(copy(9, b"x"), [b"x"])
    await cleared
    assert await asyncio.gather(*under_way) == [True] * 4
    assert not store.follow().past
    assert await store.put(copy(9, b"x"), [b"x"])
    await store.close()
    assert await members(tmp_path) == [copy(9, b"x")]


async def test_a_cancelled_clearing_goes_on(tmp_path: Path) -> None:
    await many(tmp_path, 500)
    store = await DiskStore.open(tmp_path, "news")
    caller = asyncio.create_task(store.clear())
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await store.close()
    assert await members(tmp_path) == []


async def test_strangers_files_stay_and_what_was_set_aside_goes(tmp_path: Path) -> None:
    await filled(tmp_path, 2)
    news = tmp_path / "news"
    files(tmp_path)[0].rename(files(tmp_path)[0].with_suffix(".m4s.damaged"))
    (news / "pins").mkdir()
    (news / "pins" / ".tmp-3").write_bytes(b"?")
    (news / "lost+found").mkdir()
    (news / ".hidden").mkdir()
    notes = [
        news / "README",
        news / TRACK / "notes.txt",
        news / ".hidden" / files(tmp_path)[1].name,
    ]
    for path in notes:
        path.write_bytes(b"?")
    store = await DiskStore.open(tmp_path, "news")
    await store.clear()
    await store.close()
    assert sorted(p for p in news.rglob("*") if p.is_file()) == sorted(notes)
    assert not (news / "pins").exists()


async def test_a_kill_in_between_is_gone_on_with_at_the_next_opening(tmp_path: Path) -> None:
    in_between = 0
    for turn in range(20):
        root = tmp_path / str(turn)
        await many(root, 3_000)
        track = root / "news" / "a-1"
        with subprocess.Popen(
            [sys.executable, PROCESS, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == b"open\n"
            process.stdin.write(b"\n")
            process.stdin.flush()
            if turn:  # the first one at once: most often before anything has changed
                while process.poll() is None and not clearing.marked(root / "news"):
                    pass
            process.kill()
        left = len(list(track.iterdir())) if track.exists() else 0
        decided = clearing.marked(root / "news")
        in_between += decided and left > 0
        with capture_logs() as logs:
            found = await members(root)
        assert len(found) == (0 if decided else 3_001 if left else 0)
        assert ["store_clearing_goes_on"] * decided == [line["event"] for line in logs]
        assert not clearing.marked(root / "news")
        if in_between and turn:
            return
    pytest.fail("no kill came in between")


async def test_a_disk_that_refuses_the_mark_has_lost_nothing(small_disk: Path) -> None:
    past = await filled(small_disk, 3)
    store = await DiskStore.open(small_disk, "news", retry=0.01)
    remount(small_disk, "ro")
    with pytest.raises(OSError, match="Read-only"):
        await store.clear()
    assert list(store.follow().past) == past
    assert await store.put(copy(3, b"3"), [b"3"])
    remount(small_disk, "rw")
    await store.close()
    assert await members(small_disk) == [*past, copy(3, b"3")]


@contextmanager
def undeletable(path: Path) -> Iterator[None]:
    """Something is mounted there, so it is busy."""
    subprocess.run(["mount", "--bind", path, path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", path], check=True)


@pytest.mark.parametrize("again", [True, False])
async def test_one_that_cannot_end_refuses_puts_until_it_has(small_disk: Path, again: bool) -> None:
    await filled(small_disk, 3)
    store = await DiskStore.open(small_disk, "news")
    with undeletable(files(small_disk)[1]):
        for _ in range(2):
            with pytest.raises(OSError, match="busy"):
                await store.clear()
            assert not store.follow().past
            with pytest.raises(OSError, match="being cleared"):
                await store.put(copy(5, b"5"), [b"5"])
    if again:
        await store.clear()
        assert await store.put(copy(5, b"5"), [b"5"])
    await store.close()
    assert await members(small_disk) == [copy(5, b"5")] * again

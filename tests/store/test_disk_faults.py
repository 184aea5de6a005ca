"""The disk store under kill -9, and on a disk that is full, broken or turns read-only."""

import asyncio
import errno
import subprocess
import sys
from pathlib import Path

import pytest

from relay.media import Copy, Gap
from relay.store.disk import DiskStore
from tests.store.disk_files import TRACK, copy, files, remount
from tests.store.endless_writer import TRACKS, body

ROOT = Path(__file__).parents[2]
WRITER = Path(__file__).with_name("endless_writer.py")


def temporaries(root: Path) -> list[Path]:
    return list(root.glob("news/*/.tmp-*"))


def kill_in_mid_write(root: Path, after: int) -> list[tuple[str, int]]:
    """Run the writer, kill -9 it after so many puts; all puts that it saw return."""
    with subprocess.Popen([sys.executable, WRITER, root], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(after)]
        writer.kill()
        lines += writer.stdout.readlines()
    whole = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [(track, int(index)) for track, index in whole]


async def test_twenty_kills_lose_nothing_acknowledged_and_show_nothing_torn(tmp_path: Path) -> None:
    in_mid_write = 0
    for turn in range(20):
        returned = await asyncio.to_thread(kill_in_mid_write, tmp_path, 1 + turn * 7 % 12)
        assert returned
        in_mid_write += bool(temporaries(tmp_path))
        store = await DiskStore.open(tmp_path, "news")
        assert not temporaries(tmp_path)
        past = [m for m in store.follow().past if isinstance(m, Copy)]
        assert set(returned) <= {(m.track, m.index) for m in past}
        for member in past:
            whole = await store.get(member.track, 0, member.index)
            assert whole == body(member.track, member.index)
        for track in TRACKS:
            numbers = [m.index for m in past if m.track == track]
            assert (
                numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
            )
            if numbers:
                await store.trim(track, 0, numbers[-1])
        await store.close()
    assert in_mid_write > 0


@pytest.mark.fault("F28")
@pytest.mark.parametrize(
    ("memory", "then"), [(0, "Input/output error False True"), (10_000, "True True True")]
)
@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
async def test_disk_that_cannot_make_safe(
    tmp_path: Path, call: str, memory: int, then: str
) -> None:
    command = [sys.executable, "-m", "tests.store.broken_sync", str(tmp_path), call, str(memory)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if ran.returncode == 77:
        pytest.skip("needs a seccomp filter, which is refused here")
    assert ran.stderr == ""
    said = [line for line in ran.stdout.splitlines() if "store_lost" not in line]
    assert said == ["True True False", then, then]
    assert ("store_lost" in ran.stdout) == (memory > 0)
    assert [path.name[:10] for path in files(tmp_path)] == ["0000000000"]
    store = await DiskStore.open(tmp_path, "news")
    assert list(store.follow().past) == [copy(0, b"0")]
    await store.close()


@pytest.mark.fault("F28")
async def test_a_full_disk_without_memory_to_spare(small_disk: Path) -> None:
    store = await DiskStore.open(small_disk, "news", memory=0)
    feed = store.follow()
    body = b"x" * 1_000_000
    fits = 4
    for index in range(fits):
        assert await store.put(copy(index, body), [body[:10], body[10:]])
    with pytest.raises(OSError, match="space") as full:
        await store.put(copy(fits, body), [body[:10], body[10:]])
    assert full.value.errno == errno.ENOSPC
    assert not temporaries(small_disk)
    assert store.find(TRACK, 0, fits) is None
    assert await store.get(TRACK, 0, 0) == body
    results = await asyncio.gather(
        *(store.put(copy(fits + n, body), [body]) for n in range(5)), return_exceptions=True
    )
    assert [type(result) for result in results] == [OSError] * 5
    assert not temporaries(small_disk)

    assert await store.trim(TRACK, 0, 2) == 2
    assert await store.put(copy(fits, body), [body])
    assert await store.get(TRACK, 0, fits) == body
    await store.close()
    expected = [copy(index, body) for index in range(fits + 1)]
    assert [member async for member in feed] == expected
    store = await DiskStore.open(small_disk, "news")
    assert list(store.follow().past) == expected[2:]
    await store.close()


async def test_when_the_first_of_a_key_fails_the_one_that_waits_is_tried(small_disk: Path) -> None:
    store = await DiskStore.open(small_disk, "news", memory=0)
    large = b"x" * 8_000_000
    results = await asyncio.gather(
        store.put(copy(1, large), [large]),
        store.put(copy(1, b"small"), [b"small"]),
        store.put(copy(1, b"later"), [b"later"]),
        return_exceptions=True,
    )
    assert isinstance(results[0], OSError)
    assert list(results[1:]) == [True, False]
    assert await store.get(TRACK, 0, 1) == b"small"
    await store.close()


@pytest.mark.fault("F28")
async def test_a_read_only_disk_without_memory_to_spare(small_disk: Path) -> None:
    store = await DiskStore.open(small_disk, "news", memory=0)
    assert await store.put(copy(1, b"one"), [b"one"])
    remount(small_disk, "ro")
    with pytest.raises(OSError, match="Read-only") as refused:
        await store.put(copy(2, b"two"), [b"two"])
    assert refused.value.errno == errno.EROFS
    with pytest.raises(OSError, match="Read-only"):
        await store.put(Gap(TRACK, 0, 3, 60, 20, 1))
    assert await store.get(TRACK, 0, 1) == b"one"
    await store.close()

    store = await DiskStore.open(small_disk, "news")
    assert list(store.follow().past) == [copy(1, b"one")]
    remount(small_disk, "rw")
    assert await store.put(copy(2, b"two"), [b"two"])
    await store.close()

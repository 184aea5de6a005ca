"""Files as a store, a crash, a bad disk or an operator left them."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.media import Gap, Pin
from relay.store import folder
from relay.store.disk import DiskStore
from tests.store.disk_files import TRACK, copy, files, filled


async def test_files_lie_where_an_operator_looks_for_them(tmp_path: Path) -> None:
    store = await DiskStore.open(tmp_path / "made" / "by" / "open", "news")
    await store.put(copy(42, b"bytes"), [b"by", b"tes"])
    await store.put(Gap(TRACK, 0, 43, 7, 20, 1))
    await store.put(Pin("header/video", b"value"))
    await store.close()
    root = tmp_path / "made" / "by" / "open"
    media, gap = files(root)
    assert media.name.startswith("0000000042.0.1.-184.20.")
    assert media.suffix == ".m4s"
    assert media.read_bytes() == b"bytes"
    assert gap.name == "0000000043.0.2.7.20.1.gap"
    (pin,) = files(root, "pins")
    assert pin.read_bytes() == b"header/video\nvalue"


async def test_channels_are_strangers(tmp_path: Path) -> None:
    names = ["news", "sport", "../news", ".", "pins"]
    stores = [await DiskStore.open(tmp_path, name) for name in names]
    for name, store in zip(names, stores, strict=True):
        assert await store.put(Pin("whose", name.encode()))
        await store.close()
    assert len(list(tmp_path.iterdir())) == len(names)


@pytest.mark.threat("T43")
async def test_a_file_cut_short_is_dropped_at_open_and_its_key_is_free(tmp_path: Path) -> None:
    past = await filled(tmp_path, 3)
    with files(tmp_path)[1].open("r+b") as file:
        file.truncate(999)
    with capture_logs() as logs:
        store = await DiskStore.open(tmp_path, "news")
    assert [line["event"] for line in logs] == ["store_file_cut"]
    assert list(store.follow().past) == [past[0], past[2]]
    assert len(files(tmp_path)) == 2
    assert await store.put(copy(1, b"again"), [b"again"])
    await store.close()


@pytest.mark.threat("T43")
async def test_one_that_was_cut_long_after_it_was_written_is_never_served(tmp_path: Path) -> None:
    """Only what a power cut can have cut is looked at by an opening."""
    old, new = copy(1, b"old"), replace(copy(2, b"new"), arrival=copy(1, b"").arrival + 700_000)
    store = await DiskStore.open(tmp_path, "news")
    await store.put(old, [b"old"])
    await store.put(new, [b"new"])
    await store.close()
    for path in files(tmp_path):
        path.write_bytes(b"")
    with capture_logs() as logs:
        store = await DiskStore.open(tmp_path, "news")
        assert list(store.follow().past) == [old]
        assert await store.get(TRACK, 0, 1) is None
    assert [line["event"] for line in logs] == ["store_file_cut", "store_file_damaged"]
    assert [path.suffix for path in files(tmp_path)] == [".damaged"]
    await store.close()


@pytest.mark.parametrize("offset", [0, 500, 999])
@pytest.mark.threat("T43")
async def test_a_flipped_bit_is_never_served_and_the_key_stays_taken(
    tmp_path: Path, offset: int
) -> None:
    past = await filled(tmp_path, 3)
    path = files(tmp_path)[1]
    damaged = bytearray(path.read_bytes())
    damaged[offset] ^= 1
    path.write_bytes(damaged)
    store = await DiskStore.open(tmp_path, "news")
    with capture_logs() as logs:
        got = await asyncio.gather(*(store.get(TRACK, 0, 1) for _ in range(5)))
        assert got == [None] * 5
        assert await store.get(TRACK, 0, 1) is None
    assert [line["event"] for line in logs] == ["store_file_damaged"]
    assert not path.exists()
    aside = path.with_name(path.name + ".damaged")
    assert aside.read_bytes() == damaged
    await store.close()

    store = await DiskStore.open(tmp_path, "news")
    assert list(store.follow().past) == past
    assert not await store.put(copy(1, b"other"), [b"other"])
    assert await store.get(TRACK, 0, 1) is None
    assert await store.get(TRACK, 0, 2) == b"2" * 1000
    assert await store.trim(TRACK, 0, 2) == 2
    assert not aside.exists()
    await store.close()


async def test_a_file_that_changes_its_length_or_goes_while_open_is_damaged(tmp_path: Path) -> None:
    await filled(tmp_path, 3)
    store = await DiskStore.open(tmp_path, "news")
    assert await store.get(TRACK, 0, 0) == b"0" * 1000
    longer, gone, _ = files(tmp_path)
    with longer.open("ab") as file:
        file.write(b"0")
    gone.unlink()
    with capture_logs() as logs:
        assert await store.get(TRACK, 0, 0) is None
        assert await store.get(TRACK, 0, 1) is None
        assert await store.get(TRACK, 0, 1) is None
    assert [line["event"] for line in logs] == ["store_file_damaged"] * 2
    await store.close()


async def test_a_damaged_pin_is_set_aside_and_can_be_pinned_anew(tmp_path: Path) -> None:
    store = await DiskStore.open(tmp_path, "news")
    await store.put(Pin("grid", b"48/25"))
    await store.put(Pin("anchor", b"utc"))
    await store.close()
    grid = files(tmp_path, "pins")[0]
    grid.write_bytes(grid.read_bytes().replace(b"48", b"49"))
    with capture_logs() as logs:
        store = await DiskStore.open(tmp_path, "news")
    assert [line["event"] for line in logs] == ["store_pin_damaged"]
    assert list(store.follow().past) == [Pin("anchor", b"utc")]
    assert await store.put(Pin("grid", b"48/25"))
    await store.close()
    store = await DiskStore.open(tmp_path, "news")
    assert list(store.follow().past) == [Pin("anchor", b"utc"), Pin("grid", b"48/25")]
    await store.close()


async def test_what_was_being_written_is_removed_at_open_and_strangers_are_not(
    tmp_path: Path,
) -> None:
    past = await filled(tmp_path, 1)
    news = tmp_path / "news"
    (news / "pins").mkdir()
    left = [news / TRACK / ".tmp-0", news / TRACK / ".tmp-77", news / "pins" / ".tmp-3"]
    notes = [news / "README", news / TRACK / "notes.txt", news / "pins" / "old.txt"]
    for path in left + notes:
        path.write_bytes(b"?")
    (news / "lost+found").mkdir()
    (news / TRACK / "folder").mkdir()
    store = await DiskStore.open(tmp_path, "news")
    assert list(store.follow().past) == past
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in notes)
    await store.close()


async def test_of_two_files_with_one_key_the_later_was_promised(tmp_path: Path) -> None:
    await filled(tmp_path, 2)
    first = files(tmp_path)[0]
    index, run, _, rest = first.name.split(".", 3)
    later = first.with_name(f"{index}.{run}.9.{rest}")
    first.rename(later)
    first.write_bytes(b"0" * 1000)
    store = await DiskStore.open(tmp_path, "news")
    assert list(store.follow().past) == [copy(1, b"1" * 1000), copy(0, b"0" * 1000)]
    assert later.exists()
    assert not first.exists()
    await store.close()


@contextlib.contextmanager
def reader_that_interrupts(fd: int, into: bytearray) -> Iterator[None]:
    """Reads a pipe in a thread, and signals the main thread, whose writes then fall short."""
    main = threading.get_ident()

    def read() -> None:
        while part := os.read(fd, 5000):
            into.extend(part)
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, before)


def test_short_writes_are_gone_on_with() -> None:
    buffers = [bytes([n % 251]) * (n % 977) for n in range(5000)]
    reading, writing = os.pipe()
    got = bytearray()
    with reader_that_interrupts(reading, got):
        folder._write(writing, buffers)
        os.close(writing)
    os.close(reading)
    assert got == b"".join(buffers)

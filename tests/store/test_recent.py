from dataclasses import replace
from pathlib import Path

from relay.media import Buffer
from relay.store.disk import DiskStore
from relay.store.recent import Recent
from relay.store.shelf import Record
from tests.store.disk_files import TRACK, copy, files


def record(index: int = 0) -> Record:
    return Record(copy(index, b""))


def test_the_newest_are_kept_and_the_oldest_give_way() -> None:
    recent, records = Recent(25), [record(index) for index in range(4)]
    for each in records[:3]:
        recent.keep(each, [b"x" * 6, b"y" * 4])
    assert recent.find(records[0]) is None
    assert recent.find(records[1]) == (b"x" * 6, b"y" * 4)
    recent.keep(records[3], [b"z" * 25])
    assert [recent.find(each) is not None for each in records] == [False, False, False, True]


def test_what_came_long_before_the_newest_gives_way_whatever_is_left() -> None:
    recent = Recent(seconds=30)
    records = [
        Record(replace(copy(at, b"x"), arrival=1_000 * at)) for at in (100, 101, 130, 131, 90)
    ]
    for each in records[:4]:
        recent.keep(each, [b"x"])
    assert [recent.find(each) is not None for each in records[:4]] == [False, True, True, True]
    recent.keep(records[4], [b"x"])  # the clock was set back
    assert [recent.find(each) is not None for each in records[1:]] == [True] * 4


def test_what_is_too_large_or_empty_is_not_kept_and_pushes_nothing_out() -> None:
    recent, (first, second, third) = Recent(10), (record(), record(), record())
    recent.keep(first, [b"first"])
    recent.keep(second, [b"x" * 11])
    recent.keep(third, [])
    assert recent.find(first) == (b"first",)
    assert recent.find(second) is None
    assert recent.find(third) is None
    assert recent.join(third) is None


def test_the_parts_are_joined_once() -> None:
    recent, one = Recent(), record()
    recent.keep(one, [memoryview(b"-one-")[1:4], memoryview(bytearray(b"two"))])
    whole = recent.join(one)
    assert whole == b"onetwo"
    assert recent.join(one) is whole
    assert recent.find(one) == (whole,)


async def test_stores_share_it_and_read_no_file_of_what_it_holds(tmp_path: Path) -> None:
    recent = Recent(20)
    stores = [await DiskStore.open(tmp_path, name, recent=recent) for name in ("news", "sport")]
    parts: list[Buffer] = [b"ab", memoryview(b"cd")]
    for store in stores:
        assert await store.put(copy(1, b"abcd"), parts)
    files(tmp_path)[0].write_bytes(b"damaged")
    for store in stores:
        assert await store.parts(TRACK, 0, 1) == tuple(parts)
        assert await store.get(TRACK, 0, 1) == b"abcd"
    assert await stores[1].put(copy(2, b"x" * 20), [b"x" * 20])  # pushes out both
    assert await stores[0].parts(TRACK, 0, 1) is None  # and the file is looked at
    assert await stores[1].parts(TRACK, 0, 1) == (b"abcd",)
    await stores[1].trim(TRACK, 0, 3)
    assert await stores[1].parts(TRACK, 0, 2) is None
    for store in stores:
        await store.close()

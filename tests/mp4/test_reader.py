import gc
import time
import tracemalloc
import weakref
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.errors import BoxInvalid, BoxTooLarge
from relay.mp4.reader import Box, BoxReader, Limits, Media
from tests.mp4.recorded import BODIES, body, box, boxes, u32


def largesize(kind: bytes, size: int, payload: bytes = b"") -> bytes:
    return u32(1) + kind + size.to_bytes(8, "big") + payload


UUID = bytes(range(16))
ODD = (
    box("ftyp", b"isml")
    + box("uuid", UUID, b"x" * 5)
    + largesize(b"moof", 19, b"abc")
    + largesize(b"uuid", 35, UUID + b"xyz")
    + largesize(b"mdat", 16)
    + box("free")
    + box("mdat", bytes(9000))
    + box("mfra")
)


def in_pieces(data: bytes, cuts: list[int]) -> list[Box]:
    reader = BoxReader()
    edges = [0, *sorted(cuts), len(data)]
    return [one for start, end in pairwise(edges) for one in reader.feed(data[start:end])]


@pytest.mark.parametrize("name", BODIES)
def test_what_comes_out_of_a_capture_is_what_went_in(name: str) -> None:
    reader = BoxReader()
    whole = reader.feed(body(name))
    joined = b"".join(one.data for one in whole)
    assert joined == body(name)[: len(joined)]
    assert reader.pending == len(body(name)) - len(joined)
    assert [one.type for one in whole][:3] in (["ftyp", "uuid", "moov"], ["uuid", "ftyp", "moov"])


@pytest.mark.parametrize("name", BODIES)
def test_cuts_do_not_matter_on_a_capture(name: str) -> None:
    for size in (997, 32768):
        cuts = list(range(0, len(body(name)), size))
        assert in_pieces(body(name), cuts) == list(boxes(name))


@pytest.mark.requirement("FMT-8b")
@given(st.lists(st.integers(0, len(ODD)), max_size=40))
@example(list(range(len(ODD))))
def test_cuts_do_not_matter_on_odd_headers(cuts: list[int]) -> None:
    whole = in_pieces(ODD, [])
    assert in_pieces(ODD, cuts) == whole
    assert [one.type for one in whole] == (
        ["ftyp", "uuid", "moof", "uuid", "mdat", "free", "mdat", "mfra"]
    )
    assert [bytes(one.payload) for one in whole][1:4] == [b"x" * 5, b"abc", b"xyz"]
    assert [one.uuid for one in whole][1:4] == [UUID, b"", UUID]


def test_pending_counts_what_came_of_an_unfinished_box() -> None:
    for end in range(1, len(ODD)):
        reader = BoxReader()
        came = sum(len(one.data) for one in reader.feed(ODD[:end]))
        assert reader.pending == end - came


@pytest.mark.parametrize(
    "header",
    [
        u32(0) + b"mdat",
        *(u32(size) + b"mdat" for size in range(2, 8)),
        *(largesize(b"mdat", size) for size in (0, 1, 8, 15)),
        u32(23) + b"uuid",
        largesize(b"uuid", 31),
        u32(100) + b"\0\0\0\0",
        u32(100) + b"mda\x7f",
        u32(100) + b"\xa9day",
        bytes(8),
    ],
    ids=bytes.hex,
)
@pytest.mark.threat("T08")
def test_malformed_headers_are_refused_when_they_have_come(header: bytes) -> None:
    reader = BoxReader()
    assert reader.feed(header[:-1]) == []
    with pytest.raises(BoxInvalid):
        reader.feed(header[-1:])


@pytest.mark.parametrize(
    "header",
    [
        u32(1025) + b"ftyp",
        u32(65537) + b"uuid",
        u32((1 << 20) + 1) + b"moov",
        u32((1 << 20) + 1) + b"moof",
        u32(0xFFFFFFFF) + b"moof",
        u32((64 << 20) + 1) + b"mdat",
        u32(0x7FFFFFFF) + b"mdat",
        u32((64 << 20) + 1) + b"free",
        largesize(b"mdat", (1 << 64) - 1),
        largesize(b"mdat", 1 << 63),
    ],
    ids=bytes.hex,
)
@pytest.mark.threat("T08", "T16")
def test_too_large_is_refused_on_the_header_alone(header: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(BoxTooLarge) as caught:
        BoxReader().feed(header)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    assert caught.value.status == 413


def test_the_limits_themselves_are_allowed() -> None:
    limits = Limits(ftyp=16, manifest=40, moov=16, moof=16, mdat=16, other=16)
    data = box("ftyp", bytes(8)) + box("uuid", bytes(32)) + box("moov", bytes(8))
    data += box("moof", bytes(8)) + box("mdat", bytes(8)) + box("styp", bytes(8))
    assert len(BoxReader(limits).feed(data)) == 6


def test_a_large_unknown_box_is_skipped_and_never_held() -> None:
    reader = BoxReader()
    assert reader.feed(u32(32 << 20) + b"free") == []
    chunk = bytes(64 << 10)
    tracemalloc.start()
    for _ in range((32 << 20) // len(chunk) - 1):
        assert reader.feed(chunk) == []
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    assert reader.pending == (32 << 20) - len(chunk) + 8
    after = reader.feed(chunk[8:] + box("mfra"))
    assert [one.type for one in after] == ["mfra"]
    assert reader.pending == 0


def test_a_body_in_single_bytes_costs_no_more_memory_than_its_size() -> None:
    reader = BoxReader()
    reader.feed(u32(500_008) + b"mdat")
    tracemalloc.start()
    for _ in range(499_999):
        reader.feed(b"x")
    assert tracemalloc.get_traced_memory()[0] < 1 << 20
    tracemalloc.stop()
    (mdat,) = reader.feed(b"y")
    assert mdat.data[8:] == b"x" * 499_999 + b"y"


@pytest.mark.threat("T09")
def test_a_flood_of_tiny_boxes_ends_at_the_limit() -> None:
    flood = box("free") * 1_000_000
    reader = BoxReader()
    began = time.process_time()
    assert len(reader.feed(flood)) == 256
    with pytest.raises(BoxInvalid):
        reader.feed(b"")
    assert time.process_time() - began < 0.5


def test_media_restarts_the_count_of_boxes() -> None:
    unit = box("free") * 100 + box("uuid", UUID) * 100 + box("mdat", b"x")
    assert len(BoxReader().feed(unit * 5)) == 5 * 201


def test_empty_media_does_not_restart_the_count_of_boxes() -> None:
    reader = BoxReader()
    reader.feed(box("mdat") * 300)
    with pytest.raises(BoxInvalid):
        reader.feed(b"")


@pytest.mark.parametrize("size", [1, 5, 12, 21, 28])
def test_boxes_before_a_fault_come_out_whatever_the_cut(size: int) -> None:
    data = box("ftyp", b"isml") + box("mfra") + bytes(8)
    reader = BoxReader()
    seen: list[str] = []

    def feed() -> None:
        for at in range(0, len(data), size):
            seen.extend(one.type for one in reader.feed(data[at : at + size]))
        reader.feed(b"")

    with pytest.raises(BoxInvalid):
        feed()
    assert seen == ["ftyp", "mfra"]
    with pytest.raises(BoxInvalid):
        reader.feed(box("free"))


@pytest.mark.parametrize("late", [False, True])
def test_a_fault_does_not_keep_its_reader(*, late: bool) -> None:
    # With it goes all that its connection holds: a body, and everybody who handles it.
    reader = BoxReader()
    gone = weakref.ref(reader)
    gc.disable()
    try:
        if late:  # told by the next call only
            assert reader.feed(box("free") + bytes(16))
        with pytest.raises(BoxInvalid) as first:
            reader.feed(b"" if late else bytes(16))
        with pytest.raises(BoxInvalid) as again:
            reader.feed(b"")
        assert (again.value.message, again.value.hint) == (first.value.message, first.value.hint)
        del first, again, reader
        assert gone() is None
    finally:
        gc.enable()


def test_a_large_mdat_is_not_joined() -> None:
    data = box("mdat", bytes(range(256)) * 4096)
    reader = BoxReader()
    fed = [data[at : at + 100_000] for at in range(0, len(data), 100_000)]
    (found,) = [one for piece in fed for one in reader.feed(piece)]
    assert isinstance(found, Media)
    assert [len(part) for part in found.parts[:3]] == [8, 100_000 - 8, 100_000]
    assert all(isinstance(part, memoryview) for part in found.parts[1:])
    assert isinstance(found.parts[2], memoryview)
    assert found.parts[2].obj is fed[1]
    assert (found.data, found.header, found.size) == (data, 8, len(data) - 8)
    assert found.payload == data[8:]
    assert found == in_pieces(data, list(range(0, len(data), 33)))[0]
    small = box("mdat", bytes(len(data) // 2))
    assert not isinstance(BoxReader().feed(small)[0], Media)

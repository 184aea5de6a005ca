import time

import pytest

from relay.errors import BoxInvalid, EncoderError, FragmentInvalid
from relay.media import SampleDefaults
from relay.mp4.fragment import layout, parse_moof
from tests.mp4.recorded import BODIES, box, mfhd, moof, pairs, tfhd, tfxd, traf, trun, u32

TREX = {1: SampleDefaults(10, 3, 0x10000)}
PLAIN = traf(tfhd(), trun(0x300, 2, 5, 1, 6, 2))


@pytest.mark.parametrize("name", [n for n in BODIES if "everyframe" not in n])
def test_captures_are_free_of_gaps_by_decode_time(name: str) -> None:
    ends: dict[int, int] = {}
    for head, media in pairs(name):
        fragment = parse_moof(head)
        (track,) = fragment.tracks
        assert track.tfxd is not None
        assert track.tfdt is None
        assert track.decode_time == track.tfxd.time - track.samples.first_offset
        assert ends.get(track.track_id, track.decode_time) == track.decode_time
        ends[track.track_id] = track.decode_time + track.samples.duration
        assert layout(fragment, len(media) - 8) == (((0, len(media) - 8),),)
        assert track.samples.sync or "fragdur" in name
    assert ends


@pytest.mark.parametrize("name", BODIES)
def test_captures_leave_nothing_to_trex(name: str) -> None:
    for head, _ in pairs(name):
        if parse_moof(head).tracks[0].samples.duration == 0:
            continue  # ff9-everyframe has such audio: its duration is what trex says, zero
        (track,) = parse_moof(head, {1: SampleDefaults(1, 2, 3), 2: SampleDefaults(1, 2, 3)}).tracks
        assert track.complete
        assert track.samples == parse_moof(head).tracks[0].samples


@pytest.mark.parametrize(
    "parts",
    [
        (tfhd(), trun(0, 2), tfxd(40, 20)),
        (tfxd(40, 20), tfhd(), trun(0, 2)),
        (tfhd(), tfxd(40, 20), box("uuid", bytes(16)), trun(0, 2)),
    ],
)
def test_the_order_in_a_traf_is_free(parts: tuple[bytes, ...]) -> None:
    (track,) = parse_moof(moof(traf(*parts)), TREX).tracks
    assert track.decode_time == 40
    assert list(track.samples.durations) == [10, 10]
    assert list(track.samples.flags) == [0x10000] * 2


@pytest.mark.parametrize(
    ("part", "complete", "samples"),
    [
        ((tfhd(), trun(0, 2)), False, ([10, 10], [3, 3], [0x10000] * 2)),
        ((tfhd(1, 0x8, 7), trun(0, 2)), False, ([7, 7], [3, 3], [0x10000] * 2)),
        ((tfhd(1, 0x38, 7, 8, 9), trun(0, 2)), True, ([7, 7], [8, 8], [9, 9])),
        ((tfhd(1, 0x3B, 0, 1, 1, 7, 8, 9), trun(0, 1)), True, ([7], [8], [9])),
        ((tfhd(1, 0x20, 9), trun(0x304, 1, 4, 7, 8)), True, ([7], [8], [4])),
        ((tfhd(2), trun(0, 1)), True, ([0], [0], [0])),
    ],
)
def test_what_is_unsaid_comes_from_tfhd_then_trex(
    part: tuple[bytes, ...], complete: bool, samples: tuple[list[int], ...]
) -> None:
    (track,) = parse_moof(moof(traf(*part)), TREX).tracks
    assert track.complete is complete
    found = track.samples
    assert (list(found.durations), list(found.sizes), list(found.flags)) == samples


def test_tfdt_counts_where_there_is_no_tfxd() -> None:
    narrow = traf(tfhd(), box("tfdt", u32(0, 0xFFFFFFFF)), trun(0x800, 1, 5))
    wide = traf(tfhd(), box("tfdt", u32(1 << 24, 1, 2)), trun(0x800, 1, 5))
    assert parse_moof(moof(narrow)).tracks[0].decode_time == 0xFFFFFFFF
    assert parse_moof(moof(wide)).tracks[0].decode_time == (1 << 32) + 2
    assert parse_moof(moof(PLAIN)).tracks[0].decode_time is None


@pytest.mark.parametrize(
    ("trafs", "expected"),
    [
        # ISO: from the moof; 44 bytes stale; nonsense; nothing said
        ([(tfhd(), trun(0x201, 1, 300, 9))], [[(0, 9)]]),
        ([(tfhd(), trun(0x201, 1, 256, 9))], [[(0, 9)]]),
        ([(tfhd(), trun(0x201, 1, -(2**31), 9))], [[(0, 9)]]),
        ([(tfhd(), trun(0x200, 1, 9))], [[(0, 9)]]),
        # two runs: one after the other, the other way round, on top of each other
        ([(tfhd(), trun(0x201, 1, 300, 4), trun(0x200, 1, 5))], [[(0, 4), (4, 5)]]),
        ([(tfhd(), trun(0x201, 1, 305, 4), trun(0x201, 1, 300, 5))], [[(5, 4), (0, 5)]]),
        ([(tfhd(), trun(0x201, 1, 300, 4), trun(0x201, 1, 300, 5))], [[(0, 4), (4, 5)]]),
        # two tracks: counted from the moof; each from the end of the one before; from far away
        (
            [
                (tfhd(1, 0x20000), trun(0x201, 1, 305, 4)),
                (tfhd(2, 0x20000), trun(0x201, 1, 300, 5)),
            ],
            [[(5, 4)], [(0, 5)]],
        ),
        ([(tfhd(), trun(0x201, 1, 300, 4)), (tfhd(2), trun(0x201, 1, 0, 5))], [[(0, 4)], [(4, 5)]]),
        ([(tfhd(), trun(0x200, 1, 4)), (tfhd(2), trun(0x200, 1, 5))], [[(0, 4)], [(4, 5)]]),
        (
            [(tfhd(1, 1, 9, 0), trun(0x201, 1, 7, 4)), (tfhd(2, 1, 9, 0), trun(0x201, 1, 11, 5))],
            [[(0, 4)], [(4, 5)]],
        ),
    ],
)
def test_where_the_media_lies(
    trafs: list[tuple[bytes, ...]], expected: list[list[tuple[int, int]]]
) -> None:
    fragment = parse_moof(moof(*(traf(*parts) for parts in trafs)))
    assert [list(ranges) for ranges in layout(fragment, 9)] == expected


@pytest.mark.threat("T11")
def test_media_of_another_size_is_refused() -> None:
    fragment = parse_moof(moof(PLAIN))
    assert layout(fragment, 3) == (((0, 3),),)
    for size in (0, 2, 4):
        with pytest.raises(FragmentInvalid):
            layout(fragment, size)


@pytest.mark.parametrize("offset", [299, 301, 303, 0, -(2**31)])
def test_several_tracks_that_do_not_fill_the_media_are_refused(offset: int) -> None:
    one = traf(tfhd(1, 0x20000), trun(0x201, 1, 300, 4))
    other = traf(tfhd(2, 0x20000), trun(0x201, 1, offset, 5))
    with pytest.raises(FragmentInvalid):
        layout(parse_moof(moof(one, other)), 9)


@pytest.mark.parametrize(
    "data",
    [
        box("moof"),
        moof(),
        box("moof", PLAIN),
        box("moof", box("mfhd"), PLAIN),
        box("mdat", mfhd(), PLAIN),
        moof(traf(trun(0, 0))),
        moof(traf(tfhd(), tfhd(), trun(0, 0))),
        moof(traf(tfhd(), tfxd(1, 1), tfxd(1, 1))),
        moof(traf(box("tfhd"))),
        moof(traf(box("tfhd", u32(0x1, 1, 0)))),
        moof(traf(tfhd(1, 0x38, 1, 2))),
        moof(traf(tfhd(1, 0x2, 2))),
        moof(traf(tfhd(), box("tfdt", u32(1 << 24, 0)))),
        moof(traf(tfhd(), box("tfdt"))),
        moof(traf(tfhd(), box("trun", u32(0, 0xFFFFFFFF)))),
        moof(traf(tfhd(), box("uuid", tfxd(1, 1)[8:40]))),
    ],
)
@pytest.mark.threat("T10", "T11")
def test_a_moof_without_meaning_is_refused(data: bytes) -> None:
    with pytest.raises(FragmentInvalid):
        parse_moof(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        moof(PLAIN)[:-1],
        moof(traf(tfhd(), b"\0\0\0")),
        moof(traf(tfhd(), u32(0xFFFF) + b"trun")),
        moof(PLAIN, box("free") * 256),
        moof(*[PLAIN] * 100),
    ],
)
def test_boxes_that_do_not_fit_are_refused(data: bytes) -> None:
    with pytest.raises(BoxInvalid):
        parse_moof(data)


@pytest.mark.threat("T09")
def test_deep_nesting_is_refused_and_does_not_recurse() -> None:
    data = b""
    for _ in range(5000):
        data = box("moof", data)
    began = time.process_time()
    with pytest.raises(EncoderError):
        parse_moof(data)
    assert time.process_time() - began < 0.1


def test_the_fullest_moof_holds_the_loop_for_a_moment_only() -> None:
    # 1 MiB of runs without a column: the most samples that the limits let through.
    for full in (
        moof(traf(tfhd(), *[trun(0, 10_000)] * 253)),
        moof(*[traf(tfhd(), trun(0, 10_000))] * 80),
    ):
        began = time.process_time()
        with pytest.raises(FragmentInvalid):
            parse_moof(full)
        assert time.process_time() - began < 0.1

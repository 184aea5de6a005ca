import pytest

from relay.media import SampleDefaults
from relay.mp4.fragment import parse_moof
from relay.mp4.samples import parse_run
from relay.mp4.separate import media_data
from relay.mp4.write import box, media_data_header, saio, tfhd, trun
from tests.mp4.recorded import moof, traf, u32


def test_a_box_counts_itself() -> None:
    assert box("free", b"ab", memoryview(b"c")) == b"\0\0\0\x0bfreeabc"


def test_the_header_of_media_data_fits_its_size() -> None:
    assert bytes(media_data(media_data_header(3) + b"abc")) == b"abc"
    assert media_data_header((1 << 32) - 9) == b"\xff\xff\xff\xffmdat"
    assert media_data_header((1 << 32) - 8) == u32(1) + b"mdat" + u32(1, 8)


def test_a_tfhd_says_every_default() -> None:
    made = tfhd(5, SampleDefaults(1, 2, 3), 0x20000)
    assert made == box("tfhd", u32(0x20038, 5, 1, 2, 3))
    (track,) = parse_moof(moof(traf(made))).tracks
    assert (track.track_id, track.defaults, track.complete) == (5, SampleDefaults(1, 2, 3), True)


@pytest.mark.parametrize("stated", [False, True])
@pytest.mark.parametrize("flags", [0x200, 0x204, 0x1000A04])
def test_a_trun_changes_its_offset_only(stated: bool, flags: int) -> None:
    first = (9,) if flags & 4 else ()
    rows = (7, 1, 8, 2) if flags & 0x800 else (7, 8)
    offset = (77,) if stated else ()
    payload = u32(flags | stated, 2, *offset, *first, *rows)
    made = parse_run(trun(payload, -5)[8:], SampleDefaults())
    assert made.data_offset == -5
    assert made.samples == parse_run(payload, SampleDefaults()).samples
    assert len(trun(payload, 0)) == 8 + len(payload) + (0 if stated else 4)


def test_a_saio_points_to_one_place() -> None:
    assert saio(99) == box("saio", u32(0, 1, 99))

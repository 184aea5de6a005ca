import pytest

from relay.media import SampleDefaults
from relay.mp4.compose import Timing, fragment, moov, tfxd
from relay.mp4.movie import MovieTrack, parse_moov
from relay.mp4.samples import Samples
from relay.mp4.separate import separate
from relay.mp4.smooth import Tfxd, parse_tfxd
from tests.mp4.recorded import BODIES
from tests.mp4.recorded import moov as captured

MEDIA = [b"abc", b"", b"defgh"]
SAMPLES = Samples((10, 20, 30), (3, 0, 5), (0x2000000, 0x1010000, 0x1010000), (20, -10, 0))
TIMING = Timing(-213_333, 60)


def read(data: bytes) -> tuple[int, object, bytes]:
    """The one fragment, as the relay reads it."""
    size = int.from_bytes(data[:4], "big")
    ((track_id, meaning, parts),) = separate(data[:size], data[size:], {})
    assert b"".join(parts) == data, "it leaves something to a trex, or names its range wrongly"
    samples = meaning.samples
    columns = (samples.durations, samples.sizes, samples.flags, samples.offsets)
    found = Samples(*(tuple(column) for column in columns))
    assert meaning.data_offset == size + 8
    return track_id, (found, meaning.tfxd), b"".join(parts)[-8:]


def test_a_fragment_is_read_back_sample_by_sample() -> None:
    built = fragment(7, 5, SAMPLES, TIMING, MEDIA)
    assert read(built) == (7, (SAMPLES, Tfxd(-213_333, 60)), b"abcdefgh")


def test_offsets_are_left_out_where_there_are_none() -> None:
    flat = Samples(SAMPLES.durations, SAMPLES.sizes, SAMPLES.flags, (0, 0, 0))
    built = fragment(7, 5, flat, TIMING, MEDIA)
    assert len(built) == len(fragment(7, 5, SAMPLES, TIMING, MEDIA)) - 12
    assert read(built)[1] == (flat, Tfxd(-213_333, 60))


@pytest.mark.parametrize(("width", "index"), [(32, 2**32 - 1), (64, 2**40)])
def test_version_2_is_read_back_with_its_index(width: int, index: int) -> None:
    built = tfxd(Timing(17, 4, index, width))
    assert parse_tfxd(built[24:]) == Tfxd(17, 4, index, version=2)
    assert len(built) == 44 + width // 8 == int.from_bytes(built[:4], "big")


def test_an_index_too_wide_for_its_field_is_no_silent_wrap() -> None:
    with pytest.raises(OverflowError):
        tfxd(Timing(0, 0, 2**32, 32))


@pytest.mark.parametrize("name", [n for n in BODIES if "fifo" not in n])
def test_a_moov_is_read_back_track_by_track(name: str) -> None:
    tracks = [
        MovieTrack(
            t.track_id,
            t.handler,
            t.timescale,
            t.language,
            t.width,
            t.height,
            t.sample_entry,
            SampleDefaults(),
        )
        for t in parse_moov(captured(name))
    ]
    assert list(parse_moov(moov(tracks))) == tracks
    assert moov(tracks) == moov(tracks)

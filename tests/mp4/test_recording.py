"""Whole files, fragmented and plain: ffmpeg writes one programme in three ways, and the same
samples have to be found in all of them."""

import random
from pathlib import Path

import pytest

from relay.errors import EncoderError, HeaderInvalid
from relay.mp4.recording import RecordedTrack, Recording, read
from tests.encoder.clips import PLAIN_25, ffmpeg, make

WAYS = {
    "ismv": ("-f", "ismv", "-movflags", "isml+frag_keyframe"),
    "cmaf": ("-f", "mp4", "-movflags", "cmaf+frag_keyframe"),
    "muxed": ("-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof"),
    "faststart": ("-f", "mp4", "-movflags", "faststart"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def plain(folder: Path) -> bytes:
    return make(PLAIN_25, folder).read_bytes()


def media(recording: Recording, track: RecordedTrack) -> list[bytes]:
    """The bytes of every sample."""
    return [
        bytes(recording.data[place : place + size])
        for place, size in zip(track.places, track.samples.sizes, strict=True)
    ]


def test_a_plain_file_has_its_samples_times_and_keys(plain: bytes) -> None:
    recording = read(plain)
    video, audio = recording.tracks
    assert recording.manifest == b""
    assert (video.movie.handler, audio.movie.handler) == ("vide", "soun")
    assert video.samples.count == PLAIN_25.gop * PLAIN_25.cells
    frame = video.movie.timescale // 25
    assert list(video.times) == [n * frame for n in range(video.samples.count)]
    keys = [n for n, said in enumerate(video.samples.flags) if not said & 0x10000]
    assert keys == [0, 48, 96]
    shown = sorted(video.shown(n) for n in range(video.samples.count))
    assert shown == [n * frame for n in range(video.samples.count)]  # edit list taken into account
    assert audio.shown(0) == -1024  # AAC priming, which the edit list hides
    assert set(audio.samples.durations[:-1]) == {1024}
    assert audio.samples.sync


@pytest.mark.parametrize("way", list(WAYS))
def test_the_same_samples_are_found_however_they_were_written(
    way: str, plain: bytes, folder: Path
) -> None:
    target = folder / way
    ffmpeg("-i", str(folder / PLAIN_25.name), "-map", "0", "-c", "copy", *WAYS[way], str(target))
    one, other = read(plain), read(target.read_bytes())
    assert (other.manifest != b"") == (way == "ismv")
    for before, after in zip(one.tracks, other.tracks, strict=True):
        assert media(other, after) == media(one, before)
        assert after.movie.sample_entry != b""
        scale = after.movie.timescale / before.movie.timescale
        # Without an edit list ffmpeg stretches the first frame of AAC to hide its priming.
        for n in range(1, before.samples.count, 7):
            moved = (after.shown(n) - after.shown(1)) / scale
            assert abs(moved - (before.shown(n) - before.shown(1))) <= 1 / scale + 1


def test_what_holds_no_moov_is_refused(plain: bytes) -> None:
    for data in (b"", plain[:32], b"not an MP4 at all"):
        with pytest.raises(EncoderError):
            read(data)


def test_a_file_that_is_cut_short_is_refused(plain: bytes) -> None:
    with pytest.raises(EncoderError):
        read(plain[:-1000])


def test_samples_behind_the_end_are_refused(plain: bytes, folder: Path) -> None:
    target = folder / "first"
    ffmpeg("-i", str(folder / PLAIN_25.name), "-c", "copy", *WAYS["faststart"], str(target))
    data = target.read_bytes()
    at = data.index(b"mdat") - 4
    with pytest.raises(HeaderInvalid, match="behind the file's end"):
        read(data[:at])


@pytest.mark.parametrize("seed", range(8))
def test_damage_brings_forth_nothing_but_encoder_errors(seed: int, plain: bytes) -> None:
    chance = random.Random(seed)
    moov = plain.index(b"moov")
    survived = 0
    for _ in range(40):
        data = bytearray(plain)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(moov, len(data))] = chance.choice((0, 1, 127, 255))
        try:
            read(bytes(data))
            survived += 1
        except EncoderError:
            pass
    assert survived < 40

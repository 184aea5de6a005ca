"""Tracks with the sample entries that a Smooth manifest is made from."""

from fractions import Fraction

from relay.media import Copy, Kind, Track, TrackKey
from relay.mp4.write import box
from tests.mp4.test_aac import LC48, esds
from tests.mp4.test_codecs import audio as audio_entry
from tests.mp4.test_codecs import visual
from tests.packagers.presentations import audio, video

SPS, PPS = bytes.fromhex("674d400deca146fc98"), bytes.fromhex("68ce3c80")
AVCC = box(
    "avcC",
    bytes.fromhex("014d400dffe1"),
    len(SPS).to_bytes(2, "big"),
    SPS,
    b"\1",
    len(PPS).to_bytes(2, "big"),
    PPS,
)
TICKS = 10_000_000
DURATION = Fraction(48, 25)


def picture(name: str = "video", bitrate: int = 2_000_000, **more: object) -> Track:
    """A video track at 10 MHz."""
    values: dict[str, object] = {"timescale": TICKS, "sample_entry": visual("avc1", AVCC)}
    return video(name, bitrate, **(values | more))


def sound(name: str = "audio", bitrate: int = 128_000, **more: object) -> Track:
    """An audio track at 10 MHz."""
    entry = audio_entry("mp4a", box("esds", esds(LC48)))
    return audio(name, bitrate, **({"timescale": TICKS, "sample_entry": entry} | more))


def markers(name: str = "scte35", parent: str = "video") -> Track:
    """A sparse track."""
    key = TrackKey(Kind.TEXT, name, 0)
    return Track(key, TICKS, "meta", box("scte", bytes(8)), "", parent=parent)


def marker(track: Track, time: int, index: int, duration: int = 0, size: int = 0) -> Copy:
    """An event of it."""
    return Copy(track.name, 0, index, time, duration, 1, "a", 1_795_000_000_000, size, event=True)

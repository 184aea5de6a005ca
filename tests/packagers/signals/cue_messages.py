"""Cue messages made to measure, by the tables of ANSI/SCTE 35, and the events that carry them."""

from packagers.signals.scte35 import crc
from relay.media import Copy, Kind, Track, TrackKey
from relay.mp4.compose import Timing, fragment
from relay.mp4.samples import Samples

SCALE = 90_000
CUES = Track(TrackKey(Kind.TEXT, "cues", 0), SCALE, "meta", b"\0\0\0\x08scte", "", parent="video")


def section(kind: int, command: bytes, descriptors: bytes = b"", *, adjustment: int = 0) -> bytes:
    """A splice_info_section with its CRC."""
    head = (adjustment & (1 << 33) - 1).to_bytes(5, "big") + b"\0"
    head += (0xFFF << 12 | len(command)).to_bytes(3, "big") + bytes((kind,))
    body = b"\0" + head + command + len(descriptors).to_bytes(2, "big") + descriptors
    begun = b"\xfc" + (0x3000 | len(body) + 4).to_bytes(2, "big") + body
    return begun + crc(begun).to_bytes(4, "big")


def splice_time(pts: int | None) -> bytes:
    return b"\x7f" if pts is None else (0xFE << 32 | pts).to_bytes(5, "big")


def insert(event: int, *, out: bool, pts: int | None = None, seconds: int | None = None) -> bytes:
    """A splice_insert of the whole program, at a PTS, else at once."""
    flags = out << 7 | 1 << 6 | (seconds is not None) << 5 | (pts is None) << 4 | 0xF
    command = event.to_bytes(4, "big") + b"\x7f" + bytes((flags,))
    command += b"" if pts is None else splice_time(pts)
    if seconds is not None:
        command += (0xFE << 32 | seconds * 90_000).to_bytes(5, "big")
    return section(5, command + b"\0\1\0\0")


def cancel(event: int) -> bytes:
    return section(5, event.to_bytes(4, "big") + b"\xff")


def segmentation(event: int, kind: int, seconds: int | None = None) -> bytes:
    """A segmentation_descriptor."""
    flags = 0x80 | (seconds is not None) << 6 | 0x3F
    body = b"CUEI" + event.to_bytes(4, "big") + b"\x7f" + bytes((flags,))
    body += b"" if seconds is None else (seconds * 90_000).to_bytes(5, "big")
    body += b"\x08\x04upid" + bytes((kind, 1, 1))
    return b"\x02" + bytes((len(body),)) + body


def time_signal(pts: int | None, *descriptors: bytes) -> bytes:
    return section(6, splice_time(pts), b"".join(descriptors))


def struct(number: int, delta: int, message: bytes) -> bytes:
    """The version-1 struct around a message; the delta is in ticks of the track."""
    return b"".join(each.to_bytes(4, "big") for each in (1, number, delta)) + message


def event(time: int, *messages: bytes, lasts: int = 0, source: str = "a") -> tuple[Copy, bytes]:
    """A stored event at a time in ticks, one sample a message, and its bytes."""
    nothing = [0] * len(messages)
    samples = Samples([lasts, *nothing[1:]], [len(m) for m in messages], nothing, nothing)
    data = fragment(1, 1, samples, Timing(time, lasts), list(messages))
    copy = Copy(CUES.name, 0, time // 172_800, time, lasts, len(messages), source, 0, len(data))
    return copy, data

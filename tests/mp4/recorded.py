"""The captured pushes, and boxes made by hand, for the tests of what reads MP4."""

import struct
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from relay.mp4.reader import Box, BoxReader

CAPTURES = Path(__file__).parent.parent / "captures"
BODIES = sorted(path.relative_to(CAPTURES).as_posix() for path in CAPTURES.glob("*/*.body"))
"""Every captured body, as `folder/reqNNN.body`."""


@cache
def body(name: str) -> bytes:
    return (CAPTURES / name).read_bytes()


@cache
def boxes(name: str) -> tuple[Box, ...]:
    """The whole boxes of a body."""
    return tuple(BoxReader().feed(body(name)))


def moov(name: str) -> bytes:
    (found,) = (box.data for box in boxes(name) if box.type == "moov")
    return found


def pairs(name: str) -> Iterator[tuple[bytes, bytes]]:
    """The fragments of a body: moof, mdat."""
    for before, after in pairwise(boxes(name)):
        if (before.type, after.type) == ("moof", "mdat"):
            yield before.data, after.data


def box(kind: str, *parts: bytes) -> bytes:
    payload = b"".join(parts)
    return struct.pack(">I4s", 8 + len(payload), kind.encode()) + payload


def u32(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def mfhd(number: int = 1) -> bytes:
    return box("mfhd", u32(0, number))


def tfxd(time: int, duration: int, version: int = 1, more: bytes = b"", flags: int = 0) -> bytes:
    layout = ">II" if version == 0 else ">qQ"
    uuid = bytes.fromhex("6d1d9b0542d544e680e2141daff757b2")
    head = u32(version << 24 | flags)
    return box("uuid", uuid, head, struct.pack(layout, time, duration), more)


def tfhd(track_id: int = 1, flags: int = 0, *fields: int) -> bytes:
    return box("tfhd", u32(flags, track_id, *fields))


def trun(flags: int, *words: int, version: int = 0) -> bytes:
    """`words`: all that follows the flags, sample count first."""
    return box("trun", u32(version << 24 | flags, *(word & 0xFFFFFFFF for word in words)))


def traf(*parts: bytes) -> bytes:
    return box("traf", *parts)


def moof(*trafs: bytes, number: int = 1) -> bytes:
    return box("moof", mfhd(number), *trafs)

"""File names that say all that a replay needs, so that a restart opens no media file.

A copy, in the folder of its track:

    0000000042.0.117.80640.1920.48.1700000000000.sw.381120.9ae0daaf.10.0.0.7-a.m4s
    index      | |   time  |    |  arrival       |  size   crc32    source
             run seq     duration samples        s sync / n not, w whole / p partial;
                                                     f fill, e event

A gap has no bytes: `index.run.seq.time.duration.arrival.gap`. A pin, in the folder of the pins, is
`seq.size.crc32.slug.pin`; its name can be longer than a file name may be, so it stands in the
file's first line (percent-encoded) before the value, and `slug` is only for people.

`seq` is the order of the puts in the channel. Source is last because it may hold dots. Only
[A-Za-z0-9._-] stand for themselves; `:` (IPv6) becomes `+`, so that every source name of 64
characters fits into the 255 bytes of a file name; anything else becomes `=XX` per UTF-8 byte.
"""

import re
from functools import lru_cache
from urllib.parse import quote, unquote

from relay.media import Copy, Gap, Pin

COPY, GAP, PIN = ".m4s", ".gap", ".pin"
DAMAGED = ".damaged"
"""Behind the name of a file that was set aside."""

TEMPORARY = ".tmp-"
"""Before the name of a file that is being written; no folder or member's name begins so."""

PINS = "pins"
"""The folder of the pins, beside the folders of the tracks."""

_COPY = re.compile(
    r"(-?\d+)\.(\d+)\.(\d+)\.(-?\d+)\.(\d+)\.(\d+)\.(\d+)\.([sn][wp]f?e?)\.(\d+)\.([0-9a-f]{8})"
    r"\.([A-Za-z0-9._+=-]*)\.m4s",
    re.ASCII,
)
_GAP = re.compile(r"(-?\d+)\.(\d+)\.(\d+)\.(-?\d+)\.(\d+)\.(\d+)\.gap", re.ASCII)
_PIN = re.compile(r"(\d+)\.(\d+)\.([0-9a-f]{8})\.[A-Za-z0-9._+=-]*\.pin", re.ASCII)


def escape(text: str) -> str:
    """`text` in characters that are safe in a file name."""
    return re.sub(r"[^A-Za-z0-9._-]", _escape, text)


@lru_cache(maxsize=1024)
def unescape(text: str) -> str:
    """What `escape` was given. Cached: half a million names share a handful of sources."""
    plain = text.replace("+", ":")
    return re.sub(
        r"(?:=[0-9A-F]{2})+",
        lambda found: bytes.fromhex(found[0].replace("=", "")).decode(errors="replace"),
        plain,
    )


def folder_name(text: str) -> str:
    """The folder of a channel or track; never hidden, never a parent, never that of the pins."""
    safe = escape(text)
    if safe.startswith(".") or safe == PINS:
        return f"={ord(safe[0]):02X}{safe[1:]}"
    return safe


def member_name(member: Copy | Gap, seq: int, crc: int) -> str:
    """The file name of a copy or gap."""
    head = f"{member.index:010d}.{member.run}.{seq}.{member.time}.{member.duration}"
    if isinstance(member, Gap):
        return f"{head}.{member.arrival}{GAP}"
    flags = ("s" if member.sync else "n") + ("p" if member.partial else "w")
    flags += "f" * member.fill + "e" * member.event
    return (
        f"{head}.{member.sample_count}.{member.arrival}.{flags}.{member.size}.{crc:08x}"
        f".{escape(member.source)}{COPY}"
    )


@lru_cache(maxsize=256)
def _often(digits: str) -> int:
    """A number that most names have: in memory once, not for each of them."""
    return int(digits)


def read_member_name(track: str, name: str) -> tuple[Copy | Gap, int, int] | None:
    """The copy or gap of a file name, its seq and crc32; None when it is not such a name."""
    if found := _COPY.fullmatch(name):
        index, run, seq, time, duration, samples, arrival, flags, size, crc, source = found.groups()
        copy = Copy(
            track,
            int(run),
            int(index),
            int(time),
            _often(duration),
            _often(samples),
            unescape(source),
            int(arrival),
            int(size),
            sync=flags[0] == "s",
            partial=flags[1] == "p",
            fill="f" in flags,
            event="e" in flags,
        )
        return copy, int(seq), int(crc, 16)
    if found := _GAP.fullmatch(name):
        index, run, seq, time, duration, arrival = found.groups()
        gap = Gap(track, int(run), int(index), int(time), int(duration), int(arrival))
        return gap, int(seq), 0
    return None


def pin_body(pin: Pin) -> bytes:
    """What the file of a pin holds."""
    return quote(pin.name, safe="/").encode() + b"\n" + pin.value


def read_pin_body(body: bytes) -> Pin:
    """The pin of a file that `pin_body` filled."""
    name, _, value = body.partition(b"\n")
    return Pin(unquote(name.decode("ascii")), value)


def pin_name(pin: Pin, seq: int, size: int, crc: int) -> str:
    """The file name of a pin whose file has `size` bytes."""
    return f"{seq:010d}.{size}.{crc:08x}.{escape(pin.name)[:100]}{PIN}"


def read_pin_name(name: str) -> tuple[int, int, int] | None:
    """seq, size and crc32 of a pin's file name; None when it is not such a name."""
    found = _PIN.fullmatch(name)
    return (int(found[1]), int(found[2]), int(found[3], 16)) if found else None


def _escape(found: re.Match[str]) -> str:
    return "+" if found[0] == ":" else "".join(f"={byte:02X}" for byte in found[0].encode())

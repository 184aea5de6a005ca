"""splice_info_section (ANSI/SCTE 35 9.6): what a cue message says, as far as players are told it.

It is a section of MPEG-2: a fixed head, one command, a loop of descriptors, a CRC over all of it.
Read are the two commands that put something on the timeline: splice_insert (9.7.3), and time_signal
(9.7.4) with its segmentation descriptors (10.3.3). Of others the head is enough: they are handed
on. What is encrypted is handed on too, since its command cannot be known.

`direction` follows RFC 8216 4.3.2.7.1. A message goes out of the network, or back in, when its
splice_insert says so or when the segmentation descriptors that have a direction agree on it; where
they do not (one break ends, another begins, in one message) it has none.

A section is a stranger's bytes. Its length is bounded by its own field (4095), its counts by bytes
that must be there, and the CRC has to be right: a damaged cue would open a break that never ends.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

TABLE_ID = 0xFC
CLOCK = 90_000
"""Ticks per second of all times and durations in a section."""
PTS_WRAP = 1 << 33
MOST_DESCRIPTORS = 64

_HEAD = 14
_CRC = 4
_ANY_LENGTH = 0xFFF  # splice_command_length of senders that leave it out (9.6.1)
_SEGMENTATION = 0x02
_CUEI = b"CUEI"
_OUT = frozenset((0x22, 0x30, 0x32, 0x34, 0x36, 0x38, 0x3A, 0x3C, 0x3E, 0x44, 0x46))
"""segmentation_type_id that begins a break, an advertisement or an opportunity; + 1 ends it."""


class SectionInvalid(ValueError):
    """It is no splice_info_section, or a damaged one; the message says in what."""


class Command(StrEnum):
    """splice_command_type, of those that have a name here."""

    NULL = "splice_null"
    INSERT = "splice_insert"
    TIME_SIGNAL = "time_signal"
    BANDWIDTH = "bandwidth_reservation"
    OTHER = "other"


_COMMANDS = {
    0x00: Command.NULL,
    0x05: Command.INSERT,
    0x06: Command.TIME_SIGNAL,
    0x07: Command.BANDWIDTH,
}


class Direction(StrEnum):
    """Where a splice leads."""

    OUT = "out"
    IN = "in"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Splice:
    """A cue message.

    event_id   splice_event_id or segmentation_event_id, None where there is none
    pts        33 bits of 90 kHz, pts_adjustment added; None: at once, or not said
    duration   seconds of the break, None when not said
    cancel     it takes back what was said of this event before
    section    the whole of it, without what may have stood behind it
    """

    command: Command
    section: bytes
    event_id: int | None = None
    direction: Direction = Direction.NONE
    pts: int | None = None
    duration: Fraction | None = None
    cancel: bool = False


class _Bits:
    """Bytes read from the front, bit by bit. Raises SectionInvalid at their end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise SectionInvalid("it ends before its fields do")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)


@dataclass(frozen=True, slots=True)
class _Segmentation:
    event_id: int
    direction: Direction = Direction.NONE
    duration: Fraction | None = None
    cancel: bool = False


def parse(data: bytes) -> Splice:
    """Read a section from its first byte on. Raises SectionInvalid."""
    if data[:1] != bytes((TABLE_ID,)) or len(data) < _HEAD:
        raise SectionInvalid("it does not begin as one")
    size = 3 + (int.from_bytes(data[1:3], "big") & 0xFFF)
    if not _HEAD + 2 + _CRC <= size <= len(data):
        raise SectionInvalid(f"it says {size} bytes and has {len(data)}")
    section = data[:size]
    if crc(section):
        raise SectionInvalid("its CRC_32 is wrong")
    if section[3]:
        raise SectionInvalid(f"its protocol_version is {section[3]}, not 0")
    encrypted = section[4] >> 7
    if encrypted:
        return Splice(Command.OTHER, section)
    adjustment = int.from_bytes(section[4:9], "big") & (PTS_WRAP - 1)
    length = int.from_bytes(section[11:13], "big") & 0xFFF
    command = _COMMANDS.get(section[13], Command.OTHER)
    body = section[_HEAD:-_CRC]
    if command is Command.INSERT:
        said = Splice(command, section)
        return _insert(said, _Bits(body), adjustment)
    if command is not Command.TIME_SIGNAL:
        return Splice(command, section)
    bits = _Bits(body)
    pts = _splice_time(bits, adjustment)
    taken = (1 if pts is None else 5) if length == _ANY_LENGTH else length
    return _signal(Splice(command, section, pts=pts), _segmentations(body[taken:]))


def crc(data: bytes) -> int:
    """CRC_32 of MPEG-2 (ISO/IEC 13818-1 annex A); 0 over a section that ends with its own."""
    value = 0xFFFFFFFF
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ _TABLE[value >> 24 ^ byte]
    return value


def _insert(said: Splice, bits: _Bits, adjustment: int) -> Splice:
    event_id = bits.take(32)
    cancel = bool(bits.take(1))
    bits.take(7)
    if cancel:
        return Splice(said.command, said.section, event_id, cancel=True)
    out, program, timed, at_once = (bool(bits.take(1)) for _ in range(4))
    bits.take(4)
    times: list[int | None] = []
    if program and not at_once:
        times.append(_splice_time(bits, adjustment))
    elif not program:
        for _ in range(bits.take(8)):
            bits.take(8)
            if not at_once:
                times.append(_splice_time(bits, adjustment))
    duration = None
    if timed:
        bits.take(7)
        duration = Fraction(bits.take(33), CLOCK)
    bits.take(32)  # unique_program_id, avail_num, avails_expected
    direction = Direction.OUT if out else Direction.IN
    pts = next((time for time in times if time is not None), None)
    return Splice(said.command, said.section, event_id, direction, pts, duration)


def _splice_time(bits: _Bits, adjustment: int) -> int | None:
    if not bits.take(1):
        bits.take(7)
        return None
    bits.take(6)
    return (bits.take(33) + adjustment) % PTS_WRAP


def _signal(said: Splice, segmentations: list[_Segmentation]) -> Splice:
    """A time_signal with what its segmentation descriptors make of it."""
    if not segmentations:
        return said
    directed = [one for one in segmentations if one.direction]
    agreed = len({one.direction for one in directed}) == 1
    first = directed[0] if agreed else segmentations[0]
    return Splice(
        said.command,
        said.section,
        first.event_id,
        first.direction if agreed else Direction.NONE,
        said.pts,
        first.duration,
        all(one.cancel for one in segmentations),
    )


def _segmentations(loop: bytes) -> list[_Segmentation]:
    """The segmentation descriptors of a descriptor loop, its length in front."""
    size = int.from_bytes(loop[:2], "big")
    if size + 2 > len(loop):
        raise SectionInvalid("its descriptors are longer than it is")
    found: list[_Segmentation] = []
    at, stop = 2, size + 2
    seen = 0
    while at < stop:
        seen += 1
        if seen > MOST_DESCRIPTORS:
            raise SectionInvalid(f"it has more than {MOST_DESCRIPTORS} descriptors")
        if at + 2 > stop or at + 2 + loop[at + 1] > stop:
            raise SectionInvalid("a descriptor is cut off")
        tag, body = loop[at], loop[at + 2 : at + 2 + loop[at + 1]]
        if tag == _SEGMENTATION and body[:4] == _CUEI:
            found.append(_segmentation(_Bits(body[4:])))
        at += 2 + len(body)
    return found


def _segmentation(bits: _Bits) -> _Segmentation:
    event_id = bits.take(32)
    cancel = bool(bits.take(1))
    bits.take(7)
    if cancel:
        return _Segmentation(event_id, cancel=True)
    program, timed = bool(bits.take(1)), bool(bits.take(1))
    bits.take(6)
    if not program:
        bits.take(48 * bits.take(8))
    duration = Fraction(bits.take(40), CLOCK) if timed else None
    bits.take(8)  # segmentation_upid_type
    bits.take(8 * bits.take(8))
    kind = bits.take(8)
    direction = Direction.OUT if kind in _OUT else Direction.NONE
    if kind - 1 in _OUT:
        direction = Direction.IN
    return _Segmentation(event_id, direction, duration)


def _row(value: int) -> int:
    for _ in range(8):
        value = value << 1 ^ (0x104C11DB7 if value >> 31 else 0)
    return value


_TABLE = tuple(_row(byte << 24) for byte in range(256))

"""A second pair of eyes: fragments and tracks read with nothing but `struct`.

The end-to-end tests count what was pushed and what came out with this file, never with the relay's
own parser, so that a misreading cannot agree with itself. It reads what real ffmpeg writes and what
the relay serves (ISO/IEC 14496-12 8.8; one track per moof; tfdt, or tfxd of MS-SSTR 2.2.4.4) and
fails loudly on anything else.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

TFXD = bytes.fromhex("6d1d9b0542d544e680e2141daff757b2")
"""The extended type of TfxdBox, MS-SSTR 2.2.4.4."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box by its place in the data: its header begins at `start`, its payload at `body`."""

    type: str
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class Trak:
    """One track of a moov: handler type and timescale."""

    handler: str
    timescale: int


@dataclass(frozen=True, slots=True)
class Moof:
    """One fragment: decode time and duration in ticks, sizes of its samples, hash of its media."""

    track_id: int
    time: int
    duration: int
    sizes: tuple[int, ...]
    media: str

    @property
    def samples(self) -> int:
        return len(self.sizes)

    @property
    def end(self) -> int:
        return self.time + self.duration


def walk(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The complete boxes in data[start:end]; an unfinished last one is left out."""
    stop = len(data) if end is None else end
    while start + 8 <= stop:
        size, name = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        if size < body - start:
            raise ValueError(f"box of {size} bytes at {start}")
        if start + size > stop:
            return
        yield Box(name.decode("latin-1"), start, body, start + size)
        start += size


def find(data: bytes, path: str, within: Box | None = None) -> list[Box]:
    """All boxes at a path such as `moof/traf/trun`, in order."""
    found = [within] if within else [Box("", 0, 0, len(data))]
    for name in path.split("/"):
        found = [b for outer in found for b in walk(data, outer.body, outer.end) if b.type == name]
    return found


def tracks(header: bytes) -> dict[int, Trak]:
    """The tracks of a moov (in an ingest header or an init segment) by track_ID."""
    found = {}
    for trak in find(header, "moov/trak"):
        tkhd, mdhd, hdlr = (
            find(header, path, trak)[0] for path in ("tkhd", "mdia/mdhd", "mdia/hdlr")
        )
        wide = 8 if header[tkhd.body] == 1 else 0
        (track_id,) = struct.unpack_from(">I", header, tkhd.body + 12 + wide)
        wide = 8 if header[mdhd.body] == 1 else 0
        (timescale,) = struct.unpack_from(">I", header, mdhd.body + 12 + wide)
        handler = header[hdlr.body + 8 : hdlr.body + 12].decode("ascii")
        found[track_id] = Trak(handler, timescale)
    return found


def fragments(data: bytes) -> list[Moof]:
    """Every moof that is followed by its whole mdat. Other boxes are passed over."""
    found = []
    moof: Box | None = None
    for box in walk(data):
        if box.type == "moof":
            moof = box
        elif box.type == "mdat" and moof is not None:
            found.append(_fragment(data, moof, box))
            moof = None
    return found


def _fragment(data: bytes, moof: Box, mdat: Box) -> Moof:
    (traf,) = find(data, "traf", moof)
    (tfhd,) = find(data, "tfhd", traf)
    flags, track_id = struct.unpack_from(">II", data, tfhd.body)
    at = tfhd.body + 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0)
    duration, size = 0, 0
    if flags & 8:
        (duration,) = struct.unpack_from(">I", data, at)
        at += 4
    if flags & 16:
        (size,) = struct.unpack_from(">I", data, at)
    durations: list[int] = []
    sizes: list[int] = []
    lead = 0
    for position, trun in enumerate(find(data, "trun", traf)):
        first = _samples(data, trun, (duration, size), durations, sizes)
        lead = first if position == 0 else lead
    if sum(sizes) != mdat.end - mdat.body:
        raise ValueError(f"{sum(sizes)} bytes of samples in an mdat of {mdat.end - mdat.body}")
    media = hashlib.sha256(data[mdat.body : mdat.end]).hexdigest()
    return Moof(track_id, _time(data, traf, lead), sum(durations), tuple(sizes), media)


def _samples(
    data: bytes, trun: Box, default: tuple[int, int], durations: list[int], sizes: list[int]
) -> int:
    """Add a trun's samples to both lists; the first composition offset, signed."""
    flags, count = struct.unpack_from(">II", data, trun.body)
    at = trun.body + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    lead = 0
    for position in range(count):
        values = []
        for bit in (0x100, 0x200, 0x400, 0x800):
            values.append(struct.unpack_from(">i", data, at)[0] if flags & bit else None)
            at += 4 if flags & bit else 0
        durations.append(default[0] if values[0] is None else values[0])
        sizes.append(default[1] if values[1] is None else values[1])
        lead = (values[3] or 0) if position == 0 else lead
    return lead


def _time(data: bytes, traf: Box, lead: int) -> int:
    """Decode time: tfdt as it stands, or tfxd's time less the first composition offset."""
    for tfdt in find(data, "tfdt", traf):
        wide = data[tfdt.body] == 1
        return int(struct.unpack_from(">Q" if wide else ">I", data, tfdt.body + 4)[0])
    for uuid in find(data, "uuid", traf):
        if data[uuid.body : uuid.body + 16] == TFXD:
            wide = data[uuid.body + 16] >= 1
            (time,) = struct.unpack_from(">q" if wide else ">I", data, uuid.body + 20)
            return int(time) - lead
    raise ValueError("a traf that tells no time")

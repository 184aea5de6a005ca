"""What a moov means to us (ISO/IEC 14496-12 8.2 to 8.8): its tracks, and what trex leaves unsaid.

A live header has no samples, so its sample tables, durations (all ones, from some encoders), edit
lists and creation times say nothing that we keep. Of several sample entries the first counts:
Smooth encoders write one.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from construct import Construct, ConstructError

from relay.errors import HeaderInvalid
from relay.media import Buffer, SampleDefaults
from relay.mp4.grammar import HDLR, MDHD, TKHD, TREX
from relay.mp4.smooth import PIFF_PSSH
from relay.mp4.walk import Atom, Budget, box_at, children, first
from relay.mp4.write import box

BOXES = 4096
TRACKS = 32
SYSTEMS = 16
"""Most boxes, tracks and key systems of a moov."""


@dataclass(frozen=True, slots=True)
class MovieTrack:
    """One trak. `width` and `height` as tkhd says them, in pixels; `sample_entry` is the first
    entry of stsd as a whole box, b"" where a track of neither video nor audio has none."""

    track_id: int
    handler: str
    timescale: int
    language: str
    width: int
    height: int
    sample_entry: bytes
    defaults: SampleDefaults


def parse_moov(data: Buffer) -> tuple[MovieTrack, ...]:
    """Read a whole moov box. Raises BoxInvalid or HeaderInvalid."""
    return _tracks(bytes(data))


@lru_cache(maxsize=4)
def _tracks(data: bytes) -> tuple[MovieTrack, ...]:
    """Cached, as a header is read by everyone whom it passes: 4 ms each, with 32 tracks."""
    moov = box_at(data, 0, len(data))
    if moov.type != "moov":
        raise HeaderInvalid("A moov was expected.")
    budget = Budget(BOXES)
    atoms = children(data, moov.body, moov.end, budget)
    traks = [atom for atom in atoms if atom.type == "trak"]
    if not 1 <= len(traks) <= TRACKS:
        raise HeaderInvalid(f"The moov has {len(traks)} tracks; 1 to {TRACKS} can be carried.")
    defaults: dict[int, SampleDefaults] = {}
    for mvex in atoms:
        if mvex.type == "mvex":
            for atom in children(data, mvex.body, mvex.end, budget):
                if atom.type == "trex":
                    trex = _fields(TREX, data, atom)
                    defaults[trex.track_ID] = SampleDefaults(
                        trex.default_sample_duration,
                        trex.default_sample_size,
                        trex.default_sample_flags,
                    )
    tracks = tuple(_parse_trak(data, trak, budget, defaults) for trak in traks)
    if len({track.track_id for track in tracks}) != len(tracks):
        raise HeaderInvalid("Two tracks of the moov have one track_ID.")
    return tracks


def key_systems(data: Buffer) -> tuple[bytes, ...]:
    """The moov's pssh boxes, PIFF's too (as standard ones, of which they differ in type alone).

    Each once, sorted: their order means nothing. Raises BoxInvalid, HeaderInvalid.
    """
    data = bytes(data)
    moov = box_at(data, 0, len(data))
    found = set()
    for atom in children(data, moov.body, moov.end, Budget(BOXES)):
        if atom.type == "pssh" or atom.uuid == PIFF_PSSH:
            if atom.end - atom.body < 24:  # version and flags, SystemID, DataSize
                raise HeaderInvalid("A pssh box is cut short.")
            found.add(box("pssh", data[atom.body : atom.end]))
    if len(found) > SYSTEMS:
        raise HeaderInvalid(f"The moov has {len(found)} key systems; {SYSTEMS} can be carried.")
    return tuple(sorted(found))


def _parse_trak(
    data: bytes, trak: Atom, budget: Budget, defaults: dict[int, SampleDefaults]
) -> MovieTrack:
    def inside(parent: Atom, kind: str) -> Atom:
        atom = first(children(data, parent.body, parent.end, budget), kind)
        if atom is None:
            raise HeaderInvalid(f"A track of the moov has no {kind}.")
        return atom

    tkhd = _fields(TKHD, data, inside(trak, "tkhd"))
    mdia = inside(trak, "mdia")
    mdhd = _fields(MDHD, data, inside(mdia, "mdhd"))
    handler: str = _fields(HDLR, data, inside(mdia, "hdlr")).handler_type
    stsd = inside(inside(inside(mdia, "minf"), "stbl"), "stsd")
    if tkhd.track_ID == 0:
        raise HeaderInvalid("A track has track_ID 0.")
    if mdhd.timescale == 0:
        raise HeaderInvalid(f"Track {tkhd.track_ID} has timescale 0.")
    if stsd.end - stsd.body < 8:
        raise HeaderInvalid(f"Track {tkhd.track_ID} has a broken sample description (stsd).")
    entry = b""
    if stsd.end - stsd.body > 8:
        atom = box_at(data, stsd.body + 8, stsd.end)
        entry = data[atom.start : atom.end]
    elif handler in ("vide", "soun"):
        raise HeaderInvalid(f"Track {tkhd.track_ID} does not say its codec (stsd is empty).")
    language: str = mdhd.language
    return MovieTrack(
        tkhd.track_ID,
        handler,
        mdhd.timescale,
        language if language.isascii() and language.isalpha() else "und",
        int(tkhd.width),
        int(tkhd.height),
        entry,
        defaults.get(tkhd.track_ID, SampleDefaults()),
    )


def _fields(table: Construct, data: bytes, atom: Atom) -> Any:
    try:
        return table.parse(data[atom.body : atom.end])
    except ConstructError:
        raise HeaderInvalid(f"Box '{atom.type}' is damaged.") from None

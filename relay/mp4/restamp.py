"""The same fragment as another stream sends it: number, track_ID, and what else must differ.

Samples and all other boxes stay as they are, byte for byte; a fragment without tfxd, as CMAF
encoders send it, gets one that says what its tfdt says (FMT-3). Where only number and track_ID
differ, so does nothing else; where a box changes its length, the offsets that count from the moof
(trun's, saio's) are moved along, whether they were right or not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from relay.errors import FragmentInvalid
from relay.media import Buffer, SampleDefaults
from relay.mp4.compose import Timing
from relay.mp4.compose import tfxd as timed
from relay.mp4.fragment import BOXES, TrackFragment, parse_moof
from relay.mp4.samples import DATA_OFFSET
from relay.mp4.smooth import TFXD, Tfxd
from relay.mp4.walk import Atom, Budget, box_at, children, first
from relay.mp4.write import box, tfhd, trun

_NOTHING = SampleDefaults()


@dataclass(frozen=True, slots=True)
class Marks:
    """What differs.

    shift     ticks to add to its times
    index     fragment_index that tfxd is to carry (version 2, `width` bits); None: as it came
    defaults  trex of the stream; what the fragment leaves unsaid must not mean this
    """

    shift: int = 0
    index: int | None = None
    width: int = 32
    defaults: SampleDefaults = _NOTHING


PLAIN = Marks()


def restamp(moof: bytes, sequence_number: int, track_id: int, marks: Marks = PLAIN) -> bytes:
    """The moof under another mfhd sequence_number, with its one traf as told.

    Raises FragmentInvalid where it has several, or a time does not fit 64 bits.
    """
    outer = box_at(moof, 0, len(moof))
    inner = children(moof, outer.body, outer.end, Budget(BOXES))
    tracks = parse_moof(moof).tracks
    if len(tracks) != 1:
        raise FragmentInvalid("Only a moof of one track can be given another track_ID.")
    track = tracks[0]
    head = first(track.atoms, "tfhd")
    order = first(inner, "mfhd")
    changed = bytearray(moof)
    for atom, value in ((order, sequence_number & 0xFFFFFFFF), (head, track_id)):
        if atom is not None:
            changed[atom.body + 4 : atom.body + 8] = value.to_bytes(4, "big")
    changes = _changes(bytes(changed), track, track_id, marks)
    added = _added(track, marks)
    if not changes and not added:
        return bytes(changed)
    return _rebuilt(bytes(changed), inner, track, changes, added)


def _changes(moof: bytes, track: TrackFragment, track_id: int, marks: Marks) -> dict[Atom, bytes]:
    """The children of the traf that are to be replaced."""
    changes: dict[Atom, bytes] = {}
    for atom in track.atoms:
        if atom.uuid == TFXD and track.tfxd is not None and _timed(marks):
            changes[atom] = _tfxd(moof[atom.start : atom.end], track.tfxd, marks)
        elif atom.type == "tfdt" and track.tfdt is not None and marks.shift:
            changes[atom] = box("tfdt", b"\1\0\0\0", _signed(track.tfdt + marks.shift))
        elif atom.type == "tfhd" and marks.defaults != _NOTHING:
            stream = {track_id: marks.defaults}
            if not parse_moof(moof, stream).tracks[0].complete:
                base = 0x020000 if track.base == 0 else 0
                changes[atom] = tfhd(track_id, track.defaults, base)
    return changes


def _added(track: TrackFragment, marks: Marks) -> bytes:
    """The tfxd of a traf that has none."""
    if track.tfxd is not None or track.tfdt is None:
        return b""
    time = track.tfdt + track.samples.first_offset + marks.shift
    _signed(time)
    return timed(Timing(time, track.samples.duration, marks.index, marks.width))


def _timed(marks: Marks) -> bool:
    return bool(marks.shift) or marks.index is not None


def _tfxd(atom: bytes, said: Tfxd, marks: Marks) -> bytes:
    time = _signed(said.time + marks.shift)
    if marks.index is None and said.version:
        return atom[:28] + time + atom[36:]
    return timed(Timing(said.time + marks.shift, said.duration, marks.index, marks.width))


def _signed(time: int) -> bytes:
    try:
        return time.to_bytes(8, "big", signed=True)
    except OverflowError:
        raise FragmentInvalid("A time does not fit 64 bits.") from None


def _rebuilt(
    moof: bytes,
    inner: list[Atom],
    track: TrackFragment,
    changes: dict[Atom, bytes],
    added: bytes,
) -> bytes:
    grown = len(added) + sum(len(new) - (old.end - old.start) for old, new in changes.items())

    def parts() -> Iterator[Buffer]:
        for atom in track.atoms:
            move = _MOVED.get(atom.type)
            if atom in changes:
                yield changes[atom]
            elif grown and move is not None:
                yield move(moof[atom.body : atom.end], grown)
            else:
                yield moof[atom.start : atom.end]
        yield added

    return box(
        "moof",
        *(
            box("traf", *parts()) if atom.type == "traf" else moof[atom.start : atom.end]
            for atom in inner
        ),
    )


def _trun(payload: bytes, grown: int) -> bytes:
    if not int.from_bytes(payload[:4], "big") & DATA_OFFSET:
        return box("trun", payload)
    offset = int.from_bytes(payload[8:12], "big") + grown & 0xFFFFFFFF
    return trun(payload, offset - (offset >> 31 << 32))


def _saio(payload: bytes, grown: int) -> bytes:
    """saio (ISO/IEC 14496-12 8.7.9): each of its offsets moved."""
    width = 8 if payload[:1] == b"\1" else 4
    at = 4 + (8 if payload[3:4] and payload[3] & 1 else 0) + 4
    moved = bytearray(payload)
    for start in range(at, len(payload) - width + 1, width):
        offset = int.from_bytes(payload[start : start + width], "big") + grown
        moved[start : start + width] = (offset % (1 << 8 * width)).to_bytes(width, "big")
    return box("saio", bytes(moved))


_MOVED: dict[str, Callable[[bytes, int], bytes]] = {"trun": _trun, "saio": _saio}

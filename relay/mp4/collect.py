"""Several CMAF tracks as one movie file (ISO/IEC 14496-12 8.2, 8.8), fragment by fragment.

A CMAF track is a movie of one track, and each calls its own the first (`packagers.cmaf`). In one
file they have one moov, and numbers of their own: in tkhd and trex, and in the tfhd of every
fragment. Times count from the first second of what is collected, since no player shows a file that
begins in 1970 well: the same whole seconds are taken from all tracks, so what began together still
does. Samples and their tables stay as they are, and so does the number of frames.
"""

from collections.abc import Sequence

from relay.errors import FragmentInvalid, HeaderInvalid
from relay.mp4.walk import Atom, Budget, children, first
from relay.mp4.write import box

BOXES = 256


def header(inits: Sequence[bytes]) -> bytes:
    """ftyp and moov of a file with the tracks of these init segments, numbered from 1.

    Raises HeaderInvalid, BoxInvalid.
    """
    traks, trexes = [], []
    ftyp = mvhd = b""
    for number, init in enumerate(inits, 1):
        budget = Budget(BOXES)
        top = children(init, 0, len(init), budget)
        moov = _needed(top, "moov")
        inside = children(init, moov.body, moov.end, budget)
        trak, mvex = _needed(inside, "trak"), _needed(inside, "mvex")
        tkhd = _needed(children(init, trak.body, trak.end, budget), "tkhd")
        trex = _needed(children(init, mvex.body, mvex.end, budget), "trex")
        at = tkhd.body + (20 if init[tkhd.body : tkhd.body + 1] == b"\1" else 12)  # 8.3.2.2
        traks.append(_patched(init, trak, at, number))
        trexes.append(_patched(init, trex, trex.body + 4, number))
        if number == 1:
            head = _needed(top, "ftyp")
            ftyp = init[head.start : head.end]
            movie = _needed(inside, "mvhd")
            mvhd = _patched(init, movie, movie.end - 4, len(inits) + 1)  # next_track_ID
    return ftyp + box("moov", mvhd, *traks, box("mvex", *trexes))


def timescale(init: bytes) -> int:
    """Ticks per second of the track of an init segment. Raises HeaderInvalid, BoxInvalid."""
    budget, start, end = Budget(BOXES), 0, len(init)
    for kind in ("moov", "trak", "mdia", "mdhd"):
        atom = _needed(children(init, start, end, budget), kind)
        start, end = atom.body, atom.end
    at = start + (20 if init[start : start + 1] == b"\1" else 12)  # 8.4.2.2
    scale = int.from_bytes(init[at : at + 4], "big")
    if not scale:
        raise HeaderInvalid("An init segment has no timescale.")
    return scale


def begins(segment: bytes) -> int:
    """Decode time of a segment's first fragment, in ticks. Raises FragmentInvalid, BoxInvalid."""
    moof = first(children(segment, 0, len(segment), Budget(BOXES)), "moof")
    if moof is None:
        raise FragmentInvalid("A segment holds no fragment.")
    _, tfdt = _traf(segment, moof)
    return int.from_bytes(segment[tfdt.body + 4 : tfdt.body + 12], "big")


def fragments(segment: bytes, number: int, shift: int) -> bytes:
    """The fragments of a segment, of track `number`, `shift` ticks earlier.

    Raises FragmentInvalid, BoxInvalid.
    """
    parts: list[bytes] = []
    for atom in children(segment, 0, len(segment), Budget(BOXES)):
        if atom.type == "moof":
            tfhd, tfdt = _traf(segment, atom)
            time = int.from_bytes(segment[tfdt.body + 4 : tfdt.body + 12], "big") - shift
            moof = bytearray(segment[atom.start : atom.end])
            at = tfhd.body + 4 - atom.start
            moof[at : at + 4] = number.to_bytes(4, "big")
            at = tfdt.body + 4 - atom.start
            moof[at : at + 8] = max(0, time).to_bytes(8, "big")
            parts.append(bytes(moof))
        elif atom.type == "mdat":
            parts.append(segment[atom.start : atom.end])
    return b"".join(parts)


def _traf(segment: bytes, moof: Atom) -> tuple[Atom, Atom]:
    """tfhd, and a tfdt of version 1, of the one traf."""
    budget = Budget(BOXES)
    traf = first(children(segment, moof.body, moof.end, budget), "traf")
    inside = [] if traf is None else children(segment, traf.body, traf.end, budget)
    tfhd, tfdt = first(inside, "tfhd"), first(inside, "tfdt")
    if tfhd is None or tfdt is None or tfdt.end - tfdt.body != 12:
        raise FragmentInvalid("A fragment has no track or no time.")
    return tfhd, tfdt


def _needed(atoms: list[Atom], kind: str) -> Atom:
    found = first(atoms, kind)
    if found is None:
        raise HeaderInvalid(f"An init segment has no {kind}.")
    return found


def _patched(data: bytes, atom: Atom, at: int, value: int) -> bytes:
    """A box with another 32-bit number at a place in `data`."""
    return data[atom.start : at] + value.to_bytes(4, "big") + data[at + 4 : atom.end]

"""A moov with one of its tracks alone: the others' trak and trex left out, all else as it came."""

from relay.errors import HeaderInvalid
from relay.mp4.movie import BOXES, parse_moov
from relay.mp4.walk import Atom, Budget, box_at, children, first
from relay.mp4.write import box

_WHERE = {"tkhd": (12, 20), "trex": (4, 4)}
"""Where track_ID stands in the payload, in version 0 and in version 1 (14496-12 8.3.2, 8.8.3)."""


def only_track(moov: bytes, track_id: int) -> bytes:
    """The moov of one track. Raises BoxInvalid, or HeaderInvalid when it does not hold it."""
    if track_id not in {track.track_id for track in parse_moov(moov)}:
        raise HeaderInvalid(f"The moov has no track_ID {track_id}.")
    budget = Budget(BOXES)
    outer = box_at(moov, 0, len(moov))
    parts: list[bytes] = []
    for atom in children(moov, outer.body, outer.end, budget):
        if atom.type == "trak":
            head = first(children(moov, atom.body, atom.end, budget), "tkhd")
            if head is None or _names(moov, head) != track_id:
                continue
        elif atom.type == "mvex":
            inside = children(moov, atom.body, atom.end, budget)
            kept = [one for one in inside if one.type != "trex" or _names(moov, one) == track_id]
            parts.append(box("mvex", *(moov[one.start : one.end] for one in kept)))
            continue
        parts.append(moov[atom.start : atom.end])
    return box("moov", *parts)


def _names(moov: bytes, atom: Atom) -> int:
    at = atom.body + _WHERE[atom.type][moov[atom.body] == 1]
    return int.from_bytes(moov[at : at + 4], "big")

"""A moov whose codec configuration is missing, completed from parameter sets in the samples.

An encoder without global headers (ffmpeg's fifo muxer, for one) leaves avcC or hvcC empty.
"""

from relay.media import Buffer
from relay.mp4 import avc, hevc
from relay.mp4.walk import Atom, Budget, box_at, children, first
from relay.mp4.write import box

_ENTRIES = {"avc1": "avcC", "avc3": "avcC", "hvc1": "hvcC", "hev1": "hvcC"}
_VISUAL = 78
_BOXES = 4096


def missing(sample_entry: bytes) -> str:
    """The box that a sample entry of video lacks or leaves empty; "" when nothing is missing."""
    kind = _ENTRIES.get(sample_entry[4:8].decode("latin-1"), "")
    if not kind or len(sample_entry) < 8 + _VISUAL:
        return ""
    atoms = children(sample_entry, 8 + _VISUAL, len(sample_entry), Budget(64))
    found = first(atoms, kind)
    return kind if found is None or found.body == found.end else ""


def record(kind: str, sample: Buffer) -> bytes:
    """What belongs into the box `kind` by a sample's parameter sets; b"" when it has not all.

    Raises HeaderInvalid.
    """
    if kind == "hvcC":
        sets = hevc.parameter_sets(sample)
        return hevc.configuration(*sets) if all(sets) else b""
    sps, pps = avc.parameter_sets(sample)
    return avc.configuration(sps, pps) if sps and pps else b""


def configured(moov: bytes, track_id: int, kind: str, payload: bytes) -> bytes:
    """The moov with a box `kind` for this track. Raises BoxInvalid, HeaderInvalid."""
    budget = Budget(_BOXES)
    entries = "|".join(entry for entry, box_kind in _ENTRIES.items() if box_kind == kind)

    def rebuilt(atom: Atom, path: tuple[str, ...], *, inside: bool) -> bytes:
        """`atom` with the boxes along `path` renewed; a trak counts only if it is ours."""
        head = 8 if atom.type == "stsd" else _VISUAL if atom.type in _ENTRIES else 0
        start = atom.body + head
        parts = [moov[atom.body : start]]
        if not path:
            kept = (a for a in children(moov, start, atom.end, budget) if a.type != kind)
            parts += [box(kind, payload), *(moov[a.start : a.end] for a in kept)]
            return box(atom.type, *parts)
        for child in children(moov, start, atom.end, budget):
            ours = child.type in path[0].split("|") and (inside or _is(moov, child, track_id))
            whole = moov[child.start : child.end]
            parts.append(rebuilt(child, path[1:], inside=True) if ours else whole)
        return box(atom.type, *parts)

    path = ("trak", "mdia", "minf", "stbl", "stsd", entries)
    return rebuilt(box_at(moov, 0, len(moov)), path, inside=False)


def _is(moov: bytes, trak: Atom, track_id: int) -> bool:
    tkhd = first(children(moov, trak.body, trak.end, Budget(_BOXES)), "tkhd")
    if tkhd is None:
        return False
    at = tkhd.body + (20 if moov[tkhd.body] == 1 else 12)
    return int.from_bytes(moov[at : at + 4], "big") == track_id

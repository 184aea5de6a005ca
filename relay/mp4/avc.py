"""H.264 parameter sets that an encoder left in the samples instead of the header.

An encoder without global headers (ffmpeg's fifo muxer, for one) writes an empty avcC and sends SPS
and PPS in front of each IDR picture. The configuration record can be made from these (ISO/IEC
14496-15 5.3.3.1.2), as the muxer would have made it; profile, level and, for the high profiles,
chroma format and bit depth come from the SPS (ITU-T H.264 7.3.2.1.1).
"""

from collections.abc import Iterator

from relay.errors import HeaderInvalid
from relay.media import Buffer
from relay.mp4.walk import Atom, Budget, box_at, children, first
from relay.mp4.write import box

SPS, PPS = 7, 8
MOST_SETS = 16
_HIGH = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
_ENTRY_HEAD = 8 + 78
_BOXES = 4096
_LENGTH = 4  # bytes of a NAL unit's length, as all muxers write it


def parameter_sets(sample: Buffer) -> tuple[list[bytes], list[bytes]]:
    """The distinct SPS and PPS of a sample of length-prefixed NAL units; empty if it has none."""
    found: tuple[list[bytes], list[bytes]] = ([], [])
    for unit in _units(memoryview(sample)):
        kind = unit[0] & 31
        if kind in (SPS, PPS):
            sets = found[kind - SPS]
            if unit not in sets and len(sets) < MOST_SETS:
                sets.append(bytes(unit))
    return found


def configuration(sps: list[bytes], pps: list[bytes]) -> bytes:
    """The AVCDecoderConfigurationRecord of these parameter sets. Raises HeaderInvalid."""
    if not sps or not pps or len(sps[0]) < 4:
        raise HeaderInvalid("The parameter sets in the samples are damaged.")
    head = bytes((1, *sps[0][1:4], 0xFC | (_LENGTH - 1), 0xE0 | len(sps)))
    parts = [head, *(_sized(unit) for unit in sps), bytes((len(pps),)), *map(_sized, pps)]
    if sps[0][1] in _HIGH:
        chroma, luma_depth, chroma_depth = _formats(sps[0])
        parts.append(bytes((0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0)))
    return b"".join(parts)


def configured(moov: bytes, track_id: int, record: bytes) -> bytes:
    """The moov with `record` as the avcC of this track. Raises BoxInvalid, HeaderInvalid."""
    budget = Budget(_BOXES)

    def rebuilt(atom: Atom, path: tuple[str, ...], *, inside: bool) -> bytes:
        """`atom` with the boxes along `path` renewed; a trak counts only if it is ours."""
        head = {"stsd": 8, "avc1": 78, "avc3": 78}.get(atom.type, 0)
        start = atom.body + head
        parts = [moov[atom.body : start]]
        if not path:
            kept = (a for a in children(moov, start, atom.end, budget) if a.type != "avcC")
            parts += [box("avcC", record), *(moov[a.start : a.end] for a in kept)]
            return box(atom.type, *parts)
        for child in children(moov, start, atom.end, budget):
            ours = child.type in path[0].split("|") and (inside or _is(moov, child, track_id))
            whole = moov[child.start : child.end]
            parts.append(rebuilt(child, path[1:], inside=True) if ours else whole)
        return box(atom.type, *parts)

    path = ("trak", "mdia", "minf", "stbl", "stsd", "avc1|avc3")
    return rebuilt(box_at(moov, 0, len(moov)), path, inside=False)


def lacks_configuration(sample_entry: bytes) -> bool:
    """An AVC sample entry whose avcC is missing or empty."""
    if sample_entry[4:8] not in (b"avc1", b"avc3") or len(sample_entry) < _ENTRY_HEAD:
        return False
    found = first(children(sample_entry, _ENTRY_HEAD, len(sample_entry), Budget(64)), "avcC")
    return found is None or found.body == found.end


def _is(moov: bytes, trak: Atom, track_id: int) -> bool:
    tkhd = first(children(moov, trak.body, trak.end, Budget(_BOXES)), "tkhd")
    if tkhd is None:
        return False
    at = tkhd.body + (20 if moov[tkhd.body] == 1 else 12)
    return int.from_bytes(moov[at : at + 4], "big") == track_id


def _units(sample: memoryview) -> Iterator[memoryview]:
    at = 0
    while at + _LENGTH < len(sample):
        size = int.from_bytes(sample[at : at + _LENGTH], "big")
        unit = sample[at + _LENGTH : at + _LENGTH + size]
        if not size or len(unit) < size:
            return
        yield unit
        at += _LENGTH + size


def _sized(unit: bytes) -> bytes:
    return len(unit).to_bytes(2, "big") + unit


def _formats(sps: bytes) -> tuple[int, int, int]:
    """chroma_format_idc, bit_depth_luma_minus8, bit_depth_chroma_minus8."""
    bits = "".join(f"{byte:08b}" for byte in sps[4:32].replace(b"\0\0\3", b"\0\0"))
    at = 0

    def ue() -> int:  # Exp-Golomb, 9.1
        nonlocal at
        zeros = 0
        while bits[at + zeros : at + zeros + 1] == "0":
            zeros += 1
        value = bits[at + zeros : at + 2 * zeros + 1]
        at += 2 * zeros + 1
        if len(value) <= zeros:
            raise HeaderInvalid("The SPS in the samples is cut short.")
        return int(value, 2) - 1

    ue()  # seq_parameter_set_id
    chroma = ue()
    if chroma == 3:  # 4:4:4 may have separate colour planes
        at += 1
    return chroma & 3, ue() & 7, ue() & 7

"""CodecPrivateData and FourCC, as live server manifests name a codec ([MS-SSTR] 2.2.2.5).

Video: its parameter sets in Annex B form, from avcC or hvcC (ISO/IEC 14496-15 5.3.3, 8.3.3). AAC:
the AudioSpecificConfig from esds (14496-1 7.2.6). A receiver takes the truth from the moov; this
is for those that look here first. What has no such form is described by its FourCC alone.
"""

from dataclasses import dataclass

from relay.media import Buffer
from relay.mp4.codecs import describe
from relay.mp4.walk import Budget, box_at, children

START_CODE = b"\0\0\0\1"
_BEFORE_CHILDREN = {"vide": 78, "soun": 28}
_FOURCC = {
    "avc1": "H264",
    "avc3": "H264",
    "hvc1": "HVC1",
    "hev1": "HEV1",
    "mp4a": "AACL",
    "ac-3": "AC-3",
    "ec-3": "EC-3",
}
_DESCRIPTORS = (0x03, 0x04, 0x05)
"""ES_Descriptor, DecoderConfigDescriptor, DecoderSpecificInfo: each within the one before."""


@dataclass(frozen=True, slots=True)
class PrivateData:
    """`data`: CodecPrivateData, b"" where the codec has none."""

    fourcc: str
    data: bytes


def private_data(sample_entry: bytes, handler: str) -> PrivateData:
    """Of a sample entry (a whole box). Raises CodecUnsupported, HeaderInvalid."""
    coding = describe(sample_entry, handler).fourcc  # refuses what is damaged
    entry = box_at(sample_entry, 0, len(sample_entry))
    fourcc = _FOURCC.get(entry.type, _FOURCC.get(coding, coding))
    start = entry.body + _BEFORE_CHILDREN[handler]
    if entry.end - start < 8:
        return PrivateData(fourcc, b"")
    for atom in children(sample_entry, start, entry.end, Budget(64)):
        read = _READ.get(atom.type)
        if read is not None:
            try:
                return PrivateData(fourcc, read(sample_entry[atom.body : atom.end]))
            except IndexError:  # cut short, in an entry of another kind, which nobody has looked at
                break
    return PrivateData(fourcc, b"")


def _avc(payload: bytes) -> bytes:
    """avcC has sequence parameter sets, then picture parameter sets."""
    sets, at = _sets(payload, 6, payload[5] & 31)
    more, _ = _sets(payload, at + 1, payload[at]) if at < len(payload) else (b"", at)
    return sets + more


def _sets(payload: Buffer, at: int, count: int) -> tuple[bytes, int]:
    """`count` parameter sets behind 16-bit lengths, in Annex B; and where they end."""
    found = []
    for _ in range(count):
        size = int.from_bytes(payload[at : at + 2], "big")
        found.append(START_CODE + payload[at + 2 : at + 2 + size])
        at += 2 + size
    return b"".join(found), at


def _arrays(payload: bytes) -> bytes:
    """hvcC keeps parameter sets in arrays by type: VPS, SPS, PPS."""
    found = []
    at = 23
    for _ in range(payload[22]):
        sets, at = _sets(payload, at + 3, int.from_bytes(payload[at + 1 : at + 3], "big"))
        found.append(sets)
    return b"".join(found)


def _specific(payload: bytes) -> bytes:
    """The AudioSpecificConfig in an esds that `describe` has found in order."""
    at, size = 4, 0
    for tag in _DESCRIPTORS:
        if at >= len(payload) or payload[at] != tag:
            return b""
        at += 1
        size = payload[at] & 0x7F
        while payload[at] & 0x80:
            at += 1
            size = size << 7 | payload[at] & 0x7F
        at += 1
        if tag == 0x03:
            flags = payload[at + 2]
            at += 3 + (2 if flags & 0x80 else 0) + (2 if flags & 0x20 else 0)
            at += 1 + payload[at] if flags & 0x40 else 0
        elif tag == 0x04:
            at += 13
    return payload[at : at + size]


_READ = {"avcC": _avc, "hvcC": _arrays, "esds": _specific}

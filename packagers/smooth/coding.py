"""What a Smooth manifest says of a track's coding: FourCC, CodecPrivateData, AudioTag.

There is no init segment in Smooth: a player makes one from these. [MS-SSTR] 2.2.2.5 defines H264
and AACL only; the rest is what servers write and players read:

    H264   each parameter set behind a start code         AVC
    HVC1   likewise, VPS, SPS, PPS                        HEVC
    AACL, AACH, AACP   AudioSpecificConfig                AAC-LC, HE-AAC, HE-AAC version 2
    EC-3   the tail of WAVEFORMATEXTENSIBLE, then dec3    E-AC-3
    AC-3   nothing: all is in the stream                  AC-3
    TTML   nothing                                        stpp

(2.2.2.5 says that AACL's should be empty; every server fills it, and what can be derived from
nothing is not always what was sent.) What no player of Smooth knows, Opus or WebVTT, and what is
encrypted, whose key no manifest of ours can tell, is left out of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from relay.media import Kind, Track
from relay.mp4.aac import describe_esds
from relay.mp4.walk import Budget, box_at, children, first

_HEADS = {Kind.VIDEO: 78, Kind.AUDIO: 28}
"""Bytes of a sample entry before its children."""
_BOXES = 64
_START = b"\0\0\0\1"
_HEVC_SETS = (32, 33, 34)
"""VPS, SPS, PPS."""
_AAC = {"5": "AACH", "29": "AACP"}
_TAG_AAC, _TAG_AC3, _TAG_EXTENSIBLE = 255, 0x2000, 65534
_DOLBY_DIGITAL_PLUS = bytes.fromhex("af87fba7022dfb42a4d405cd93843bdd")
_EAC3_SAMPLES = 1536
_SPEAKERS = {1: 0x4, 2: 0x3, 3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 8: 0x63F}
"""dwChannelMask by the number of channels."""


@dataclass(frozen=True, slots=True)
class Coding:
    """`private`: CodecPrivateData. `tag`: AudioTag. `length`: bytes of a NAL unit's length."""

    four_cc: str
    private: bytes = b""
    tag: int = 0
    length: int = 4


@lru_cache(maxsize=1024)
def coding(track: Track) -> Coding | None:
    """How a track is announced; None when it cannot be."""
    if track.protection is not None:
        return None
    entry = track.sample_entry
    kind = entry[4:8].decode("latin-1")
    if track.key.kind is Kind.TEXT:
        return Coding("TTML") if track.codecs.startswith("stpp") else None
    read = {"avc1": _avc, "avc3": _avc, "hvc1": _hevc, "hev1": _hevc}.get(kind)
    if read is not None:
        return read(_box(track, f"{kind[:3].replace('hev', 'hvc')}C"))
    if kind == "mp4a":
        said = _box(track, "esds")
        specific = describe_esds(said).specific if said else b""
        named = _AAC.get(track.codecs.rpartition(".")[2], "AACL")
        return Coding(named, specific, _TAG_AAC) if specific else None
    if kind == "ec-3":
        mask = _SPEAKERS.get(track.channels, 0).to_bytes(4, "little")
        tail = _EAC3_SAMPLES.to_bytes(2, "little") + mask + _DOLBY_DIGITAL_PLUS
        return Coding("EC-3", tail + _box(track, "dec3"), _TAG_EXTENSIBLE)
    return Coding("AC-3", b"", _TAG_AC3) if kind == "ac-3" else None


def _box(track: Track, kind: str) -> bytes:
    """The payload of a box in the sample entry, which was whole when the track was accepted."""
    data = track.sample_entry
    entry = box_at(data, 0, len(data))
    atoms = children(data, entry.body + _HEADS[track.key.kind], entry.end, Budget(_BOXES))
    found = first(atoms, kind)
    return data[found.body : found.end] if found is not None else b""


def _avc(config: bytes) -> Coding | None:
    """AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1)."""
    if len(config) < 7:
        return None
    sequences, at = _sets(config, 6, config[5] & 31)
    pictures, _ = _sets(config, at + 1, int.from_bytes(config[at : at + 1], "big"))
    return Coding("H264", _behind_start_codes(sequences + pictures), length=(config[4] & 3) + 1)


def _hevc(config: bytes) -> Coding | None:
    """HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 8.3.3.1)."""
    if len(config) < 23:
        return None
    at = 23
    arrays: dict[int, list[bytes]] = {}
    for _ in range(config[22]):
        kind, count = config[at] & 0x3F, int.from_bytes(config[at + 1 : at + 3], "big")
        arrays[kind], at = _sets(config, at + 3, count)
    ordered = [unit for kind in _HEVC_SETS for unit in arrays.get(kind, [])]
    return Coding("HVC1", _behind_start_codes(ordered), length=(config[21] & 3) + 1)


def _sets(config: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """`count` parameter sets, each behind its size in two bytes, and where they end."""
    found = []
    for _ in range(count):
        size = int.from_bytes(config[at : at + 2], "big")
        found.append(config[at + 2 : at + 2 + size])
        at += 2 + size
    return found, at


def _behind_start_codes(units: Iterable[bytes]) -> bytes:
    return b"".join(_START + unit for unit in units)

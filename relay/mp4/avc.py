"""H.264 parameter sets that an encoder left in the samples instead of the header.

An encoder without global headers (ffmpeg's fifo muxer, for one) writes an empty avcC and sends SPS
and PPS in front of each IDR picture. The configuration record can be made from these (ISO/IEC
14496-15 5.3.3.1.2), as the muxer would have made it; profile, level and, for the high profiles,
chroma format and bit depth come from the SPS (ITU-T H.264 7.3.2.1.1).
"""

from relay.errors import HeaderInvalid
from relay.media import Buffer
from relay.mp4.nal import LENGTH, LONGEST, exp_golomb, raw, units

SPS, PPS = 7, 8
MOST_SETS = 16
_HIGH = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


def parameter_sets(sample: Buffer) -> tuple[list[bytes], list[bytes]]:
    """The distinct SPS and PPS of a sample of length-prefixed NAL units; empty if it has none."""
    found: tuple[list[bytes], list[bytes]] = ([], [])
    for unit in units(sample):
        kind = unit[0] & 31
        if kind in (SPS, PPS):
            sets = found[kind - SPS]
            if unit not in sets and len(sets) < MOST_SETS and len(unit) < LONGEST:
                sets.append(bytes(unit))
    return found


def configuration(sps: list[bytes], pps: list[bytes]) -> bytes:
    """The AVCDecoderConfigurationRecord of these parameter sets. Raises HeaderInvalid."""
    if not sps or not pps or len(sps[0]) < 4:
        raise HeaderInvalid("The parameter sets in the samples are damaged.")
    head = bytes((1, *sps[0][1:4], 0xFC | (LENGTH - 1), 0xE0 | len(sps)))
    parts = [head, *(_sized(unit) for unit in sps), bytes((len(pps),)), *map(_sized, pps)]
    if sps[0][1] in _HIGH:
        chroma, luma_depth, chroma_depth = _formats(sps[0])
        parts.append(bytes((0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0)))
    return b"".join(parts)


def _sized(unit: bytes) -> bytes:
    return len(unit).to_bytes(2, "big") + unit


def _formats(sps: bytes) -> tuple[int, int, int]:
    """chroma_format_idc, bit_depth_luma_minus8, bit_depth_chroma_minus8."""
    bits = raw(sps[4:32])
    _, at = exp_golomb(bits, 0)  # seq_parameter_set_id
    chroma, at = exp_golomb(bits, at)
    at += chroma == 3  # 4:4:4 may have separate colour planes
    luma_depth, at = exp_golomb(bits, at)
    chroma_depth, _ = exp_golomb(bits, at)
    return chroma & 3, luma_depth & 7, chroma_depth & 7

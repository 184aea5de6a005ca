"""hvcC, the configuration of an HEVC track (ISO/IEC 14496-15 8.3.3): its codec string, its form.

`hvc1` promises that all parameter sets stand in the sample entry, `hev1` that they may also come in
the samples (8.4.1.1). Apple's players take `hvc1` only, and most encoders that write `hev1`, ffmpeg
among them, have all sets in the entry nevertheless. So where VPS, SPS and PPS are there, the entry
is called `hvc1`, whatever it was called, with array_completeness 1, which is mandatory then
(8.3.3.1.3). Sets that samples repeat stay there: decoders read them and find what they know.

The canonical form leaves out SEI, which holds the encoder's options, number of threads included.
"""

from collections.abc import Iterator

from relay.errors import HeaderInvalid
from relay.media import Buffer
from relay.mp4.nal import LENGTH, LONGEST, exp_golomb, raw, unescaped, units

MOST_SETS = 16
_HEAD = 22
_COMPLETE = 0x80
_VPS, _SPS, _PPS = 32, 33, 34
_PARAMETER_SETS = frozenset((_VPS, _SPS, _PPS))
"""nal_unit_type of VPS, SPS, PPS (ITU-T H.265 table 7-1)."""
_SEI = frozenset((39, 40))


def suffix(config: bytes) -> str:
    """What follows `hvc1` in the codec string (E.3): profile space and idc, reversed compatibility
    flags, tier and level, constraints. Raises HeaderInvalid."""
    if len(config) <= _HEAD:
        raise HeaderInvalid("The hvcC box is cut short.")
    space = ("", "A", "B", "C")[config[1] >> 6]
    compatibility = int(f"{int.from_bytes(config[2:6], 'big'):032b}"[::-1], 2)
    tier = "H" if config[1] & 0x20 else "L"
    constraints = "".join(f".{c:X}" for c in config[6:12].rstrip(b"\0"))
    return f".{space}{config[1] & 31}.{compatibility:X}.{tier}{config[12]}{constraints}"


def complete(config: bytes) -> bool:
    """All kinds of parameter sets are in it. Raises HeaderInvalid."""
    held = {array[0] & 0x3F for array in _arrays(config) if array[1:3] != bytes(2)}
    return held >= _PARAMETER_SETS


def canonical(config: bytes, *, hvc1: bool) -> bytes:
    """The configuration without SEI. `hvc1`: its parameter sets are all that there are."""
    kept = []
    for array in _arrays(config):
        kind = array[0] & 0x3F
        if kind not in _SEI:
            whole = hvc1 and kind in _PARAMETER_SETS
            kept.append(bytes((array[0] | _COMPLETE,)) + array[1:] if whole else array)
    return b"".join((config[:_HEAD], bytes((len(kept),)), *kept))


def parameter_sets(sample: Buffer) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """The distinct VPS, SPS and PPS of a sample; empty lists where it has none."""
    found: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])
    for unit in units(sample):
        kind = unit[0] >> 1 & 0x3F
        if kind in _PARAMETER_SETS:
            sets = found[kind - _VPS]
            if unit not in sets and len(sets) < MOST_SETS and len(unit) < LONGEST:
                sets.append(bytes(unit))
    return found


def configuration(vps: list[bytes], sps: list[bytes], pps: list[bytes]) -> bytes:
    """The HEVCDecoderConfigurationRecord of these sets, of each at least one. Raises HeaderInvalid.

    profile_tier_level and formats are those of the SPS (ITU-T H.265 7.3.2.2.1, 7.3.3).
    """
    general = unescaped(sps[0])[3:15]  # behind the unit's header, and a byte of counts
    bits = raw(sps[0][:256])
    layers = int(bits[20:23] or "0", 2)  # sps_max_sub_layers_minus1
    nested = int(bits[23:24] or "0")
    at = 24 + 96
    if layers:
        present = bits[at : at + 2 * layers]
        at += 16 + 88 * present[::2].count("1") + 8 * present[1::2].count("1")
    _, at = exp_golomb(bits, at)  # sps_seq_parameter_set_id
    chroma, at = exp_golomb(bits, at)
    at += chroma == 3  # separate_colour_plane_flag
    for _ in range(2):  # width, height
        _, at = exp_golomb(bits, at)
    at += 1
    for _ in range(4 * int(bits[at - 1 : at] or "0")):  # the conformance window
        _, at = exp_golomb(bits, at)
    luma_depth, at = exp_golomb(bits, at)
    chroma_depth, _ = exp_golomb(bits, at)
    formats = bytes((0xFC | chroma & 3, 0xF8 | luma_depth & 7, 0xF8 | chroma_depth & 7))
    last = (layers + 1 & 7) << 3 | nested << 2 | LENGTH - 1
    head = b"\1" + general + b"\xf0\0\xfc" + formats + bytes((0, 0, last, 3))
    arrays = [_array(kind, sets) for kind, sets in ((_VPS, vps), (_SPS, sps), (_PPS, pps))]
    return b"".join((head, *arrays))


def _array(kind: int, sets: list[bytes]) -> bytes:
    sized = (len(unit).to_bytes(2, "big") + unit for unit in sets)
    return b"".join((bytes((_COMPLETE | kind,)), len(sets).to_bytes(2, "big"), *sized))


def _arrays(config: bytes) -> Iterator[bytes]:
    """Each array, with its head: type, number of units, units behind their 16-bit length."""
    if len(config) <= _HEAD:
        raise HeaderInvalid("The hvcC box is cut short.")
    at = _HEAD + 1
    for _ in range(config[_HEAD]):
        start = at
        at += 3
        for _ in range(int.from_bytes(config[start + 1 : at], "big")):
            at += 2 + int.from_bytes(config[at : at + 2], "big")
            if at > len(config):
                raise HeaderInvalid("The hvcC box is cut short.")
        if at > len(config):
            raise HeaderInvalid("The hvcC box is cut short.")
        yield config[start:at]

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

_HEAD = 22
_COMPLETE = 0x80
_PARAMETER_SETS = frozenset((32, 33, 34))
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

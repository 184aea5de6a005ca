"""NAL units of H.264 and HEVC in samples (ISO/IEC 14496-15 4.3), and the bits of their headers.

A sample is a row of units, each behind its length. What is in a unit is escaped, so that no start
code shows in it (ITU-T H.264 7.4.1.1), and its numbers are of all lengths (9.1).
"""

from collections.abc import Iterator

from relay.errors import HeaderInvalid
from relay.media import Buffer

LENGTH = 4
"""Bytes of a NAL unit's length, as all muxers write it."""
MOST = 1_024
"""Units of a sample that are looked at; parameter sets come first."""
LONGEST = 1 << 16
"""Bytes that no parameter set reaches: configuration records say its length in 16 bits."""


def units(sample: Buffer) -> Iterator[memoryview]:
    """The first units of a sample, up to one that is cut short; none is empty."""
    data = memoryview(sample)
    at = 0
    for _ in range(MOST):
        if at + LENGTH >= len(data):
            return
        size = int.from_bytes(data[at : at + LENGTH], "big")
        unit = data[at + LENGTH : at + LENGTH + size]
        if not size or len(unit) < size:
            return
        yield unit
        at += LENGTH + size


def unescaped(unit: bytes) -> bytes:
    """Without emulation prevention."""
    return unit.replace(b"\0\0\3", b"\0\0")


def raw(unit: bytes) -> str:
    """The bits of a unit, unescaped, as "0" and "1"."""
    return "".join(f"{byte:08b}" for byte in unescaped(unit))


def exp_golomb(bits: str, at: int) -> tuple[int, int]:
    """ue(v) at `at`, and where it ends. Raises HeaderInvalid."""
    zeros = 0
    while bits[at + zeros : at + zeros + 1] == "0":
        zeros += 1
    end = at + 2 * zeros + 1
    if end > len(bits):
        raise HeaderInvalid("The SPS in the samples is cut short.")
    return int(bits[at + zeros : end], 2) - 1, end

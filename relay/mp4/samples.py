"""The samples of a track fragment as columns (TrackRunBox, ISO/IEC 14496-12 8.8.8).

A trun is a table of up to four 32-bit columns behind a small header. It is read by columns, since
this is the one box whose reading costs: an `array` takes all of it at once, and a slice with a
stride is a column. The count is checked against the bytes before anything is made of it: twelve
bytes can announce 2^32 samples without a field.
"""

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

from relay.errors import FragmentInvalid
from relay.media import Buffer, SampleDefaults

SAMPLES = 10_000
"""Most samples of a moof: a run without columns announces them without a byte for each."""

DATA_OFFSET, FIRST_FLAGS, DURATION, SIZE, FLAGS, COMPOSITION = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
NON_SYNC = 0x00010000
"""sample_is_non_sync_sample in a sample's flags (8.8.3.1)."""

_HEAD = Struct(">II")
_SIGNED = Struct(">i")
_WORD = Struct(">I")


@dataclass(frozen=True, slots=True)
class Samples:
    """Parallel columns: duration, size, flags and composition offset of every sample, in order."""

    durations: Sequence[int]
    sizes: Sequence[int]
    flags: Sequence[int]
    offsets: Sequence[int]

    @property
    def count(self) -> int:
        return len(self.sizes)

    @property
    def duration(self) -> int:
        """Sum of the sample durations, in ticks."""
        return sum(self.durations)

    @property
    def first_offset(self) -> int:
        """Composition offset of the first sample in decode order, signed; 0 without samples."""
        return self.offsets[0] if self.offsets else 0

    @property
    def sync(self) -> bool:
        """The first sample is a sync sample."""
        return bool(self.flags) and not self.flags[0] & NON_SYNC


@dataclass(frozen=True, slots=True)
class Run:
    """One trun: its samples, their bytes in all, and where it says they lie (None: it does not).

    said    the columns that it holds itself, as flags of the trun (first_sample_flags included)
    """

    samples: Samples
    size: int
    data_offset: int | None
    said: int


def parse_run(payload: Buffer, defaults: SampleDefaults, limit: int = SAMPLES) -> Run:
    """Read a trun from what follows its box header. `defaults` stand for absent columns.

    Raises FragmentInvalid, also when it announces more than `limit` samples.
    """
    if len(payload) < 8:
        raise FragmentInvalid("A trun is too short to hold its sample count.")
    word, count = _HEAD.unpack_from(payload)
    version, said = word >> 24, word & 0xFFFFFF
    at = 8
    data_offset = first_flags = None
    columns = [flag for flag in (DURATION, SIZE, FLAGS, COMPOSITION) if said & flag]
    prefix = 4 * (bool(said & DATA_OFFSET) + bool(said & FIRST_FLAGS))
    if count > limit or 8 + prefix + 4 * len(columns) * count > len(payload):
        raise FragmentInvalid(
            f"A trun of {len(payload)} bytes announces {count} samples.",
            hint=f"At most {SAMPLES} samples, all of them present, make a fragment.",
        )
    if said & DATA_OFFSET:
        (data_offset,) = _SIGNED.unpack_from(payload, at)
        at += 4
    if said & FIRST_FLAGS:
        (first_flags,) = _WORD.unpack_from(payload, at)
        at += 4
    table = array("I", bytes(payload[at : at + 4 * len(columns) * count]))
    if sys.byteorder == "little":
        table.byteswap()
    found = {flag: table[n :: len(columns)] for n, flag in enumerate(columns)}

    def column(flag: int, default: int) -> "array[int]":
        return found[flag] if flag in found else array("I", [default]) * count

    flags = column(FLAGS, defaults.flags)
    if first_flags is not None and count:
        flags[0] = first_flags
    offsets = column(COMPOSITION, 0)
    if version and COMPOSITION in found:
        offsets = array("i", offsets.tobytes())
    samples = Samples(
        column(DURATION, defaults.duration), column(SIZE, defaults.size), flags, offsets
    )
    return Run(samples, sum(samples.sizes), data_offset, said)


def joined(runs: Sequence[Run]) -> Samples:
    """The samples of all runs of a track fragment, in order."""
    if len(runs) == 1:
        return runs[0].samples
    every = [run.samples for run in runs]
    return Samples(
        [n for s in every for n in s.durations],
        [n for s in every for n in s.sizes],
        [n for s in every for n in s.flags],
        [n for s in every for n in s.offsets],
    )

"""What a schedule begins with, and what its steps may be."""

from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st

from tests.model.programme import NAMES

EPOCH = 1_767_225_600
"""UTC seconds at which the programme begins, give or take a cell."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One relay and its encoders.

    phase            of the programme, in sixteenths of D
    learns           D is learnt, else it is configured
    stalls           the follower of the store is slow
    local            times begin near 0, else they are UTC
    starts           the first cell of each encoder
    apart, indexed   bit masks: encoders with a stream for each track; with the index in their tfxd
    cues             there is a sparse track, in each stream
    """

    D: Fraction = Fraction(2)
    names: tuple[str, ...] = NAMES[:1]
    phase: int = 0
    base: int = 0
    learns: bool = False
    stalls: bool = False
    local: bool = False
    starts: tuple[int, ...] = (0, 0)
    apart: int = 0
    indexed: int = 0
    cues: bool = False

    @property
    def first(self) -> int:
        """The cell that the programme begins with."""
        return 3 if self.local else int(EPOCH / self.D)


SETTINGS = st.builds(
    Setting,
    D=st.sampled_from((Fraction(192, 100), Fraction(2), Fraction(2002, 1000))),
    names=st.sampled_from(
        [NAMES[:1], (NAMES[0], NAMES[2]), NAMES[2:3], NAMES[:3], (NAMES[0], NAMES[3]), NAMES]
    ),
    phase=st.sampled_from([0, 0, 0, 5, 8]),
    base=st.integers(0, 1),
    learns=st.booleans(),
    stalls=st.booleans(),
    local=st.booleans(),
    starts=st.lists(st.integers(0, 2), min_size=2, max_size=3).map(tuple),
    apart=st.integers(0, 7),
    indexed=st.integers(0, 7),
    cues=st.booleans(),
)

LOST = st.sampled_from([0, 0, 0, 1, 2, 4, 5, 64])
FAR = 1_000
"""Cells: further than any window."""

WHO = st.integers(0, 2)
WHICH = st.integers(0, 3)
FEW = st.integers(1, 4)
DRIFTS = st.sampled_from([0, 0, 5, -5, 15, -15, 25, -25, 45, -45])
"""ms. Twice the most, and the most that audio leads by, is less than an eighth of a cell."""
SPLITS = st.lists(st.sampled_from([1, 4, 8, 11, 13, 15]), max_size=2)
VARIANTS = st.tuples(st.integers(0, 2), st.integers(0, 2))
"""How the first track is configured, and all others."""

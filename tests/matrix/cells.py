"""What is varied, and a small set of cells in which every pair (or triple) of values meets.

A cell has one value of each dimension. Most faults come from one value or from two that meet, so a
set that covers all pairs finds them at a hundredth of the cost of all combinations. The set is made
greedily: while a tuple is uncovered, take one and add, dimension by dimension, the value that
covers most of what is left. Of some orders of doing so the best is kept; the seeds are fixed.

A fragment is a whole number of frames: with 29.97 and 59.94 pictures a second 2, 4 and 6 seconds
are 2.002, 4.004 and 6.006, and 1.92 cannot be; with 25 and 50, 2.002 cannot.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import cast

Choice = tuple[tuple[str, str], ...]
"""Values by dimension, sorted."""

DIMENSIONS: dict[str, tuple[str, ...]] = {
    "video": ("baseline", "high", "hev1", "hvc1-10", "none"),
    "audio": ("aac", "aac-5.1", "ac3", "eac3", "none"),
    "rates": ("1", "2", "3"),
    "languages": ("one", "two", "three"),
    "text": ("none", "stpp", "dfxp"),
    "fps": ("25", "29.97", "50", "59.94"),
    "length": ("1.92", "2", "2.002", "4", "6"),
    "ticks": ("10M", "90k"),
    "clock": ("utc", "zero"),
    "sampling": ("48000", "44100"),
}
_FPS = {
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "50": Fraction(50),
    "59.94": Fraction(60000, 1001),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination; each field is a value of the dimension of that name."""

    video: str
    audio: str
    rates: str
    languages: str
    text: str
    fps: str
    length: str
    ticks: str
    clock: str
    sampling: str

    @property
    def name(self) -> str:
        """Fit for a channel: small letters, digits and underscores."""
        said = [getattr(self, each) for each in DIMENSIONS]
        return "_".join("".join(c for c in part if c.isalnum()) for part in said).lower()

    @property
    def frame_rate(self) -> Fraction:
        return _FPS[self.fps]

    @property
    def gop(self) -> int:
        """Frames of a fragment."""
        return round(Fraction(self.length) * self.frame_rate)

    @property
    def D(self) -> Fraction:  # noqa: N802 - the design's name
        """Seconds of a fragment, exact."""
        return self.gop / self.frame_rate

    @property
    def smooth(self) -> bool:
        """dash.js plays it in Smooth when it is over: for it that begins at the least of the first
        times of all streams, whatever the ticks of each, so these have to be alike."""
        return self.chromium and (self.ticks == "10M" or self.video == "none")

    @property
    def chromium(self) -> bool:
        """Chromium has its decoders: H.264 and AAC, and nothing else of these."""
        return self.video in ("baseline", "high") and self.audio in ("aac", "aac-5.1", "none")


def cells(strength: int = 2, tries: int = 40) -> list[Cell]:
    """Cells in which every possible combination of `strength` values is met."""
    return min((_cover(strength, random.Random(seed)) for seed in range(tries)), key=len)


def _cover(strength: int, chance: random.Random) -> list[Cell]:
    order = list(_tuples(strength))
    chance.shuffle(order)
    missing = dict.fromkeys(order)
    found: list[Cell] = []
    while missing:
        chosen = dict(next(iter(missing)))
        for dimension in chance.sample(sorted(DIMENSIONS), len(DIMENSIONS)):
            if dimension not in chosen:
                chosen[dimension] = _best(chosen, dimension, missing, strength)
        for each in _subsets(chosen, strength):
            missing.pop(each, None)
        found.append(Cell(**chosen))
    return found


def _best(
    chosen: Mapping[str, str], dimension: str, missing: Mapping[Choice, None], size: int
) -> str:
    """The value that completes the most tuples which are still uncovered."""

    def gain(value: str) -> int:
        grown = {**chosen, dimension: value}
        return sum(each in missing for each in _subsets(grown, size, dimension))

    fit = [v for v in DIMENSIONS[dimension] if _completable({**chosen, dimension: v})]
    return max(fit, key=gain)


def _subsets(chosen: Mapping[str, str], size: int, of: str = "") -> Iterator[Choice]:
    for each in combinations(sorted(chosen.items()), size):
        if not of or of in dict(each):
            yield each


def _tuples(size: int) -> Iterator[Choice]:
    for names in combinations(sorted(DIMENSIONS), size):
        for values in product(*(DIMENSIONS[name] for name in names)):
            chosen = cast(Choice, tuple(zip(names, values, strict=True)))
            if _completable(dict(chosen)):
                yield chosen


def _completable(chosen: Mapping[str, str]) -> bool:
    """These values can stand in one cell, whatever the others will be."""
    fps, length = chosen.get("fps"), chosen.get("length")
    if fps in ("29.97", "59.94") and length == "1.92":
        return False
    if fps in ("25", "50") and length == "2.002":
        return False
    return not (chosen.get("video") == chosen.get("audio") == "none")

"""Rounds in which each side does the same in turn, in an order that changes; medians; their ratio.

A machine that is shared swings by a factor of two from minute to minute, and so does each figure of
it. What is done in turn within seconds swings together, so that ratios hold where figures do not.
"""

import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spent:
    """What one round took, by unit of work: `cpu` and `wall` in seconds."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One ratio of two sides. `by`: what of them is held against each other.

    unit   what the figures of the sides are; `must` and `aim`: of the ratio, 0 for none
    """

    name: str
    sides: tuple[str, str]
    ours: tuple[Spent, ...]
    other: tuple[Spent, ...]
    unit: str = "CPU s/GB"
    must: float = 0
    aim: float = 0
    by: str = "cpu"

    @property
    def ratio(self) -> float:
        """Of the medians; smaller is better."""
        return self.median(self.ours) / max(self.median(self.other), 1e-9)

    @property
    def wall(self) -> float:
        """The ratio of the medians of wall time."""
        ours, other = (median(one.wall for one in side) for side in (self.ours, self.other))
        return ours / max(other, 1e-9)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest ratio of two that stood side by side."""
        pairs = zip(self.ours, self.other, strict=True)
        found = [getattr(a, self.by) / max(getattr(b, self.by), 1e-9) for a, b in pairs]
        return min(found), max(found)

    def median(self, side: tuple[Spent, ...]) -> float:
        """Of what is held against each other."""
        return float(median(getattr(one, self.by) for one in side))


def interleaved(
    sides: Mapping[str, Callable[[], Spent]], rounds: int, *, warm: bool = True
) -> dict[str, tuple[Spent, ...]]:
    """What each side spent in each round. `warm`: one round before, which does not count."""
    found: dict[str, list[Spent]] = {name: [] for name in sides}
    order = list(sides)
    for number in range(-1 if warm else 0, rounds):
        random.shuffle(order)
        for name in order:
            spent = sides[name]()
            if number >= 0:
                found[name].append(spent)
        if sys.stderr.isatty():
            sys.stderr.write(f"\rround {number + 1} of {rounds} ")
    return {name: tuple(spent) for name, spent in found.items()}

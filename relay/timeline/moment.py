"""One moment by two clocks: that which only rises, and UTC. Both in ms."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil


@dataclass(frozen=True, slots=True)
class Moment:
    """`now` of the rising clock is `utc` since 1970."""

    now: int
    utc: int

    def until(self, seconds: Fraction, now: int) -> int:
        """From another `now` until so many seconds since 1970; below 0: that has passed."""
        return ceil(seconds * 1000) - self.utc - (now - self.now)

"""How large a benchmark runs, and what comes of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.load import SECONDS
from tests.benchmarks.rounds import Figure

BACK = 6 * 3600


@dataclass(frozen=True, slots=True)
class Scale:
    """`bytes`: of media that are pushed in one round at one side. `full`: every variant."""

    rounds: int
    bytes: int
    full: bool = True


FULL = Scale(5, 400_000_000)
QUICK = Scale(3, 160_000_000, full=False)
LEAST = Scale(1, 5_000_000, full=False)


@dataclass(frozen=True, slots=True)
class Result:
    """Figures, and which peers are not on this machine."""

    figures: Sequence[Figure]
    absent: Sequence[str] = ()


def beginning() -> int:
    """An index that begins some hours ago, so that what is pushed flat out stays in the past."""
    return (int(time.time()) - BACK) // SECONDS

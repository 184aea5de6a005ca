"""A day's window beside one of two minutes: rounds in turn, medians, and their ratio in one run."""

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

SHORT, LONG = 120, 86_400
"""Seconds."""


@dataclass
class Player(ABC):
    """One window, and what was measured of it: seconds and bytes, by what was done."""

    window: int
    times: dict[str, list[float]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def measure(self, what: str, work: Callable[[], int]) -> float:
        """Do it once; the seconds that it took. `work` says how many bytes it made."""
        begun = perf_counter()
        self.sizes[what] = work()
        took = perf_counter() - begun
        self.times.setdefault(what, []).append(took)
        return took

    @abstractmethod
    def anew(self) -> int:
        """Make all that a window shows as if for the first time."""

    @abstractmethod
    def round(self) -> None:
        """One refresh."""


def compared(
    short: Player, long: Player, rounds: int, anew: str, sizes: Sequence[str]
) -> dict[str, float]:
    """Measure and print; how many times as long each thing takes in the long window."""
    for player in (short, long):
        player.round()  # makes for the first time what is kept
        player.times.clear()
        player.measure(anew, player.anew)
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for player in (short, long):
            player.round()
    print(f"{'microseconds, median':24}{'2 min':>10}{'24 h':>10}{'ratio':>8}")
    ratios = {}
    for what, times in short.times.items():
        one, other = median(times) * 1e6, median(long.times[what]) * 1e6
        ratios[what] = other / one
        print(f"{what:24}{one:10.1f}{other:10.1f}{other / one:8.2f}")
    print(f"\n{'bytes':24}{'2 min':>10}{'24 h':>10}")
    for what in sizes:
        print(f"{what:24}{short.sizes[what]:10}{long.sizes[what]:10}")
    return ratios

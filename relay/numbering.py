"""The index: which number a fragment has, a pure function of the media (design 4.1).

Every URL rests on it. A tfxd version 2 `fragment_index` is used where there is one; otherwise the
*midpoint rule*

    index = floor((time + duration/2 - phase) / D) + base

in exact rationals, with one `D` and one phase for all tracks of a publishing point. Rounding the
start instead misnumbers audio, whose frames do not divide D, and which real encoders cut up to
117 ms before the video. One refinement keeps it in step with `Grid.whole`: what begins in the last
eighth of a cell belongs to the next, since the copy of that cell was complete without it.

`D` is configured, or learnt from video (`Learner`): from two starts whose distance agrees with a
duration or with the next distance, snapped to n frames of a frame rate k or 1000k/1001, because
ticks that a muxer has rounded drift by half a minute at epoch scale.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

INDEX_LIMIT = 2**32
"""An index stays an unsignedInt (DASH) and far from what a poisoned timestamp yields."""

LONGEST = Fraction(60)
SHORTEST = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Grid:
    """Fragment duration `D` and `phase` in seconds, both exact; `base` is the number of cell 0.

    `learnt`: D came from the media. `locked`: phase is 0, so numbers agree across data centres.
    """

    D: Fraction
    phase: Fraction = Fraction(0)
    base: int = 0
    learnt: bool = False

    @property
    def locked(self) -> bool:
        return self.phase == 0

    def index(self, time: int, duration: int, timescale: int) -> int:
        """The midpoint rule. `time` and `duration` in ticks of `timescale`."""
        start = Fraction(time, timescale) - self.phase
        cell = floor((start + Fraction(duration, 2 * timescale)) / self.D)
        if start >= (cell + 1) * self.D - self.D / 8:
            cell += 1
        return cell + self.base

    def sparse_index(self, time: int, timescale: int) -> int:
        """Sparse tracks: the cell in which the fragment begins."""
        return floor((Fraction(time, timescale) - self.phase) / self.D) + self.base

    def start(self, index: int, timescale: int) -> int:
        """First tick of the cell of `index`, rounded to nearest."""
        return round(((index - self.base) * self.D + self.phase) * timescale)

    def whole(self, index: int, end: int, timescale: int) -> bool:
        """A copy that ends at `end` fills the cell of `index`, but for an eighth."""
        cell_end = (index - self.base + 1) * self.D + self.phase
        return Fraction(end, timescale) >= cell_end - self.D / 8


def frame_rate(ticks: int, samples: int, timescale: int) -> Fraction | None:
    """The rate k or 1000k/1001 that `samples` in `ticks` mean; None when none is within 1/10000."""
    if ticks <= 0 or samples <= 0:
        return None
    rate = Fraction(samples * timescale, ticks)
    for exact in (Fraction(round(rate)), Fraction(round(rate * 1001 / 1000) * 1000, 1001)):
        if exact > 0 and abs(rate - exact) * 10000 <= exact:
            return exact
    return None


def snap(ticks: int, timescale: int, rate: Fraction | None) -> Fraction:
    """A measured duration as the exact one it stands for: whole frames, else whole milliseconds."""
    seconds = Fraction(ticks, timescale)
    if rate is not None:
        frames = round(seconds * rate)
        if frames > 0 and abs(Fraction(frames) / rate - seconds) * 1000 <= seconds:
            return Fraction(frames) / rate
    millis = Fraction(round(seconds * 1000), 1000)
    return millis if millis > 0 else seconds


@dataclass(slots=True)
class Learner:
    """Learns `D` and phase from the fragments of one track, in order.

    `audio`: the rate of an audio track is its frames', and its cuts may alternate around D, so five
    starts are averaged unless the first two distances agree.
    """

    timescale: int
    audio: bool = False
    _starts: list[int] = field(default_factory=list)
    _durations: list[int] = field(default_factory=list)
    _samples: int = 0

    def offer(self, start: int, duration: int, samples: int) -> Grid | None:
        """One more fragment; `start`: presentation time of its first sample. The grid, if known.

        A start that does not rise begins the lesson anew. Ticks of `timescale`.
        """
        if self._starts and start <= self._starts[-1]:
            self._starts, self._durations, self._samples = [], [], 0
        self._starts.append(start)
        self._durations.append(duration)
        self._samples += samples
        measured = self._regular()
        if measured is None:
            return None
        rate = frame_rate(sum(self._durations), self._samples, self.timescale)
        averaged = self.audio and len(self._starts) > 3
        exact = snap(measured, self.timescale, None if averaged else rate)
        if not SHORTEST <= exact <= LONGEST:
            return None
        # The first fragment may be cut short or stretched; the newest start is the regular one.
        phase = Fraction(self._starts[-1], self.timescale) % exact
        near = min(phase, exact - phase) <= exact / 8
        return Grid(exact, Fraction(0) if near else phase, learnt=True)

    def _regular(self) -> int | None:
        steps = [b - a for a, b in zip(self._starts, self._starts[1:], strict=False)]
        if not steps:
            return None
        slack = max(2, self.timescale // 2000)
        newest = steps[-1]
        if self.audio:
            if len(steps) == 2 and abs(steps[0] - steps[1]) <= slack:
                return newest
            return _mean(steps) if len(steps) >= 4 else None
        agreeing = [*self._durations[-2:], *steps[-2:-1]]
        if any(abs(newest - other) <= slack for other in agreeing):
            return newest
        return _mean(steps) if len(steps) >= 8 else None


def _mean(steps: list[int]) -> int:
    return round(Fraction(sum(steps), len(steps)))

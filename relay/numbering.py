"""The index: which number a fragment has, a pure function of the media (design 4.1).

Every URL rests on it. It is given by the *midpoint rule*

    index = floor((time + duration/2 - phase) / D) + base

in exact rationals, with one `D` and one phase for all tracks of a publishing point. Rounding the
start instead misnumbers audio, whose frames do not divide D, and which real encoders cut up to
117 ms before the video. One refinement keeps it in step with `Grid.whole`: what begins in the last
eighth of a cell belongs to the next, since the copy of that cell was complete without it.

A tfxd version 2 `fragment_index` says what number a cell has: it teaches `base` when the grid is
learnt, and as long as an encoder counts +1 per cell the rule gives that very index (FMT-4). One
that counts otherwise, or from 0 after a restart, would break URLs that were published: it is told
of, and not followed.

`D` is configured, or learnt from video (`Learner`): from two starts whose distance agrees with a
duration or with the next distance, snapped to n frames of a frame rate k or 1000k/1001, because
ticks that a muxer has rounded drift by half a minute at epoch scale.
"""

import json
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

INDEX_LIMIT = 2**32
FURTHEST = 2**36
"""Seconds of media time: no date of ours is near the year 9999, where dates end."""
"""An index stays an unsignedInt (DASH) and far from what a poisoned timestamp yields."""

UTC_OPTION = "-output_ts_offset $(date +%s)"
"""The option of ffmpeg that makes it stamp UTC, without which numbers mean nothing elsewhere."""

LONGEST = Fraction(60)
SHORTEST = Fraction(1, 100)

MOST_STARTS = 16
"""Fragments of a lesson: one that has taught nothing by then begins anew."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Fragment duration `D` and `phase` in seconds, both exact; `base` is the number of cell 0.

    `learnt`: D came from the media. `locked`: phase is 0, so numbers agree across data centres.
    `epoch`: whole seconds to add to media time for UTC; 0 when encoders stamp UTC (design 4.3).
    """

    D: Fraction
    phase: Fraction = Fraction(0)
    base: int = 0
    learnt: bool = False
    epoch: int = 0

    @property
    def locked(self) -> bool:
        return self.phase == 0

    def encode(self) -> bytes:
        """The grid as it is pinned in the store."""
        return json.dumps(
            {
                "D": str(self.D),
                "phase": str(self.phase),
                "base": self.base,
                "learnt": self.learnt,
                "epoch": self.epoch,
            }
        ).encode()

    @classmethod
    def decode(cls, pinned: bytes) -> "Grid":
        """Read what `encode` wrote."""
        said = json.loads(pinned)
        return cls(
            Fraction(said["D"]),
            Fraction(said["phase"]),
            int(said["base"]),
            bool(said["learnt"]),
            int(said["epoch"]),
        )

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

    def holds(self, index: int) -> bool:
        """Documents can have this number, and the date of its cell."""
        return 0 <= index < INDEX_LIMIT and index * self.D < FURTHEST

    def index_at(self, utc: int) -> int | None:
        """The cell of a moment, in ms since 1970; None when media time is not UTC."""
        if self.epoch:
            return None
        return floor((Fraction(utc, 1000) - self.phase) / self.D) + self.base

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

    `sampling_rate` of an audio track, 0 of video: audio's cuts may alternate around D, so five
    starts are averaged unless the first two distances agree. `exact`: D is configured; only the
    phase is looked for.
    """

    timescale: int
    sampling_rate: int = 0
    exact: Fraction | None = None
    _starts: list[int] = field(default_factory=list)
    _durations: list[int] = field(default_factory=list)
    _samples: int = 0

    def offer(self, start: int, duration: int, samples: int) -> Grid | None:
        """One more fragment; `start`: presentation time of its first sample. The grid, if known.

        A start that does not rise begins the lesson anew. Ticks of `timescale`.
        """
        if self._starts and (start <= self._starts[-1] or len(self._starts) >= MOST_STARTS):
            self._starts, self._durations, self._samples = [], [], 0
        self._starts.append(start)
        self._durations.append(duration)
        self._samples += samples
        exact = self.exact or self._measured()
        if exact is None or not SHORTEST <= exact <= LONGEST:
            return None
        length = Fraction(duration, self.timescale)
        if self.exact and len(self._starts) == 1 and abs(length - exact) > exact / 8:
            return None  # cut short or stretched: the next start is the regular one
        phase = Fraction(self._starts[-1], self.timescale) % exact
        near = min(phase, exact - phase) <= exact / 8
        return Grid(exact, Fraction(0) if near else phase, learnt=self.exact is None)

    def _measured(self) -> Fraction | None:
        steps = [b - a for a, b in zip(self._starts, self._starts[1:], strict=False)]
        if not steps:
            return None
        slack = max(2, self.timescale // 2000)
        newest, length = steps[-1], sum(self._durations)
        if self.sampling_rate:
            if len(steps) == 2 and abs(steps[0] - steps[1]) <= slack:
                frame = round(Fraction(length * self.sampling_rate, self._samples * self.timescale))
                rate = Fraction(self.sampling_rate, frame) if frame else None
                return snap(newest, self.timescale, rate)
            return snap(_mean(steps), self.timescale, None) if len(steps) >= 4 else None
        # A start less the one before it is that fragment's own duration: no second witness.
        agreeing = [self._durations[-1], *steps[-2:-1]]
        rate = frame_rate(length, self._samples, self.timescale)
        if any(abs(newest - other) <= slack for other in agreeing):
            return snap(newest, self.timescale, rate)
        return snap(_mean(steps), self.timescale, rate) if len(steps) >= 8 else None


def _mean(steps: list[int]) -> int:
    return round(Fraction(sum(steps), len(steps)))

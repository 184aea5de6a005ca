"""Runs of a publishing point: what happens to its numbers when an encoder's clock goes back.

Within a run, index = raw index + offset, where the raw index is what the grid says, and run 0 has
offset 0. A source goes back when it sends less of a track than what it had sent, the few fragments
apart that it resends after a break; each track of each stream for itself, since one may lag or
catch up while another is live. A new source goes back when it begins behind a line that no other
one continues. That is one of three things, and until it is clear which, its fragments wait:

    late        resent from a buffer: it comes faster than it plays, and will catch up
    refused     the clock of this source went back while another, or the rest of this one, goes on
    rewound     nobody continues the line: the encoder was restarted, and time begins anew

The last opens a new run, which all tracks enter together: its numbers go on above the highest of
any track, so no URL is ever used twice. A run is a record in the store and competes there like any
other, so all nodes agree on it; numbers across data centres agree no more, and that is told.

Sans-IO. `now` in ms of a clock that only rises; a cell is D seconds.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import ceil

from relay.arrival import Sender
from relay.media import Pin

CONVINCING = 3
"""Fragments at the pace of live that make a restarted clock believable."""
LEAP = 3
"""Cells that one may be ahead of all that came, and be believed at once, while the line goes on."""
RESENT = 3
"""Cells that an encoder may go back after a break: the two that it resends, and one cut short."""
SILENCE = 3
"""Cells after which a source that sent nothing no longer continues the line."""
MOST_LANES = 512
"""Tracks of senders that are remembered, the newest."""


class Standing(StrEnum):
    """Where a fragment belongs."""

    CURRENT = "current"
    LATE = "late"
    WAITING = "waiting"
    REWOUND = "rewound"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Run:
    """A run: its number, what is added to raw indexes, its first index, its epoch in seconds."""

    number: int = 0
    offset: int = 0
    start: int = 0
    epoch: int = 0

    def pin(self) -> Pin:
        """The run as the store keeps it."""
        said = {"offset": self.offset, "start": self.start, "epoch": self.epoch}
        return Pin(f"run/{self.number}", json.dumps(said).encode())

    @classmethod
    def read(cls, pin: Pin) -> "Run":
        """A run from its pin."""
        said = json.loads(pin.value)
        number = int(pin.name.partition("/")[2])
        return cls(number, int(said["offset"]), int(said["start"]), int(said["epoch"]))


FIRST = Run()

_Lane = tuple[Sender, str]
"""A sender and one of its tracks."""


@dataclass(slots=True)
class _Streak:
    """Raw indexes of one source that follow each other, several tracks at a time."""

    last: int
    since: int
    count: int = 1

    def goes_on(self, raw: int, now: int) -> None:
        if not 0 <= raw - self.last <= 1:
            self.count, self.since = 1, now
        elif raw > self.last:
            self.count += 1
        self.last = raw


@dataclass(slots=True)
class Runs:
    """The runs of one point. `D` of its grid; `depth` cells behind the edge that count.

    `edge`: the highest index of the current run, of any track.
    """

    D: Fraction
    depth: int
    current: Run = FIRST
    edge: int | None = None
    _alive: dict[_Lane, int] = field(default_factory=dict)
    _newest: dict[_Lane, int] = field(default_factory=dict)
    _back: dict[_Lane, _Streak] = field(default_factory=dict)
    _ahead: dict[_Lane, _Streak] = field(default_factory=dict)

    @property
    def memory(self) -> int:
        """ms after which a fragment that still waits belongs to no restart of now."""
        return ceil(2 * CONVINCING * self.D * 1000)

    def place(
        self, sender: Sender, raw: int, now: int, clock: int | None = None, track: str = ""
    ) -> Standing:
        """Where the fragment of a sender's `track` with this raw index belongs.

        `clock`: the index of this moment, if it is known: no line begins far ahead of it.
        """
        index, lane = raw + self.current.offset, (sender, track)
        if self._goes_back(lane, index, now):
            standing = self._behind(lane, raw, now)
            if standing is not Standing.LATE:
                return standing
        else:
            self._back.pop(lane, None)
        if self._leaps(lane, index, now, clock):
            return Standing.CURRENT  # the timeline has its doubts about it too
        if self.edge is None or index >= max(self.edge - self.depth, self.current.start):
            self.edge = index if self.edge is None else max(self.edge, index)
            self._remember(lane, now)
            self._newest[lane] = max(index, self._newest.get(lane, 0))
            return Standing.CURRENT
        return Standing.LATE

    def _leaps(self, lane: _Lane, index: int, now: int, clock: int | None) -> bool:
        """Too far ahead to move the edge: a damaged time alone must not make all others old."""
        edge = clock if self.edge is None else self.edge
        silent = now - SILENCE * self.D * 1000
        reach = LEAP if any(at > silent for at in self._alive.values()) else self.depth
        walks = clock is not None and index > clock + self.current.offset + LEAP
        if walks and any(
            self._left(who, lane, index) for who, at in self._alive.items() if at > silent
        ):
            return True
        if edge is None or index <= edge + reach:
            self._ahead.pop(lane, None)
            return False
        if _streak(self._ahead, lane, index, now).count < CONVINCING:
            return True
        return any(at > silent and self._stays(other, lane) for other, at in self._alive.items())

    def _left(self, other: _Lane, lane: _Lane, index: int) -> bool:
        """Ahead of its time step by step, it leaves another source of its track behind."""
        same = other[1] == lane[1] and other[0].source != lane[0].source
        return same and self._newest[other] < index - LEAP and other not in self._ahead

    def _stays(self, other: _Lane, lane: _Lane) -> bool:
        """Another sender of the track is where the line is: then the timeline does not move either,
        and a run above an edge that nobody has reached would begin years ahead."""
        near = self._newest[other] > (self.edge or 0) - LEAP
        return near and other != lane and other[1] == lane[1] and other not in self._ahead

    def _remember(self, lane: _Lane, now: int) -> None:
        self._alive.pop(lane, None)
        self._alive[lane] = now
        if len(self._alive) > MOST_LANES:  # strangers name themselves
            oldest = next(iter(self._alive))
            del self._alive[oldest], self._newest[oldest]

    def _goes_back(self, lane: _Lane, index: int, now: int) -> bool:
        if self.edge is None:
            return False
        if lane in self._newest:
            # One that has gone back still is until it is past where it had been.
            newest = self._newest[lane]
            return index < newest - RESENT or (lane in self._back and index <= newest)
        own = self._alive_since(now - SILENCE * self.D * 1000, lane, own=True)
        lags = any(other not in self._back for other in own)
        return index < self.edge - RESENT and not lags and not self._continued(lane, now)

    def _continued(self, lane: _Lane, now: int) -> bool:
        """Another source continues the line; or this one does, since this track went back."""
        if self._alive_since(now - SILENCE * self.D * 1000, lane, own=False):
            return True
        streak = self._back.get(lane)
        return streak is not None and bool(self._alive_since(streak.since, lane, own=True))

    def _alive_since(self, when: Fraction | int, lane: _Lane, *, own: bool) -> list[_Lane]:
        """What came after a moment of the other tracks of this source, or of other sources."""
        source = lane[0].source
        return [
            other
            for other, at in self._alive.items()
            if at > when and other != lane and (other[0].source == source) is own
        ]

    def next(self, raw: int, epoch: int) -> Run:
        """The run that begins with this raw index: numbers go on above all that were used.

        `epoch`: what makes UTC of its times; more is added if they would still overlap the old run.
        """
        start = (self.edge or 0) + 1
        joined = self.current.epoch + ceil((start - self.current.offset - raw) * self.D)
        return Run(self.current.number + 1, start - raw, start, max(epoch, joined))

    def enter(self, run: Run) -> bool:
        """The store took a run; True when it is a newer one."""
        if run.number <= self.current.number:
            return False
        self.current = run
        self.edge = run.start
        self._alive.clear()
        self._newest.clear()
        self._back.clear()
        self._ahead.clear()
        return True

    def behind(self, raw: int) -> int:
        """How many seconds a raw index is behind the edge."""
        return round(((self.edge or 0) - raw - self.current.offset) * self.D)

    def _behind(self, lane: _Lane, raw: int, now: int) -> Standing:
        streak = _streak(self._back, lane, raw, now)
        if 2 * (now - streak.since) < (streak.count - 1) * self.D * 1000:
            return Standing.LATE
        if streak.count > 1 and self._continued(lane, now):
            return Standing.REFUSED
        return Standing.REWOUND if streak.count >= CONVINCING else Standing.WAITING


def _streak(known: dict[_Lane, _Streak], lane: _Lane, raw: int, now: int) -> _Streak:
    streak = known.get(lane)
    if streak is None:
        if len(known) >= MOST_LANES:
            known.clear()
        known[lane] = streak = _Streak(raw, now)
    else:
        streak.goes_on(raw, now)
    return streak

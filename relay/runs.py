"""Runs of a publishing point: what happens to its numbers when an encoder's clock goes back.

Within a run, index = raw index + offset, where the raw index is what the grid says, and run 0 has
offset 0. A source goes back when it sends less than what it had sent, the few fragments
apart that it resends after a break; each of its streams for itself, since one may catch up while
another is live. A new one goes back when it begins behind a line that no other source continues.
That is one of three things, and until it is clear which, its fragments wait:

    late        resent from a buffer: it comes faster than it plays, and will catch up
    refused     the clock of this source went back while another continues the line
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
RESENT = 3
"""Cells that an encoder may go back after a break: the two that it resends, and one cut short."""
SILENCE = 3
"""Cells after which a source that sent nothing no longer continues the line."""
MOST_SENDERS = 256
"""Senders that are remembered, the newest."""


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
    _alive: dict[Sender, int] = field(default_factory=dict)
    _newest: dict[Sender, int] = field(default_factory=dict)
    _back: dict[Sender, _Streak] = field(default_factory=dict)
    _ahead: dict[Sender, _Streak] = field(default_factory=dict)

    @property
    def memory(self) -> int:
        """ms after which a fragment that still waits belongs to no restart of now."""
        return ceil(2 * CONVINCING * self.D * 1000)

    def place(self, sender: Sender, raw: int, now: int, clock: int | None = None) -> Standing:
        """Where the fragment of `sender` with this raw index belongs.

        `clock`: the index of this moment, if it is known: no line begins far ahead of it.
        """
        index = raw + self.current.offset
        if self._goes_back(sender, index, now):
            standing = self._behind(sender, raw, now)
            if standing is not Standing.LATE:
                return standing
        else:
            self._back.pop(sender, None)
        if self._leaps(sender, index, now, clock):
            return Standing.CURRENT  # the timeline has its doubts about it too
        if self.edge is None or index >= max(self.edge - self.depth, self.current.start):
            self.edge = index if self.edge is None else max(self.edge, index)
            self._remember(sender, now)
            self._newest[sender] = max(index, self._newest.get(sender, 0))
            return Standing.CURRENT
        return Standing.LATE

    def _leaps(self, sender: Sender, index: int, now: int, clock: int | None) -> bool:
        """Too far ahead to move the edge: a poisoned time alone must not make all others old."""
        edge = clock if self.edge is None else self.edge
        if edge is None or index <= edge + self.depth:
            self._ahead.pop(sender, None)
            return False
        return _streak(self._ahead, sender, index, now).count < CONVINCING

    def _remember(self, sender: Sender, now: int) -> None:
        self._alive.pop(sender, None)
        self._alive[sender] = now
        if len(self._alive) > MOST_SENDERS:  # strangers name themselves
            oldest = next(iter(self._alive))
            del self._alive[oldest], self._newest[oldest]

    def _goes_back(self, sender: Sender, index: int, now: int) -> bool:
        if self.edge is None:
            return False
        if sender in self._newest:
            # One that has gone back still is until it is past where it had been.
            newest = self._newest[sender]
            return index < newest - RESENT or (sender in self._back and index <= newest)
        return index < self.edge - RESENT and not self._continued(sender, now)

    def _continued(self, sender: Sender, now: int) -> bool:
        since = now - SILENCE * self.D * 1000
        return any(at > since for who, at in self._alive.items() if who.source != sender.source)

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

    def _behind(self, sender: Sender, raw: int, now: int) -> Standing:
        streak = _streak(self._back, sender, raw, now)
        if 2 * (now - streak.since) < (streak.count - 1) * self.D * 1000:
            return Standing.LATE
        if streak.count > 1 and self._continued(sender, now):
            return Standing.REFUSED
        return Standing.REWOUND if streak.count >= CONVINCING else Standing.WAITING


def _streak(known: dict[Sender, _Streak], sender: Sender, raw: int, now: int) -> _Streak:
    streak = known.get(sender)
    if streak is None:
        if len(known) >= MOST_SENDERS:
            known.clear()
        known[sender] = streak = _Streak(raw, now)
    else:
        streak.goes_on(raw, now)
    return streak

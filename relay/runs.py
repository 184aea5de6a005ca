"""Runs of a publishing point: what happens to its numbers when an encoder's clock goes back.

Within a run, index = raw index + offset, where the raw index is what the grid (or tfxd) says, and
run 0 has offset 0. A fragment whose raw index lies behind the window is one of three things:

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

from relay.media import Pin

CONVINCING = 3
"""Fragments at the pace of live that make a restarted clock believable."""
SILENCE = 3
"""Cells after which a source that sent nothing no longer continues the line."""


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
class _Rewind:
    first: int
    last: int
    count: int
    since: int


@dataclass(slots=True)
class Runs:
    """The runs of one point. `D` of its grid; `depth` cells behind the edge that count.

    `edge`: the highest index of the current run, of any track.
    """

    D: Fraction
    depth: int
    current: Run = FIRST
    edge: int | None = None
    _alive: dict[str, int] = field(default_factory=dict)
    _rewinds: dict[str, _Rewind] = field(default_factory=dict)

    def place(self, source: str, raw: int, now: int) -> Standing:
        """Where the fragment of `source` with this raw index belongs."""
        index = raw + self.current.offset
        if self.edge is None or index >= max(self.edge - self.depth, self.current.start):
            self.edge = index if self.edge is None else max(self.edge, index)
            self._alive[source] = now
            self._rewinds.pop(source, None)
            return Standing.CURRENT
        return self._behind(source, raw, now)

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
        self._rewinds.clear()
        return True

    def behind(self, raw: int) -> int:
        """How many seconds a raw index is behind the edge."""
        return round(((self.edge or 0) - raw - self.current.offset) * self.D)

    def _behind(self, source: str, raw: int, now: int) -> Standing:
        rewind = self._rewinds.get(source)
        if rewind is None or not 0 <= raw - rewind.last <= 1:
            self._rewinds[source] = rewind = _Rewind(raw, raw, 0, now)
        rewind.count += raw != rewind.last or not rewind.count
        rewind.last = raw
        cell = self.D * 1000
        if 2 * (now - rewind.since) < (rewind.count - 1) * cell:
            return Standing.LATE
        alive = now - SILENCE * cell
        if any(at > alive for who, at in self._alive.items() if who != source):
            return Standing.REFUSED
        return Standing.REWOUND if rewind.count >= CONVINCING else Standing.WAITING

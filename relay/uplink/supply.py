"""The media of one stream: the next fragment, its bytes when they have been brought, and stamped.

Events of sparse tracks go among the others where their index says, behind the fragment of it. At
most one fragment's bytes are held, from when they are brought until they are taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from relay.errors import EncoderError
from relay.media import Buffer, Header
from relay.presentation import Presentation
from relay.uplink.cursor import Cursor, Event
from relay.uplink.events import Events
from relay.uplink.line import RESENT, Filled, Line, never
from relay.uplink.stamp import Due, Stamp, Stamps
from relay.uplink.steps import Fetch


@dataclass(frozen=True, slots=True)
class Package:
    """A fragment that can be sent. `moofs`: how many it holds."""

    due: Due
    parts: list[Buffer]
    moofs: int

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(part) for part in self.parts)

    @property
    def place(self) -> int | Event:
        """What the cursor knows it by."""
        due = self.due
        return due.index if due.time is None else (due.run, due.time)


@dataclass(slots=True)
class Supply:
    """What one stream gets to send."""

    stamps: Stamps
    cursor: Cursor
    filled: Filled = never
    line: Line = field(init=False)
    events: Events = field(init=False)
    spoilt: int = 0
    _shown: Presentation | None = None
    _brought: tuple[Fetch, Sequence[Buffer]] | None = None

    def __post_init__(self) -> None:
        self.line = Line(self.stamps.names(sparse=False), self.cursor, self.filled)
        self.events = Events(self.stamps.names(sparse=True), self.cursor)

    def add(self, header: Header) -> None:
        """The stream has one more header."""
        self.stamps.add(header)
        self.line.tracks = self.stamps.names(sparse=False)
        self.events.tracks = self.stamps.names(sparse=True)

    @property
    def D(self) -> int:  # noqa: N802 - the design's name
        """The length of a fragment in ms."""
        return 2_000 if self._shown is None else max(1, int(self._shown.grid.D * 1000))

    @property
    def lost(self) -> int:
        """Fragments that were there and will never go up."""
        return self.line.lost + self.events.lost + self.spoilt

    def see(self, shown: Presentation) -> None:
        """The presentation has changed."""
        self._shown = shown
        self.line.see(shown)
        self.events.see(shown)

    def rewind(self, now: int, resent: int = RESENT) -> None:
        """Back to what is not through, and `resent` before it."""
        self.line.rewind(now, resent)
        self.events.rewind(self.cursor.doubtful_events(now) if resent else set())

    def follow(self, other: Cursor) -> None:
        """Another receiver has come so far, and that will do."""
        self.line.follow(other.reached)
        for track in self.events.tracks:
            self.cursor.events.setdefault(track, set()).update(other.events.get(track, ()))

    def due(self) -> tuple[Due, Stamp] | None:
        """What is to be sent next, and under which header; None: there is nothing."""
        while self._shown is not None:
            due, event = self.line.next(), self.events.next()
            if event is not None and (due is None or event.index < due.index):
                due = Due(event.track, event.run, event.index, event.time)
            if due is None:
                return None
            stamp = self.stamps.find(self._shown, due)
            if stamp is not None:
                return due, stamp
            self._pass(due)  # another stream carries it
        return None

    def brought(self, wanted: Fetch, data: Sequence[Buffer] | None) -> None:
        """The bytes that were asked for; None: they are gone."""
        if data is not None:
            self._brought = (wanted, data)
            return
        due = self.due()
        if due is not None and _wanted(due[0]) == wanted:
            self._spoil(due[0])

    def next(self) -> Fetch | Package | None:
        """What is to be sent next, or what has to be brought for it; None: there is nothing."""
        while (found := self.due()) is not None and self._shown is not None:
            due, stamp = found
            wanted = _wanted(due)
            if self._brought is None or self._brought[0] != wanted:
                self._brought = None
                return wanted
            try:
                parts, moofs = stamp.media(self._shown, due, self._brought[1], self.cursor.sequence)
            except EncoderError:
                self._spoil(due)
                continue
            return Package(due, parts, moofs)
        return None

    def take(self, package: Package) -> None:
        """It has been given out."""
        self._brought = None
        self._pass(package.due)
        self.cursor.sequence += package.moofs

    def _spoil(self, due: Due) -> None:
        """Its bytes cannot be had any more."""
        self._brought = None
        self.spoilt += 1
        self._pass(due)

    def _pass(self, due: Due) -> None:
        if due.time is None:
            self.line.take(due)
        else:
            self.events.take(due.track, (due.run, due.time))


def _wanted(due: Due) -> Fetch:
    return Fetch(due.track, due.run, due.index, due.time)

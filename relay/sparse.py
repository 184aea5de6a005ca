"""Sparse tracks: ad markers and other signals that go with a parent track (MS-SSTR 2.2.7.3).

A sparse fragment is an event: it belongs to the cell of the grid in which its time lies, several
may share one, and between them there is nothing, so there are no holes. Its payload is opaque. Sent
by two encoders it is one event: its track and time are what it is known by.

An event at time t becomes visible when its parent track has reached t, that is, when a fragment of
the parent that begins at t or later has its place (SPARSE-4f); until then, and while its parent is
not known, it waits. Of several tracks by the parent's name the one that is furthest counts, so that
one that has died keeps nothing.

It is forgotten some time after it has left the parent's window (`linger`): segments tell of events
up to a minute older than they are, and can be fetched for a quarter of the window after they have
left it; their bytes must not change because an event has been forgotten.

What is kept of one track is bounded, in all and in one cell, in number and in bytes: a sender of
events in a flood loses the excess and nothing else suffers. Bytes, because whatever players are
told is held in memory, and a Smooth manifest has the content of every event. One more than `AHEAD`
before its time has a damaged one: it would wait for ever, and for as long take another's room.
"""

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from operator import attrgetter

from relay.media import Copy, Track, Verdict
from relay.presentation import Presentation

AHEAD = 86_400
"""Seconds of media by which an event may be announced."""
MOST_EVENTS = 4_096
MOST_IN_A_CELL = 64
LARGEST = 64 << 10
"""Bytes of an event with its boxes; a cue has some hundred."""
MOST_BYTES = 4 << 20
NOTICE = 60
"""Seconds by which an event may be older than a segment that tells of it."""


@dataclass(slots=True)
class Events:
    """The events of one sparse track that the store has: those that wait, and those to be seen.

    floor     the lowest index that is kept; 0 before the parent has a line
    ceiling   the highest index that is believed; None before the parent has a line
    """

    track: Track
    floor: int = 0
    ceiling: int | None = None
    _known: dict[tuple[int, int], Copy] = field(default_factory=dict)
    _waiting: list[Copy] = field(default_factory=list)
    visible: tuple[Copy, ...] = ()

    def offer(self, copy: Copy) -> Verdict:
        """An event came: is it worth a put?"""
        if (copy.run, copy.time) in self._known:
            return Verdict.DUPLICATE
        if copy.index < self.floor:
            return Verdict.LATE
        if self.ceiling is not None and copy.index > self.ceiling:
            return Verdict.SUSPECT
        beside = sum(known.index == copy.index for known in self._known.values())
        if beside >= MOST_IN_A_CELL or len(self._known) >= MOST_EVENTS:
            return Verdict.FLOOD
        size = copy.size + sum(known.size for known in self._known.values())
        if copy.size > LARGEST or size > MOST_BYTES:
            return Verdict.FLOOD
        return Verdict.ACCEPTED

    def apply(self, copy: Copy) -> None:
        """The store took an event: it waits for its parent."""
        if copy.index >= self.floor and (copy.run, copy.time) not in self._known:
            self._known[copy.run, copy.time] = copy
            insort(self._waiting, copy, key=_when)

    def reach(self, run: int, seconds: Fraction) -> bool:
        """The parent has a fragment that begins at `seconds` of `run`; True when any appeared."""
        if not self._waiting:
            return False
        scale = self.track.timescale
        seen = 0
        for copy in self._waiting:
            if copy.run > run or (copy.run == run and Fraction(copy.time, scale) > seconds):
                break
            seen += 1
        self.visible = tuple(sorted((*self.visible, *self._waiting[:seen]), key=_when))
        del self._waiting[:seen]
        return bool(seen)

    def trim(self, floor: int) -> bool:
        """Forget what lies below the index `floor`; True when any could be seen."""
        if floor <= self.floor:
            return False
        self.floor, before = floor, len(self.visible)
        self._known = {key: copy for key, copy in self._known.items() if copy.index >= floor}
        self._waiting = [copy for copy in self._waiting if copy.index >= floor]
        self.visible = tuple(copy for copy in self.visible if copy.index >= floor)
        return len(self.visible) != before


@dataclass(slots=True)
class Signals:
    """The sparse tracks of a channel."""

    _tracks: dict[str, Events] = field(default_factory=dict)

    def register(self, track: Track) -> None:
        """A header has announced a track: it counts if it is sparse."""
        if track.parent:
            self._tracks.setdefault(track.name, Events(track))

    def offer(self, copy: Copy) -> Verdict:
        """An event came: is it worth a put?"""
        events = self._tracks.get(copy.track)
        return Verdict.ACCEPTED if events is None else events.offer(copy)

    def apply(self, copy: Copy) -> None:
        """The store took an event."""
        if copy.track in self._tracks:
            self._tracks[copy.track].apply(copy)

    def surface(self, presentation: Presentation, floors: Mapping[str, int]) -> bool:
        """Let appear what its parent has reached, and forget what has left its window.

        `floors`: the lowest index inside the window, of each track that has a line. True when there
        is something else to see.
        """
        changed = False
        for events in self._tracks.values():
            parents = [
                rendition
                for rendition in presentation.renditions
                if rendition.track.key.name == events.track.parent
            ]
            floor = max((floors.get(parent.name, 0) for parent in parents), default=0)
            changed |= events.trim(floor - linger(presentation))
            if floor:
                events.ceiling = floor + ceil((AHEAD + presentation.window) / presentation.grid.D)
            ends = (
                (parent.segments[-1].run, parent.seconds(parent.segments[-1].time))
                for parent in parents
                if parent.segments
            )
            reached = max(ends, default=None)
            changed |= reached is not None and events.reach(*reached)
        return changed

    @property
    def floors(self) -> dict[str, int]:
        """The lowest index that is kept, of each track."""
        return {name: events.floor for name, events in self._tracks.items()}

    @property
    def visible(self) -> dict[str, tuple[Copy, ...]]:
        """What can be seen of each track."""
        return {name: events.visible for name, events in self._tracks.items()}


def linger(presentation: Presentation) -> int:
    """For how many indexes an event stays after it has left the window of its parent."""
    return ceil((presentation.window / 4 + NOTICE) / presentation.grid.D) + 2


_when = attrgetter("run", "time")

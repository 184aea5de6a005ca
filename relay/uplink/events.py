"""What one stream still has to send of its sparse tracks: the events that can be seen, in order.

An event is visible when its parent has come so far (SPARSE-4f), so the order of appearance is that
of arrival relative to the parent. There are no holes between events; one that has left the window
before it could go up is lost, and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from relay.media import Copy
from relay.presentation import Presentation
from relay.uplink.cursor import Cursor, Event


@dataclass(slots=True)
class Events:
    """The sparse tracks of one stream, by name."""

    tracks: Sequence[str]
    cursor: Cursor
    lost: int = 0
    _seen: dict[str, tuple[Copy, ...]] = field(default_factory=dict)
    _given: set[tuple[str, Event]] = field(default_factory=set)

    def see(self, shown: Presentation) -> None:
        """The presentation has changed."""
        for track in self.tracks:
            visible = shown.events.get(track, ())
            seen = self._seen.get(track, ())
            if visible is seen:
                continue
            left = {which(copy) for copy in visible}
            self.lost += sum(which(copy) not in left and self._owed(track, copy) for copy in seen)
            through = self.cursor.events.get(track, set())
            self._given -= {(track, event) for event in through - left}
            self.cursor.retain(track, left)
            self._seen[track] = visible

    def next(self) -> Copy | None:
        """The one to send next, of the lowest index."""
        due = (
            next((copy for copy in self._seen.get(track, ()) if self._owed(track, copy)), None)
            for track in self.tracks
        )
        found = [copy for copy in due if copy is not None]
        return min(found, key=lambda copy: copy.index, default=None)

    def take(self, track: str, event: Event) -> None:
        """It has been given out."""
        self._given.add((track, event))

    def rewind(self, doubtful: set[tuple[str, Event]]) -> None:
        """What was given out is not through, except for what the cursor knows, less the doubt.

        What has left the window meanwhile cannot be given out again.
        """
        for track, event in self._given:
            visible = {which(copy) for copy in self._seen.get(track, ())}
            self.lost += event not in visible | self.cursor.events.get(track, set())
        self._given.clear()
        for track, event in doubtful:
            self.cursor.events.get(track, set()).discard(event)

    @property
    def left(self) -> int:
        """How many are left to send."""
        return sum(
            self._owed(track, copy) for track in self.tracks for copy in self._seen.get(track, ())
        )

    def _owed(self, track: str, copy: Copy) -> bool:
        event = which(copy)
        return (track, event) not in self._given and event not in self.cursor.events.get(track, ())


def which(copy: Copy) -> Event:
    """What tells an event from the others of its track."""
    return copy.run, copy.time

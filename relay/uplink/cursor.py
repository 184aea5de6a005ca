"""How far a stream has come at one receiver: by what the peer's kernel has acknowledged, no less.

What a kernel has acknowledged, the process behind it may not have read when it was killed. So a
resumed POST resends more than the two fragments that the specification asks for (HTTP-7b): all
that was acknowledged less than `IN_DOUBT` ago, too. Duplicates are filtered; a hole stays.

Kept across restarts: the highest index per track, the events of sparse tracks that are through
(several share an index, and one may come after a later one), and the number of the last moof.
Indexes rise over all runs, so an index is a place on the timeline.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

IN_DOUBT = 4_000
"""ms after its acknowledgement in which a fragment may still be lost with its receiver."""
MOST_EVENTS = 4_096
"""Of one track, the newest, that other relays are told of: of older ones duplicates may go up."""

Event = tuple[int, int]
"""(run, time) of a sparse track's fragment."""


@dataclass(slots=True)
class Cursor:
    """`reached`: the highest index that is through, by track; `events`: those that are, by track.

    `sequence`: of the last moof.
    """

    reached: dict[str, int] = field(default_factory=dict)
    sequence: int = 0
    events: dict[str, set[Event]] = field(default_factory=dict)
    _recent: deque[tuple[int, str, int | Event]] = field(default_factory=deque)
    # what was in doubt when a POST failed: (lowest, highest) index by track, until it is through
    _failed: dict[str, tuple[int, int]] = field(default_factory=dict)
    _failed_events: set[tuple[str, Event]] = field(default_factory=set)

    def acknowledge(self, track: str, place: int | Event, now: int) -> bool:
        """A fragment is the peer's: its index, or which event it is. True: it had not been yet."""
        self._forget(now)
        self._recent.append((now, track, place))
        if not isinstance(place, int):
            known = self.events.setdefault(track, set())
            self._failed_events.discard((track, place))
            fresh = place not in known
            known.add(place)
            return fresh
        lowest, highest = self._failed.get(track, (0, -1))
        if lowest <= place < highest:
            self._failed[track] = place + 1, highest
        elif place >= highest:
            self._failed.pop(track, None)
        if place <= self.reached.get(track, -1):
            return False
        self.reached[track] = place
        return True

    def skip(self, track: str, index: int) -> None:
        """What lies up to `index` will never go up, or is someone else's."""
        self.reached[track] = max(index, self.reached.get(track, index))
        lowest, highest = self._failed.get(track, (0, -1))
        if index >= highest:
            self._failed.pop(track, None)
        elif index >= lowest:
            self._failed[track] = index + 1, highest

    def retain(self, track: str, events: Iterable[Event]) -> None:
        """Forget all events of a track but these."""
        if track in self.events:
            self.events[track].intersection_update(events)
            self._failed_events = {
                one
                for one in self._failed_events
                if one[0] != track or one[1] in self.events[track]
            }

    def fail(self, now: int) -> None:
        """A POST has failed: what is in doubt now stays so until it is acknowledged again."""
        self._failed_events = self.doubtful_events(now)
        before = dict(self._failed)
        for track, low in self.doubtful(now).items():
            top = max(self.reached.get(track, low), before.get(track, (low, low))[1])
            self._failed[track] = low, top
        self._recent.clear()

    def doubtful(self, now: int) -> dict[str, int]:
        """The lowest index in doubt, by track; tracks without one are left out."""
        self._forget(now)
        lowest = {track: low for track, (low, _) in self._failed.items()}
        for _, track, place in self._recent:
            if isinstance(place, int):
                lowest[track] = min(place, lowest.get(track, place))
        return lowest

    def doubtful_events(self, now: int) -> set[tuple[str, Event]]:
        """The events in doubt."""
        self._forget(now)
        recent = {(track, place) for _, track, place in self._recent if not isinstance(place, int)}
        return recent | self._failed_events

    def _forget(self, now: int) -> None:
        while self._recent and self._recent[0][0] < now - IN_DOUBT:
            self._recent.popleft()

    def kept(self) -> dict[str, object]:
        """What outlives the process."""
        events = {track: sorted(known) for track, known in self.events.items() if known}
        sure = {track: low - 1 for track, (low, _) in self._failed.items()}
        return {"sequence": self.sequence, "reached": self.reached | sure, "events": events}

    def sure(self, now: int) -> dict[str, object]:
        """What another relay may count on: less than `kept`, by what is in doubt."""
        sure = {track: low - 1 for track, low in self.doubtful(now).items()}
        doubtful = self.doubtful_events(now)
        events = {
            track: sorted(one for one in known if (track, one) not in doubtful)[-MOST_EVENTS:]
            for track, known in self.events.items()
        }
        return {"sequence": self.sequence, "reached": self.reached | sure, "events": events}

    def follow(self, other: "Cursor") -> None:
        """Another relay has come so far, at the same receiver."""
        for track, index in other.reached.items():
            self.skip(track, index)
        for track, events in other.events.items():
            self.events.setdefault(track, set()).update(events)
            self._failed_events -= {(track, event) for event in events}
        self.sequence = max(self.sequence, other.sequence)

    @classmethod
    def of(cls, kept: object) -> "Cursor":
        """A cursor from what was kept. Raises ValueError when that is nothing of the kind."""
        try:
            said: Any = kept
            reached = {str(track): _whole(at) for track, at in said["reached"].items()}
            events = {
                str(track): {(_whole(run), _whole(time)) for run, time in known}
                for track, known in said["events"].items()
            }
            return cls(reached, _whole(said["sequence"]), events)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"this is no cursor: {error}") from None


def _whole(number: object) -> int:
    if not isinstance(number, int):
        raise TypeError(f"{number!r} is no whole number")
    return number

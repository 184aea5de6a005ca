"""What one stream still has to send: its tracks' segments behind where it is, in order.

The presentation is the queue: there is no other, so memory does not grow with an outage, and the
store is the backlog. Over tracks the order is that of the indexes, as an encoder interleaves them.
A gap is passed over, unless a late fill for it is in the store by then. What has left the window
before it could go up is lost to this receiver, and counted, once.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from relay.presentation import Presentation, Segment, Window
from relay.uplink.cursor import Cursor
from relay.uplink.stamp import Due

RESENT = 2
"""Fragments per track before the cursor that a resumed POST resends (HTTP-7b)."""
_index = attrgetter("index")

Filled = Callable[[str, int, int], bool]
"""(track, run, index) of a gap: whether a late fill for it is in the store."""


def never(_track: str, _run: int, _index: int) -> bool:
    """No gap is ever filled."""
    return False


@dataclass(slots=True)
class Line:
    """The line of one stream. `tracks` by name, in the order of its header.

    gaps, lost   how many were passed over because nobody had them; because they were too old
    """

    tracks: Sequence[str]
    cursor: Cursor
    filled: Filled = never
    gaps: int = 0
    lost: int = 0
    _shown: Presentation | None = None
    _at: dict[str, int] = field(default_factory=dict)  # the highest index taken or passed over
    _seen: dict[str, int] = field(default_factory=dict)
    _void: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # [first, stop): nothing

    def see(self, shown: Presentation) -> None:
        """The presentation has changed."""
        self._shown = shown
        for track in self.tracks:
            window = self._window(track)
            if not window:
                continue
            if track not in self._seen:
                self._begin(track, window)
            seen = self._seen[track]
            for segment in window[bisect_right(window, seen, key=_index) :]:
                if segment.index > seen + 1:
                    self._empty(track, seen + 1, segment.index)  # the line has moved on
                if segment.gap:
                    self._empty(track, segment.index, segment.index + 1)
                    self.gaps += segment.index > self.cursor.reached[track]
                seen = segment.index
            self._seen[track] = seen

    def _begin(self, track: str, window: Window) -> None:
        """A track is seen for the first time."""
        begins = window[0].index - 1
        reached = self.cursor.reached.get(track)
        if reached is None or reached > window[-1].index:
            # A new receiver gets the whole window; so does one that knows another history.
            self.cursor.reached[track] = begins
        self._at[track] = self.cursor.reached[track]
        self._seen[track] = begins

    def next(self) -> Due | None:
        """What is to be sent next. It stays the next one until it is taken."""
        found: Due | None = None
        for track in self.tracks:
            segment = self._first(track)
            if segment is not None and (found is None or segment.index < found.index):
                found = Due(track, segment.run, segment.index)
        return found

    def take(self, due: Due) -> None:
        """It has been given out."""
        self._at[due.track] = due.index

    def rewind(self, now: int, resent: int = RESENT) -> None:
        """A POST begins: back to the last two before the cursor, and to what is in doubt.

        Never back behind a change of the configuration: the receiver has heard of that.
        """
        doubtful = self.cursor.doubtful(now) if resent else {}
        for track in self.tracks:
            window = self._window(track)
            if not window:
                continue
            reached = self.cursor.reached[track]
            place = bisect_right(window, reached, key=_index)
            again = 0
            while place and again < resent:
                place -= 1
                again += not window[place].gap
            first = window[place].index if again else reached + 1
            self._at[track] = max(
                min(first, doubtful.get(track, first)) - 1, self._changed(track, reached) - 1
            )

    def follow(self, reached: dict[str, int]) -> None:
        """Another receiver has come so far, and that will do."""
        for track in self.tracks:
            if track in reached:
                self.cursor.skip(track, reached[track])
                self._at[track] = max(reached[track], self._at.get(track, reached[track]))

    @property
    def backlog(self) -> int:
        """How many are left to send on the track that has most."""
        return max((self._left(track) for track in self.tracks), default=0)

    @property
    def fragments(self) -> int:
        """How many are left to send on all tracks."""
        return sum(self._left(track) for track in self.tracks)

    def _left(self, track: str) -> int:
        window = self._window(track)
        return len(window) - self._place(track, window)

    def _changed(self, track: str, index: int) -> int:
        """Since when the configuration has been what it is at `index`."""
        rendition = None if self._shown is None else self._shown.rendition(track)
        former = () if rendition is None else rendition.former
        return max((start for start, _ in former if start <= index), default=0)

    def _window(self, track: str) -> Window:
        rendition = None if self._shown is None else self._shown.rendition(track)
        return Window() if rendition is None else rendition.segments

    def _place(self, track: str, window: Window) -> int:
        return bisect_right(window, self._at[track], key=_index) if window else 0

    def _first(self, track: str) -> Segment | None:
        window = self._window(track)
        place = self._place(track, window)
        if place < len(window):
            self._count_lost(track, window[place].index)
        while place < len(window) and window[place].gap:
            if self.filled(track, window[place].run, window[place].index):
                break
            self._at[track] = window[place].index
            place += 1
        return window[place] if place < len(window) else None

    def _count_lost(self, track: str, index: int) -> None:
        """Between where the line is and `index` there may have been something, once."""
        first = max(self.cursor.reached[track], self._at[track]) + 1
        missing = index - first
        for begin, stop in self._void.get(track, ()):
            missing -= max(0, min(stop, index) - max(begin, first))
        if missing > 0:
            self.lost += missing
            self._empty(track, first, index)

    def _empty(self, track: str, first: int, stop: int) -> None:
        """There is nothing, or nothing any more, in [first, stop)."""
        apart: list[tuple[int, int]] = []
        for begin, end in self._void.get(track, ()):
            if begin > stop or end < first:
                apart.append((begin, end))
            else:
                first, stop = min(first, begin), max(stop, end)
        ranges = sorted([*apart, (first, stop)])
        self._void[track] = [one for one in ranges if one[1] > self.cursor.reached[track]]

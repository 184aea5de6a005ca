"""The oracle of configurations: what a track is at an index, and where it breaks.

A change of a header makes one discontinuity in each rendition: at the first index from its start
on that had no place yet, unless the line begins there or had moved on to there, or another change
had the same start. The configuration
of a published index never changes, and is the one under which its bytes were made.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from relay.headers import Change
from relay.media import Track
from relay.presentation import Rendition, Segment
from relay.view import View
from tests.model.encoder import Encoder
from tests.model.house import House
from tests.model.programme import Line, Span


@dataclass(slots=True)
class Changes:
    """What one house was told of configurations. `highest`: the highest index that was sent."""

    house: House
    lines: dict[str, Line]
    highest: int = 0
    _to_come: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _known: dict[str, dict[int, Track]] = field(default_factory=lambda: defaultdict(dict))
    _sent: dict[tuple[str, str], int] = field(default_factory=dict)

    def sent(self, source: str, track: str) -> None:
        """A source sends a track."""
        self._sent[source, track] = self.house.now

    def told(self, source: str, unlike: list[str]) -> None:
        """A source has been heard that it shows these tracks otherwise from now on."""
        for track in unlike:
            self._sent.pop((source, track), None)

    def pinned(self, change: Change, before: View) -> None:
        """The store took a change; `before`: the view of what it had taken till then."""
        highest = max([self.highest, *before.taken.values()])  # of a damaged time, once it is taken
        assert change.start <= highest + 1, "nothing that is sent reaches the change"
        if change.start in before.presentation.breaks:
            return
        for track in self.lines:
            line = before.timelines.get(track)
            self._to_come[track].append(max(change.start, (line and line.next) or 0))

    def breaks(self, track: str, index: int) -> bool:
        """An index finds its place: a discontinuity comes before it."""
        passed = [start for start in self._to_come[track] if start <= index]
        self._to_come[track] = [start for start in self._to_come[track] if start > index]
        return bool(passed)

    def check(self, rendition: Rendition, segment: Segment, data: tuple[bytes, ...]) -> None:
        """A segment is shown as what its bytes were made as, today as on the first day."""
        told = rendition.track_at(segment.index)
        assert self._known[rendition.name].setdefault(segment.index, told) == told
        for span in map(Span.decode, data):
            made = self.lines[rendition.name].variants[span.variant]
            assert made == told, f"{span} is shown as another configuration"

    def variants(self) -> dict[str, int]:
        """How the house knows each track to be configured."""
        known = self.house.point.tracks
        return {
            name: line.variants.index(known.get(name, line.track))
            for name, line in self.lines.items()
        }

    def unlike(self, encoder: Encoder, stream: str) -> list[str]:
        """The tracks of a stream that the encoder would show otherwise than they are known."""
        return [
            track
            for track, known in self.variants().items()
            if encoder.sender(track).stream == stream and encoder.variants.get(track, 0) != known
        ]

    def held_by(self, others: list[Encoder], tracks: list[str], since: int) -> tuple[bool, bool]:
        """Whether another surely, and whether it perhaps, shows one of these tracks as known."""
        known = self.variants()
        tracks = [track for track in tracks if track in self.house.point.tracks]
        showing = any(
            other.sender(track).stream in other.connected
            and other.variants.get(track, 0) == known[track]
            for other in others
            for track in tracks
        )
        lately = any(
            self._sent.get((other.name, track), -1) >= since for other in others for track in tracks
        )
        return showing, showing or lately

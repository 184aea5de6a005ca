"""The media of one stream: the next segment, its bytes when they have been brought, and stamped.

At most one segment's bytes are held, from when they are brought until they are taken.
"""

from dataclasses import dataclass, field

from relay.errors import EncoderError
from relay.media import Buffer
from relay.presentation import Presentation
from relay.uplink.cursor import Cursor
from relay.uplink.line import Due, Line
from relay.uplink.stamp import Stamp
from relay.uplink.steps import Fetch


@dataclass(frozen=True, slots=True)
class Package:
    """A segment that can be sent. `moofs`: how many it holds."""

    due: Due
    parts: list[Buffer]
    moofs: int

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(part) for part in self.parts)


@dataclass(slots=True)
class Supply:
    """What one stream gets to send. `sparse`: its tracks have fragments now and then."""

    stamp: Stamp
    cursor: Cursor
    sparse: bool = False
    line: Line = field(init=False)
    _shown: Presentation | None = None
    _brought: tuple[Fetch, bytes] | None = None

    def __post_init__(self) -> None:
        self.line = Line(self.stamp.tracks, self.cursor, self.sparse)

    @property
    def D(self) -> int:  # noqa: N802 - the design's name
        """The length of a fragment in ms."""
        return 2_000 if self._shown is None else max(1, int(self._shown.grid.D * 1000))

    def see(self, shown: Presentation) -> None:
        """The presentation has changed."""
        self._shown = shown
        self.line.see(shown)

    def brought(self, wanted: Fetch, data: bytes | None) -> None:
        """The bytes that were asked for; None: they are gone."""
        if data is not None:
            self._brought = (wanted, data)
            return
        due = self.line.next()
        if due is not None and _wanted(due) == wanted:
            self.line.spoil(due)

    def next(self) -> Fetch | Package | None:
        """What is to be sent next, or what has to be brought for it; None: there is nothing."""
        while (due := self.line.next()) is not None and self._shown is not None:
            wanted = _wanted(due)
            if self._brought is None or self._brought[0] != wanted:
                self._brought = None
                return wanted
            data = self._brought[1]
            try:
                parts, moofs = self.stamp.media(
                    self._shown, due.track, due.segment, data, self.cursor.sequence
                )
            except EncoderError:
                self._brought = None
                self.line.spoil(due)
                continue
            return Package(due, parts, moofs)
        return None

    def take(self, package: Package) -> None:
        """It has been given out."""
        self._brought = None
        self.line.take(package.due)
        self.cursor.sequence += package.moofs


def _wanted(due: Due) -> Fetch:
    return Fetch(due.track, due.segment.run, due.segment.index)

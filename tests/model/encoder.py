"""A model encoder: where it is in the programme, and what it would resend."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from relay.arrival import Sender
from relay.media import Copy, Fragment, Header
from tests.model.programme import Line, Programme, Span


@dataclass(frozen=True, slots=True)
class Sent:
    """A fragment as it went out, and the cell that it is cut from."""

    span: Span
    cell: int
    fragment: Fragment

    def copy(self, index: int) -> Copy:
        """What a timeline asks of it before it believes it."""
        span, made = self.span, self.fragment
        return Copy(span.track, 0, index, made.time, made.duration, 1, span.source, 0, 0)


@dataclass(slots=True)
class _At:
    cell: int
    splits: tuple[int, ...] = ()
    todo: list[tuple[int, int]] = field(default_factory=list)
    drift: int = 0
    slate: bool = False
    last: deque[Sent] = field(default_factory=lambda: deque(maxlen=2))


@dataclass(slots=True)
class Encoder:
    """One source.

    apart     every track in a stream of its own, else all in one
    indexed   it sends the index in its tfxd: the cell plus this; None: it sends none
    drift     ms by which its next cells are late
    behind    tracks of which it sent last what was far behind
    slate     its input is lost: its next cells are filler
    variants  how each track is configured; 0 if nothing is said
    """

    name: str
    programme: Programme
    apart: bool
    indexed: int | None
    cell: int
    drift: int = 0
    behind: set[str] = field(default_factory=set)
    slate: bool = False
    variants: dict[str, int] = field(default_factory=dict)
    connected: set[str] = field(default_factory=set)
    stash: list[Sent] = field(default_factory=list)
    lines: dict[str, Line] = field(init=False)
    _at: dict[str, _At] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.programme.lines
        self._at = {track: _At(self.cell) for track in self.lines}

    def sender(self, track: str) -> Sender:
        return Sender(self.name, track if self.apart else "main")

    def streams(self) -> set[str]:
        return {self.sender(track).stream for track in self.lines}

    def ahead(self, track: str) -> int:
        """The cell that is next."""
        return self._at[track].cell

    def within(self, track: str) -> bool:
        """It is in mid-cell."""
        at = self._at[track]
        return 0 < len(at.todo) < len(self.lines[track].pieces(at.cell, at.splits))

    def split(self, track: str, splits: Sequence[int]) -> None:
        """Where the cells to come are cut in pieces, in sixteenths."""
        at = self._at[track]
        if not at.todo:
            at.splits = tuple(splits)

    def next(self, track: str) -> Sent:
        """Take the next fragment of a track."""
        at, line = self._at[track], self.lines[track]
        if not at.todo:
            at.todo = line.pieces(at.cell, at.splits)
            at.drift = self.drift * line.track.timescale // 1000
            at.slate = self.slate
        first, stop = at.todo.pop(0)
        span = Span(self.name, track, first, stop, self.variants.get(track, 0), at.slate)
        sent = self._cut(track, span, at.cell, at.drift)
        if not at.todo:
            at.cell += 1
        at.last.append(sent)
        return sent

    def skip(self, track: str, cells: int) -> None:
        """Leave out what is left of this cell, and more."""
        at = self._at[track]
        at.cell += cells
        at.todo = []

    def again(self, track: str) -> None:
        """Begin the cell anew, in one piece."""
        at = self._at[track]
        if self.within(track):
            at.todo = self.lines[track].pieces(at.cell, ())
            at.splits = ()

    def last(self, track: str) -> list[Sent]:
        return list(self._at[track].last)

    def poison(self, track: str, cells: int, part: int) -> Sent:
        """A fragment from the far future, the first `part` sixteenths of its cell."""
        line, cell = self.lines[track], self._at[track].cell + cells
        first, stop = line.pieces(cell, (part,))[0]
        span = Span(self.name, track, first, stop, self.variants.get(track, 0))
        return self._cut(track, span, cell, 0)

    def configure(self, variants: dict[str, int]) -> None:
        """It is restarted with other settings: it has nothing left of what it had encoded."""
        if variants != self.variants:
            self.variants = dict(variants)
            self.stash.clear()
            for at in self._at.values():
                at.last.clear()

    def header(self, stream: str) -> Header:
        """What its stream begins with."""
        tracks = [track for track in self.lines if self.sender(track).stream == stream]
        names = tuple(self.lines[track].track.key.name for track in tracks)
        variants = tuple(self.variants.get(track, 0) for track in tracks)
        return self.programme.header(names, variants)

    def _cut(self, track: str, span: Span, cell: int, drift: int) -> Sent:
        index = None if self.indexed is None else cell + self.indexed
        return Sent(span, cell, self.lines[track].fragment(span, drift, index))

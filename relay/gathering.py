"""One sender's copy of an index, gathered until it is whole.

Usually a copy is one fragment. It is several when the encoder splits at a cue, so pieces of one
index are joined while they are contiguous. A copy is whole when it fills its cell of the grid, but
for an eighth at either end (audio leads video by up to 117 ms in real streams); or when its sender
has gone on to a later index from where it ended; or when the POST ended cleanly. It never becomes
whole by a timer while its sender still delivers it. What a sender leaves open when it dies, or goes
on elsewhere, waits `patience` for the sender to complete it or another's whole copy to win, and is
then handed on as partial.

A reconnecting sender resends its last two fragments, so older indexes may come again: they are
gathered anew, and the store knows them as duplicates. It may also cut them elsewhere than before,
so a piece replaces those that it overlaps. What is open is bounded, in copies and in pieces; what
was left alone the longest is handed on first.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from relay.media import Buffer, Copy, Fragment, Track
from relay.numbering import Grid
from relay.runs import FIRST, Run

MOST_OPEN = 4
MOST_BYTES = 64 << 20
MOST_PIECES = 1_024
"""Of one copy; what comes beyond that is dropped, and the copy is partial."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A copy with its bytes, on its way to the store."""

    copy: Copy
    data: tuple[Buffer, ...]


@dataclass(slots=True)
class _Pieces:
    fragments: list[Fragment] = field(default_factory=list)
    dropped: bool = False
    arrival: int = 0
    dies: int | None = None

    def add(self, fragment: Fragment) -> None:
        kept = [
            piece
            for piece in self.fragments
            if piece.time != fragment.time
            and min(piece.end, fragment.end) - max(piece.time, fragment.time) <= _half(fragment)
        ]
        size = sum(piece.size for piece in kept) + fragment.size
        if kept and (size > MOST_BYTES or len(kept) >= MOST_PIECES):
            self.dropped = True
        else:
            self.fragments = sorted([*kept, fragment], key=lambda piece: piece.time)

    @property
    def end(self) -> int:
        return self.fragments[-1].end

    @property
    def joined(self) -> bool:
        """Nothing is missing between its pieces."""
        whole = all(b.time - a.end <= _half(b) for a, b in pairwise(self.fragments))
        return whole and not self.dropped


@dataclass(slots=True)
class Gathering:
    """What one sender has delivered of one track. `now`, `patience` in ms; `utc` ms since 1970."""

    track: Track
    source: str
    grid: Grid
    patience: int
    run: Run = FIRST
    _open: dict[int, _Pieces] = field(default_factory=dict)

    def add(self, index: int, fragment: Fragment, utc: int, now: int = 0) -> list[Offer]:
        """One more fragment of `index`; the copies that became whole by it, in order of index."""
        done: list[Offer] = []
        for at in sorted(at for at in self._open if at < index):
            left = self._open[at]
            if left.dies is None and left.joined and fragment.time - left.end <= _half(fragment):
                done.append(self._close(at))
            elif left.dies is None:
                left.dies = now + self.patience
        pieces = self._open.pop(index, None) or _Pieces()
        self._open[index] = pieces  # the last one touched
        pieces.add(fragment)
        pieces.dies = None
        pieces.arrival = utc
        if self._whole(index, pieces):
            done.append(self._close(index))
        elif len(self._open) > MOST_OPEN:
            done.append(self._close(next(iter(self._open)), partial=True))
        return done

    def end(self, now: int, *, clean: bool) -> list[Offer]:
        """The sender's POST ended. Cleanly: what is open is whole. Else it waits for `due`."""
        alive = [at for at, pieces in sorted(self._open.items()) if pieces.dies is None]
        if clean:
            return [self._close(at) for at in alive]
        for at in alive:
            self._open[at].dies = now + self.patience
        return []

    def due(self, now: int) -> list[Offer]:
        """Copies whose sender died `patience` ago: partial."""
        dead = [at for at, p in sorted(self._open.items()) if p.dies is not None and p.dies <= now]
        return [self._close(at, partial=True) for at in dead]

    def deadline(self) -> int | None:
        """When `due` is to be asked again."""
        return min((p.dies for p in self._open.values() if p.dies is not None), default=None)

    @property
    def busy(self) -> bool:
        """Something is open: not to be forgotten."""
        return bool(self._open)

    def _whole(self, index: int, pieces: _Pieces) -> bool:
        scale = self.track.timescale
        cell = index - self.run.offset
        begins = self.grid.start(cell, scale) + int(self.grid.D * scale / 8)
        return (
            pieces.fragments[0].time <= begins
            and self.grid.whole(cell, pieces.end, scale)
            and pieces.joined
        )

    def _close(self, index: int, *, partial: bool = False) -> Offer:
        pieces = self._open.pop(index)
        data = tuple(part for fragment in pieces.fragments for part in fragment.data)
        first = pieces.fragments[0]
        copy = Copy(
            track=self.track.name,
            run=self.run.number,
            index=index,
            time=first.time,
            duration=pieces.end - first.time,
            sample_count=sum(fragment.sample_count for fragment in pieces.fragments),
            source=self.source,
            arrival=pieces.arrival,
            size=sum(len(part) for part in data),
            sync=first.sync,
            partial=partial or not pieces.joined,
        )
        return Offer(copy, data)


def _half(fragment: Fragment) -> int:
    return fragment.duration // (2 * fragment.sample_count)

"""One sender's copy of an index, gathered until it is whole.

Usually a copy is one fragment. It is several when the encoder splits at a cue, so pieces of one
index are joined while they are contiguous. A copy is whole when it fills its cell of the grid, but
for an eighth at either end (audio leads video by up to 117 ms in real streams); or when its sender
has gone on to a later index; or when the POST ended cleanly. It never becomes whole by a timer
while its sender still delivers it. What is left when a sender dies waits `patience` for the sender
to come back or another's whole copy to win, and is then handed on as partial.

A reconnecting sender resends its last two fragments, so older indexes may come again: they are
gathered anew, and the store knows them as duplicates.
"""

from dataclasses import dataclass, field

from relay.media import Buffer, Copy, Fragment, Track
from relay.numbering import Grid
from relay.runs import FIRST, Run

MOST_OPEN = 4
MOST_BYTES = 64 << 20
"""Of one copy; what comes beyond that is dropped, and the copy is partial."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A copy with its bytes, on its way to the store."""

    copy: Copy
    data: tuple[Buffer, ...]


@dataclass(slots=True)
class _Pieces:
    fragments: list[Fragment] = field(default_factory=list)
    broken: bool = False
    size: int = 0
    arrival: int = 0
    dies: int | None = None

    @property
    def end(self) -> int:
        return self.fragments[-1].end


@dataclass(slots=True)
class Gathering:
    """What one sender has delivered of one track. `now`, `patience` in ms; `utc` ms since 1970."""

    track: Track
    source: str
    grid: Grid
    patience: int
    run: Run = FIRST
    _open: dict[int, _Pieces] = field(default_factory=dict)

    def add(self, index: int, fragment: Fragment, utc: int) -> list[Offer]:
        """One more fragment of `index`; the copies that became whole by it, in order of index."""
        whole = [self._close(at) for at in sorted(self._open) if at < index]
        pieces = self._open.setdefault(index, _Pieces())
        pieces.dies = None
        pieces.arrival = utc
        if pieces.fragments:
            half = fragment.duration // (2 * fragment.sample_count)
            distance = fragment.time - pieces.end
            if distance < -half or fragment.time <= pieces.fragments[-1].time:
                return whole  # a resent piece
            if pieces.size + fragment.size > MOST_BYTES:
                pieces.broken = True
                return whole
            pieces.broken |= distance > half
        pieces.fragments.append(fragment)
        pieces.size += fragment.size
        scale = self.track.timescale
        cell = index - self.run.offset
        begins = self.grid.start(cell, scale) + int(self.grid.D * scale / 8)
        if (
            not pieces.broken
            and pieces.fragments[0].time <= begins
            and self.grid.whole(cell, pieces.end, scale)
        ) or len(self._open) > MOST_OPEN:
            whole.append(self._close(index))
        return whole

    def end(self, now: int, *, clean: bool) -> list[Offer]:
        """The sender's POST ended. Cleanly: what is open is whole. Else it waits for `due`."""
        if clean:
            return [self._close(at) for at in sorted(self._open)]
        for pieces in self._open.values():
            if pieces.dies is None:
                pieces.dies = now + self.patience
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
            size=pieces.size,
            sync=first.sync,
            partial=partial or pieces.broken,
        )
        return Offer(copy, data)

"""One sender's copy of an index, gathered until it is whole.

Usually a copy is one fragment. It is several when the encoder splits at a cue, so pieces of one
index are joined while they are contiguous. A copy is whole when it fills its cell of the grid, but
for an eighth at either end (audio leads video by up to 117 ms in real streams); or when its sender
has gone on to a later index from where it ended; or when the POST ended cleanly. It never becomes
whole by a timer while its sender still delivers it. What a sender leaves open when it dies, or goes
on elsewhere, waits `patience` for the sender to complete it or another's whole copy to win, and is
then handed on as partial; while another sender is delivering that index, it waits on.

A reconnecting sender resends its last two fragments, so older indexes may come again: they are
gathered anew, and the store knows them as duplicates. It may also cut them elsewhere than before,
so a piece replaces those that it overlaps. What is open is bounded, in copies and in pieces; what
was left alone the longest is handed on first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from relay.arrival import Arrival, Sender
from relay.media import Buffer, Copy, Fragment, Track
from relay.numbering import Grid
from relay.runs import FIRST, Run

MOST_OPEN = 4
MOST_BYTES = 64 << 20
MOST_PIECES = 1_024
"""Of one copy; what comes beyond that is dropped, and the copy is partial."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A copy with its bytes, on its way to the store.

    fragments   what it was gathered from, in order of time
    slate       a filler that its encoder sends in place of a lost input: any other copy is better
    came        when the last of them came, in ms of the rising clock; None: now
    """

    copy: Copy
    data: tuple[Buffer, ...]
    fragments: tuple[Fragment, ...] = ()
    slate: bool = False
    came: int | None = None


@dataclass(slots=True)
class _Pieces:
    fragments: list[Fragment] = field(default_factory=list)
    dropped: bool = False
    arrival: int = 0
    came: int = 0
    dies: int | None = None

    def add(self, fragment: Fragment) -> None:
        kept = [
            piece
            for piece in self.fragments
            if piece.time != fragment.time
            and min(piece.end, fragment.end) - max(piece.time, fragment.time) <= fragment.half_frame
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
        whole = all(b.time - a.end <= b.half_frame for a, b in pairwise(self.fragments))
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
            if (
                left.dies is None
                and left.joined
                and fragment.time - left.end <= fragment.half_frame
            ):
                done.append(self._close(at))
            elif left.dies is None:
                left.dies = now + self.patience
        pieces = self._open.pop(index, None) or _Pieces()
        self._open[index] = pieces  # the last one touched
        pieces.add(fragment)
        pieces.dies = None
        pieces.arrival, pieces.came = utc, now
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

    def due(self, now: int, elsewhere: frozenset[int] = frozenset()) -> list[Offer]:
        """Copies whose sender died `patience` ago: partial.

        `elsewhere`: indexes that another sender is delivering: they wait on.
        """
        dead = [at for at, p in sorted(self._open.items()) if p.dies is not None and p.dies <= now]
        for at in dead:
            if at in elsewhere:
                self._open[at].dies = now + self.patience
        return [self._close(at, partial=True) for at in dead if at not in elsewhere]

    def abandon(self) -> list[Offer]:
        """Its track goes on otherwise: what is open stays in pieces."""
        return [self._close(at, partial=True) for at in sorted(self._open)]

    def changes(self, start: int) -> None:
        """What is open from that index on is of former settings: nobody can show it."""
        self._open = {at: pieces for at, pieces in self._open.items() if at < start}

    def deadline(self) -> int | None:
        """When `due` is to be asked again."""
        return min((p.dies for p in self._open.values() if p.dies is not None), default=None)

    @property
    def alive(self) -> frozenset[int]:
        """The indexes that are being delivered."""
        return frozenset(at for at, pieces in self._open.items() if pieces.dies is None)

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
        return join(
            Copy(
                track=self.track.name,
                run=self.run.number,
                index=index,
                time=0,
                duration=0,
                sample_count=0,
                source=self.source,
                arrival=pieces.arrival,
                size=0,
                partial=partial or not pieces.joined,
            ),
            pieces.fragments,
            pieces.came,
        )


@dataclass(slots=True)
class Gatherings:
    """What all senders of a point have open, by sender and track."""

    patience: int
    _by: dict[tuple[Sender, str], Gathering] = field(default_factory=dict)

    def add(self, came: Arrival, index: int, run: Run, grid: Grid) -> list[Offer]:
        """One more fragment of `index`; the copies that became whole by it."""
        track, key = came.fragment.track, (came.sender, came.fragment.track.name)
        offers: list[Offer] = []
        gathering = self._by.get(key)
        if gathering is not None and (gathering.run, gathering.track) != (run, track):
            offers += gathering.abandon()
            gathering = None
        if gathering is None:
            gathering = Gathering(track, came.sender.source, grid, self.patience, run)
            self._by[key] = gathering
        return offers + gathering.add(index, came.fragment, came.utc, came.now)

    def end(self, sender: Sender, now: int, *, clean: bool) -> list[Offer]:
        """A sender's POST ended."""
        ended = [gathering for (who, _), gathering in self._by.items() if who == sender]
        offers = [offer for gathering in ended for offer in gathering.end(now, clean=clean)]
        self._forget()
        return offers

    def due(self, now: int) -> list[Offer]:
        """Dead senders' copies, but for what others are delivering."""
        offers: list[Offer] = []
        for (_, track), gathering in self._by.items():
            others = (g.alive for (_, name), g in self._by.items() if name == track)
            offers += gathering.due(now, frozenset().union(*others))
        self._forget()
        return offers

    def deadline(self) -> int | None:
        """When `due` is to be asked again."""
        times = (gathering.deadline() for gathering in self._by.values())
        return min((time for time in times if time is not None), default=None)

    def changes(self, tracks: Sequence[Track], start: int) -> None:
        """From an index on these are the tracks: what is open there of their former selves goes."""
        now = {track.name: track for track in tracks}
        for (_, name), gathering in self._by.items():
            if gathering.track != now.get(name, gathering.track):
                gathering.changes(start)
        self._forget()

    def _forget(self) -> None:
        for key in [key for key, gathering in self._by.items() if not gathering.busy]:
            del self._by[key]


def join(copy: Copy, fragments: Sequence[Fragment], came: int | None = None) -> Offer:
    """The offer of `copy` as these fragments, in order of time, make it; `came` as it has it."""
    data = tuple(part for fragment in fragments for part in fragment.data)
    first, last = fragments[0], fragments[-1]
    made = replace(
        copy,
        time=first.time,
        duration=last.end - first.time,
        sample_count=sum(fragment.sample_count for fragment in fragments),
        size=sum(len(part) for part in data),
        sync=first.sync,
    )
    return Offer(made, data, tuple(fragments), any(fragment.slate for fragment in fragments), came)


def event(came: Arrival, index: int, run: Run) -> Offer:
    """The offer of a sparse fragment, which is whole, and told from its neighbours by its time."""
    fragment = came.fragment
    copy = Copy(
        track=fragment.track.name,
        run=run.number,
        index=index,
        time=fragment.time,
        duration=fragment.duration,
        sample_count=fragment.sample_count,
        source=came.sender.source,
        arrival=came.utc,
        size=0,
        event=True,
    )
    return join(copy, [fragment])

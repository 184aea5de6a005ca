"""How the sources of a track stand to the clock, to the timeline and to each other.

Each copy is held against three things:

    the clock      *clock offset* = the UTC of its media end, less its arrival, in ms. Normally
                   below zero: the newest media is that old when it is in. Of the last `RECENT`
                   copies the greatest counts, since a way can only add delay. It is the encoder's
                   delay, the shortest way and the difference of the two clocks in one number, which
                   nothing can take apart; above zero the encoder's clock is certainly ahead. On a
                   local timeline (times that count from 0) only differences between sources mean
                   anything, unless one is as large as UTC itself: a source that stamps UTC where
                   others, or itself, began at 0.
    the timeline   *drift* = its time, less the end of what is published before it, in ms: that by
                   which it would miss the join if it were published. 0 for encoders in step.
    the others     *out of sync* with another source that lives, when the same index lies more than
                   D/2 elsewhere than in the published copy, or when its clock offset is further
                   from that of the others (their median) than the merge waits (`patience`): then
                   the later one never wins. And with UTC itself, when its clock offset says minutes
                   in the past or seconds in the future: a wrong clock or time zone, even of the
                   only source.

*Gaps* are indexes that a source skipped and has not sent since. A copy that comes again, or comes
back from being held, says nothing new. Sans-IO; `arrival` is in ms since 1970. Strangers name
sources, so what is remembered is bounded; the one that was silent the longest is forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from relay.media import Copy

RECENT = 10
MOST_STANDINGS = 1_024
MOST_INDEXES = 64
"""Indexes of one source and track that are remembered, and skipped ones that may still come."""
LONGEST_AGO, FURTHEST_AHEAD = 120_000, 3_000
"""ms: how late a channel may come, making up for an outage included, and how clocks may differ."""
DAY = 86_400_000
MOST_SKIPPED = 1_800
"""Beyond it a source has gone on elsewhere, and has skipped nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy belongs, and the rules of its channel.

    timescale  ticks per second;  epoch  seconds that make UTC of its times
    joins      end of what is published before it, in ticks, if that is known
    won        the published copy of its index, if there is one
    D          seconds;  patience  ms;  sparse  its track has holes by nature
    """

    timescale: int
    D: Fraction
    patience: int
    epoch: int = 0
    joins: int | None = None
    won: Copy | None = None
    sparse: bool = False

    def ms(self, ticks: int) -> int:
        """Ticks as ms, rounded to nearest."""
        return round(Fraction(ticks * 1000, self.timescale))


@dataclass(slots=True)
class Standing:
    """One source on one track.

    last      arrival of its newest copy;  gaps  indexes that it left out
    offset    clock offset in ms, None at first
    drift     of its newest copy, in ms, None when nothing is before it
    off       that drift is more than half a frame
    apart     why it is out of sync, a sentence; "" while it is in step, or alone
    """

    last: int = 0
    gaps: int = 0
    drift: int | None = None
    off: bool = False
    apart: str = ""
    _run: int = 0
    _newest: int | None = None
    _known: dict[int, None] = field(default_factory=dict)
    _skipped: dict[int, None] = field(default_factory=dict)
    _offsets: tuple[int, ...] = ()

    @property
    def offset(self) -> int | None:
        return max(self._offsets, default=None)

    @property
    def lateness(self) -> int | None:
        """How old the newest copy's media was when it was in, in ms; None at first."""
        return -self._offsets[-1] if self._offsets else None

    @property
    def sure(self) -> bool:
        """Its clock offset is that of `RECENT` copies."""
        return len(self._offsets) == RECENT

    def took(self, copy: Copy, place: Place) -> bool:
        """One more copy; False when it says nothing new."""
        self.last = max(self.last, copy.arrival)
        if copy.run > self._run:
            self._run, self._newest = copy.run, None
            self._offsets = ()
        if copy.run < self._run or copy.index in self._known:
            return False
        self._known[copy.index] = None
        if len(self._known) > MOST_INDEXES:
            del self._known[next(iter(self._known))]
        if not place.sparse:
            self._count(copy.index)
        end = place.ms(copy.end) + 1000 * place.epoch
        self._offsets = (*self._offsets, end - copy.arrival)[-RECENT:]
        self.drift, self.off = None, False
        if place.joins is not None and not place.sparse:
            missed = copy.time - place.joins
            self.drift, self.off = place.ms(missed), abs(missed) > copy.half_frame
        return True

    def _count(self, index: int) -> None:
        if index in self._skipped:
            del self._skipped[index]
            self.gaps -= 1
        newest = index - 1 if self._newest is None else self._newest
        if 1 < index - newest <= MOST_SKIPPED:
            self.gaps += index - newest - 1
            self._skipped |= dict.fromkeys(range(max(newest + 1, index - MOST_INDEXES), index))
            while len(self._skipped) > MOST_INDEXES:
                del self._skipped[next(iter(self._skipped))]
        self._newest = index if index > newest or newest - index > MOST_SKIPPED else newest


@dataclass(slots=True)
class Synchrony:
    """The standings of one channel, by (source, track name)."""

    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)

    def took(self, copy: Copy, place: Place) -> Standing | None:
        """A copy got its verdict; its source's standing, None when it says nothing new."""
        key = (copy.source, copy.track)
        standing = self.standings.pop(key, None) or Standing()
        self.standings[key] = standing
        if len(self.standings) > MOST_STANDINGS:
            del self.standings[next(iter(self.standings))]
        if not standing.took(copy, place):
            return None
        standing.apart = ""
        if not place.sparse:
            standing.apart = self._apart(copy, place, standing) or _astray(copy, place, standing)
        return standing

    def last(self, source: str) -> int | None:
        """When the newest copy of a source came, in ms since 1970."""
        known = (s.last for (who, _), s in self.standings.items() if who == source)
        return max(known, default=None)

    def offset(self, source: str) -> int | None:
        """The clock offset of a source in ms: that of its track which is the least late."""
        known = (s.offset for (who, _), s in self.standings.items() if who == source)
        return max((offset for offset in known if offset is not None), default=None)

    def apart(self, source: str) -> str:
        """Why a source is out of sync on any of its tracks; "" when it is on none."""
        said = (s.apart for (who, _), s in self.standings.items() if who == source)
        return next((sentence for sentence in said if sentence), "")

    def _apart(self, copy: Copy, place: Place, mine: Standing) -> str:
        since = copy.arrival - int(2000 * place.D) - place.patience
        others = {
            who: standing
            for (who, track), standing in self.standings.items()
            if track == copy.track and who != copy.source and standing.last >= since
        }
        won = place.won
        if won is not None and won.source in others:
            missed = copy.time - won.time
            if 2 * abs(missed) > place.D * place.timescale:
                return (
                    f"{copy.source}, {copy.track}: fragment {copy.index} begins"
                    f" {_seconds(place.ms(missed))} s from where {won.source} has it:"
                    " synchronise the two encoders"
                )
        sure = {who: s.offset for who, s in others.items() if s.sure and s.offset is not None}
        if not sure or not mine.sure or mine.offset is None:
            return ""
        middle, offset = _middle(sure, mine.offset)
        late = offset - mine.offset
        # Of two nobody knows which is right: the one that cannot win is named.
        if late <= place.patience and (len(sure) == 1 or -late <= place.patience):
            return ""
        how = f"{_seconds(abs(late))} s {'after' if late > 0 else 'before'} {middle}"
        return (
            f"{copy.source}, {copy.track}: comes {how}, and the merge waits"
            f" {_seconds(place.patience)} s: synchronise the encoders' clocks and delays, or set a"
            " longer patience"
        )


def _astray(copy: Copy, place: Place, mine: Standing) -> str:
    """Why what it sends cannot be of now; "" when it can, or when that cannot be known."""
    offset = mine.offset
    if offset is None or -LONGEST_AGO <= offset <= FURTHEST_AHEAD:
        return ""
    if place.epoch:
        # From a time that counts from 0 to UTC is decades, and nothing else is.
        if abs(offset - 1000 * place.epoch) > DAY:
            return ""
        return (
            f"{copy.source}, {copy.track}: its times are UTC, and this channel counts from 0, as it"
            " began: reset the channel, and start every encoder with UTC times"
        )
    away = f"{abs(offset) // 1000} s {'ahead of' if offset > 0 else 'behind'} this machine's UTC"
    unless = "pushes faster than it plays" if offset > 0 else "makes up for an outage"
    return (
        f"{copy.source}, {copy.track}: its times are {away}: set its clock and time zone (NTP), or"
        f" this machine's, unless it {unless}"
    )


def _middle(offsets: Mapping[str, int], mine: int) -> tuple[str, int]:
    """Who is in the middle of the others, and where; of two in the middle, the nearer one."""
    ranked = sorted(offsets.items(), key=lambda known: (known[1], known[0]))
    middle = ranked[(len(ranked) - 1) // 2 : len(ranked) // 2 + 1]
    return min(middle, key=lambda known: abs(known[1] - mine))


def _seconds(ms: int) -> str:
    return f"{ms / 1000:g}"

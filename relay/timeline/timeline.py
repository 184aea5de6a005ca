"""The merge of one track: which copies are worth putting, and in what order members are placed.

Set first, order second. The store decides which copy of an index exists; this view, built from
nothing but what the store reports (`apply`), decides the order. `offer` is asked *before* the put
and only spares or delays it, so a wrong guess costs a put and never the result.

    offer   accepted   the next index and it joins the end within half a frame, or further ahead
            held       the next index, but it does not join: another source's copy may, within
                       `patience`; so an early encoder cannot win every other index. Or half a
                       copy where a whole one is held; or a slate, than which any other copy is
                       better; or not the preferred source's, while that delivers
            duplicate  the index is taken; or nothing more can be held, and something better is
            fill       whole, for a declared gap: too late to be shown, it is kept beside it
            late       its place is past
            suspect    further ahead than a source is believed alone: it changes nothing, until
                       more convinces that the line itself has moved on (`suspects`). A track
                       without a line is measured by the others' edge
    apply   places a member as soon as everything before it is placed; a member beyond `reach`
            is where the line goes on, since it would not be in the store otherwise
    due     copies held for `patience`, for a hole, or convincing; gaps for what nobody has

Gaps are records under the missing keys and compete there like copies: the one that the store took
counts. Invariants: an index is placed once; the order is strictly rising; nothing placed changes.
Times in ticks; `now` and `patience` in ms of a clock that only rises.
"""

from dataclasses import dataclass, field
from math import ceil

from relay.gathering import Offer
from relay.media import Copy, Entry, Gap, Verdict
from relay.numbering import Grid
from relay.runs import FIRST, LEAP, SILENCE, Run
from relay.timeline.breaks import Breaks
from relay.timeline.gaps import gaps
from relay.timeline.held import Held
from relay.timeline.joining import better, together
from relay.timeline.moment import Moment
from relay.timeline.placed import Placed
from relay.timeline.suspects import Suspects

NEAR = 2 * LEAP + 1
"""Cells behind the next one in which a source still goes on with the line: others may be ahead."""


@dataclass(slots=True)
class Timeline:
    """The timeline of one track.

    depth   how many indexes below the newest still count;  reach  how far ahead one may lie
    """

    track: str
    grid: Grid
    timescale: int
    patience: int
    depth: int
    reach: int
    run: Run = FIRST
    next: int | None = None
    end: int = 0
    placed: Placed = field(default_factory=Placed)
    _ahead: dict[int, Copy | Gap] = field(default_factory=dict)
    _hole_since: int | None = None
    _held: Held = field(default_factory=Held)
    _suspects: Suspects = field(default_factory=Suspects)
    _breaks: Breaks = field(default_factory=Breaks)
    _preferred: int | None = None
    _moment: Moment | None = None

    @property
    def floor(self) -> int:
        """The lowest index inside the window."""
        return 0 if self.next is None else max(0, self.next - self.depth)

    @property
    def newest(self) -> int:
        """The highest index that was taken, placed or not yet."""
        return max([(self.next or 0) - 1, *self._ahead])

    def tune(self, patience: int, depth: int, reach: int) -> None:
        """From now on these hold."""
        self.patience, self.depth, self.reach = patience, depth, reach
        self.placed.cut(self.floor)

    def begin(self, index: int) -> None:
        """Where a replay starts: the lowest index that the store still has."""
        self.next = index

    def turn(self, run: Run) -> list[Entry]:
        """All tracks enter a run: numbers go on at its start, with a discontinuity.

        The entries are gaps for the numbers that this track leaves unused, if they are few.
        """
        entries: list[Entry] = []
        if self.next is None:
            self.run = run  # as if it had been made after the turn: nothing breaks
            return entries
        if self.placed and 0 < run.start - self.next <= self.reach:
            cell = int(self.grid.D * self.timescale)
            for index in range(self.next, run.start):
                entries.append(Entry(Gap(self.track, self.run.number, index, self.end, cell, 0)))
                self.end += cell
        self.run, self.next = run, run.start
        self._breaks.turn(run.start)
        self.placed.clear()
        self._ahead.clear()
        self._held.drop()
        self._suspects.clear()
        self._hole_since = None
        return entries

    def breaks(self, start: int) -> None:
        """A discontinuity comes before the first index from `start` on that has no place yet."""
        self._breaks.add(start)

    def changes(self, start: int) -> None:
        """From an index on it is configured otherwise: what waits for a place there goes."""
        self._held.drop(start)
        self._suspects.clear()

    def find(self, index: int) -> Copy | Gap | None:
        """The member under an index, placed or not yet."""
        return self.placed.get(index) or self._ahead.get(index)

    def differs(self, copy: Copy) -> str | None:
        """How a duplicate differs from the copy that won, or None."""
        won = self.find(copy.index)
        if not isinstance(won, Copy) or won.partial or copy.partial:
            return None
        return copy.unlike(won)

    def offer(
        self,
        offer: Offer,
        now: int,
        edge: int | None = None,
        prefer: str | None = None,
        *,
        utc: int | None = None,
    ) -> Verdict:
        """A copy came in: is it worth a put now? Held ones come back through `due`.

        edge     the highest index placed on any track, for the first copy of this one
        prefer   the source whose copies are taken while it delivers
        utc      this moment in ms since 1970, where the times of media are UTC
        """
        copy, came = offer.copy, now if offer.came is None else offer.came
        self._moment = None if utc is None else Moment(came, utc)
        if copy.source == prefer:
            self._preferred = now
        if copy.run != self.run.number:
            return Verdict.LATE
        if self.next is None:
            if edge is not None and copy.index > edge + self.reach:
                return self._suspect(offer, now, leap=False)
            self._suspects.goes_on(copy.source, copy.index, came)
            return Verdict.ACCEPTED
        taken, leap = isinstance(self.find(copy.index), Copy), self._leaps(copy.index)
        if not taken:
            if self._far(copy.index, self.reach):
                return self._suspect(offer, now, leap=False)
            if self._doubted(copy, came):
                return self._suspect(offer, now, leap=True)
            self._held.add(now, *(self._suspects.leading_to(copy) if leap else ()))
        if copy.index >= self.next - NEAR and not (taken and leap):
            self._suspects.goes_on(copy.source, copy.index, came)
        if taken:
            return Verdict.DUPLICATE
        if copy.index < self.next:
            filling = isinstance(self.placed.get(copy.index), Gap) and not copy.partial
            return Verdict.FILL if filling else Verdict.LATE
        misses = copy.index == self.next and self.placed and not self._joins(copy)
        beside = self._held.of(copy.index)
        worse = copy.partial and beside
        spare = offer.slate or (prefer not in (None, copy.source) and self._prefers(now))
        if not (misses or worse or spare):
            return Verdict.ACCEPTED
        if self._held.takes(offer):
            self._held.add(now + self.patience, offer)
            return Verdict.HELD
        loses = any(better(held, offer) for held in beside)
        return Verdict.DUPLICATE if loses else Verdict.ACCEPTED

    def apply(self, member: Copy | Gap, now: int) -> list[Entry]:
        """The store took a member: the entries that find their place by it, in order."""
        if member.run != self.run.number:
            return []  # an older run's: its place is past
        if self.next is None or self._far(member.index, self.reach):
            self.next = member.index
            self.placed.clear()
            self._breaks.move()
            self._ahead = {at: m for at, m in self._ahead.items() if at > member.index}
        if member.index < self.next:
            return []
        self._ahead[member.index] = member
        entries: list[Entry] = []
        while (found := self._ahead.pop(self.next, None)) is not None:
            drift = found.time - self.end if self.placed else 0
            self.placed.add(found)
            self.end = found.end
            self.next += 1
            self.placed.cut(self.next - self.depth)
            entries.append(Entry(found, drift, discontinuity=self._breaks.before(found.index)))
        reached = self.next
        self._held.hurry(now, lambda index: index < reached or index in self._ahead)
        if not self._ahead:
            self._hole_since = None
        elif entries or self._hole_since is None:
            self._hole_since = now
        return entries

    def due(self, now: int) -> list[Offer | Gap]:
        """What is to be put because time has passed."""
        missing, stop = list[Gap](), 0
        declared = self._declared()
        if self.next is not None and declared is not None and declared <= now:
            stop = min(self._ahead)
            missing = self._gaps(self.next, stop, now)
            self._hole_since = now
        # What is held for a hole that has lasted long enough is better than a gap. Behind the
        # window the store has forgotten what was taken, and would take another.
        ready = self._held.ready(now, stop)
        offers = [offer for offer in ready if offer.copy.index >= self.floor]
        return [*together(offers, self._begins), *missing]

    def deadline(self) -> int | None:
        """When `due` is to be asked again."""
        declared = self._declared()
        times = [*self._held.deadlines(), *([] if declared is None else [declared])]
        return min(times, default=None)

    def _declared(self) -> int | None:
        """When what is missing becomes a gap: `patience` after its time, if that is known; somebody
        may be ahead. `LEAP` cells later it does not count any longer."""
        if self._hole_since is None:
            return None
        waits = min(max(0, self._early(min(self._ahead), self._hole_since)), self._cells(LEAP))
        return self._hole_since + waits + self.patience

    def _early(self, index: int, now: int) -> int:
        """ms from `now` until the cell of an index begins; 0 where that is not known."""
        if self._moment is None:
            return 0
        begins = (index - self.run.offset - self.grid.base) * self.grid.D + self.grid.phase
        return self._moment.until(begins, now)

    def _cells(self, count: int) -> int:
        """ms that so many cells last."""
        return ceil(count * self.grid.D * 1000)

    def _far(self, index: int, reach: int) -> bool:
        """Further than `reach` from all that the line has, placed or about to be."""
        newest = self.next or 0
        for at in sorted(self._ahead):
            if at <= newest + reach:
                newest = at + 1
        return index > newest + reach

    def _leaps(self, index: int) -> bool:
        """What has been offered stands for what the store has not reported yet."""
        return self._far(index, LEAP) and index > self._suspects.reached + 1 + LEAP

    def _doubted(self, copy: Copy, came: int) -> bool:
        """It is further ahead than its source is believed alone."""
        since, walks = self._since(came), self._early(copy.index - LEAP, came) > 0
        left = walks and self._suspects.left_behind(copy.source, copy.index, since)
        return left or (self._leaps(copy.index) and self._suspects.goes(since))

    def _since(self, now: int) -> int:
        """Whoever delivered before that is silent."""
        return now - self._cells(SILENCE)

    def _prefers(self, now: int) -> bool:
        """The preferred source delivers: it has within two cells."""
        return self._preferred is not None and now - self._preferred <= 2 * self.grid.D * 1000

    @property
    def _begins(self) -> int | None:
        """Where the next copy should begin."""
        return self.end if self.placed else None

    def _joins(self, copy: Copy) -> bool:
        return abs(copy.time - self.end) <= copy.half_frame

    def _gaps(self, first: int, stop: int, now: int) -> list[Gap]:
        """Gap records for what nobody has of [first, stop)."""
        end = self.end if self.placed else self.grid.start(first - self.run.offset, self.timescale)
        held = together([offer for _, offer in self._held], self._begins)
        best = {offer.copy.index: offer.copy for offer in reversed(held)}
        known: dict[int, Copy | Gap] = {at: c for at, c in best.items() if first <= at < stop}
        known[stop] = self._ahead[stop]
        run = self.run.number
        return [Gap(self.track, run, *found, now) for found in gaps(first, end, known)]

    def _suspect(self, offer: Offer, now: int, *, leap: bool) -> Verdict:
        came = now if offer.came is None else offer.came
        found = self._suspects.took(offer, came, self._cells(SILENCE), leap=leap)
        self._held.add(now, *found)
        return Verdict.SUSPECT

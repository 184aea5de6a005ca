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
                       more convinces that the line itself has moved on (`relay.suspects`). A track
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

from relay.gaps import gaps
from relay.gathering import Offer
from relay.joining import better, together
from relay.media import Copy, Entry, Gap, Verdict
from relay.numbering import Grid
from relay.runs import FIRST, LEAP, SILENCE, Run
from relay.suspects import Suspects

MOST_HELD = 8
MOST_BYTES = 64 << 20
"""Of what is held; one copy may always be larger."""


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
    placed: dict[int, Copy | Gap] = field(default_factory=dict)
    _ahead: dict[int, Copy | Gap] = field(default_factory=dict)
    _hole_since: int | None = None
    _held: list[tuple[int, Offer]] = field(default_factory=list)
    _suspects: Suspects = field(default_factory=Suspects)
    _breaks: list[int] = field(default_factory=list)
    _anew: bool = True
    _preferred: int | None = None

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
        self.placed = {at: m for at, m in self.placed.items() if at >= self.floor}

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
        self._anew = False
        if self.placed and 0 < run.start - self.next <= self.reach:
            cell = int(self.grid.D * self.timescale)
            for index in range(self.next, run.start):
                gap = Gap(self.track, self.run.number, index, self.end, cell, 0)
                self.end = gap.end
                entries.append(Entry(gap))
        self.run, self.next = run, run.start
        self._breaks = [run.start, *(start for start in self._breaks if start > run.start)]
        self.placed.clear()
        self._ahead.clear()
        self._held.clear()
        self._suspects.clear()
        self._hole_since = None
        return entries

    def breaks(self, start: int) -> None:
        """A discontinuity comes before the first index from `start` on that has no place yet.

        Not where the line begins, at first or where it moved on to: nothing is before that.
        """
        self._breaks.append(start)

    def changes(self, start: int) -> None:
        """From an index on it is configured otherwise: what waits for a place there goes."""
        self._held = [held for held in self._held if held[1].copy.index < start]
        self._suspects.clear()

    def find(self, index: int) -> Copy | Gap | None:
        """The member under an index, placed or not yet."""
        return self.placed.get(index) or self._ahead.get(index)

    def differs(self, copy: Copy) -> str | None:
        """How a duplicate differs from the copy that won, or None."""
        won = self.find(copy.index)
        if not isinstance(won, Copy) or won.partial or copy.partial:
            return None
        slack = won.half_frame
        if abs(won.time - copy.time) > slack:
            return f"time {copy.time} instead of {won.time}"
        if abs(won.duration - copy.duration) > slack:
            return f"duration {copy.duration} instead of {won.duration}"
        if won.sample_count != copy.sample_count:
            return f"{copy.sample_count} samples instead of {won.sample_count}"
        return None

    def offer(
        self, offer: Offer, now: int, edge: int | None = None, prefer: str | None = None
    ) -> Verdict:
        """A copy came in: is it worth a put now? Held ones come back through `due`.

        `edge`: the highest index placed on any track, for the first copy of this one.
        `prefer`: the source whose copies are taken while it delivers.
        """
        copy, came = offer.copy, now if offer.came is None else offer.came
        if copy.source == prefer:
            self._preferred = now
        if copy.run != self.run.number:
            return Verdict.LATE
        if self.next is None:
            if edge is not None and copy.index > edge + self.reach:
                return self._suspect(offer, now, leap=False)
            self._suspects.goes_on(copy.source, copy.index, came)
            return Verdict.ACCEPTED
        taken = isinstance(self.find(copy.index), Copy)
        if not taken and self._far(copy.index, self.reach):
            return self._suspect(offer, now, leap=False)
        # What has been offered stands for what the store has not reported yet.
        leap = self._far(copy.index, LEAP) and copy.index > self._suspects.reached + 1 + LEAP
        if not taken and leap:
            if self._suspects.goes(self._since(came)):
                return self._suspect(offer, now, leap=True)
            self._held += [(now, before) for before in self._suspects.leading_to(copy)]
        if copy.index >= self.next - LEAP and not (taken and leap):
            self._suspects.goes_on(copy.source, copy.index, came)
        if taken:
            return Verdict.DUPLICATE
        if copy.index < self.next:
            filling = isinstance(self.placed.get(copy.index), Gap) and not copy.partial
            return Verdict.FILL if filling else Verdict.LATE
        misses = copy.index == self.next and self.placed and not self._joins(copy)
        worse = copy.partial and any(held.copy.index == copy.index for _, held in self._held)
        spare = offer.slate or (prefer not in (None, copy.source) and self._prefers(now))
        size = sum(held.copy.size for _, held in self._held) + copy.size
        room = len(self._held) < MOST_HELD and size <= MOST_BYTES
        if not (misses or worse or spare):
            return Verdict.ACCEPTED
        if room or not self._held:
            self._held.append((now + self.patience, offer))
            return Verdict.HELD
        beside = (held for _, held in self._held if held.copy.index == copy.index)
        loses = any(better(held, offer) for held in beside)
        return Verdict.DUPLICATE if loses else Verdict.ACCEPTED

    def apply(self, member: Copy | Gap, now: int) -> list[Entry]:
        """The store took a member: the entries that find their place by it, in order."""
        if member.run != self.run.number:
            return []  # an older run's: its place is past
        if self.next is None or self._far(member.index, self.reach):
            self.next = member.index
            self.placed.clear()
            self._anew = True
            self._ahead = {at: m for at, m in self._ahead.items() if at > member.index}
        if member.index < self.next:
            return []
        self._ahead[member.index] = member
        entries: list[Entry] = []
        while (found := self._ahead.pop(self.next, None)) is not None:
            drift = found.time - self.end if self.placed else 0
            self.placed[self.next] = found
            self.placed.pop(self.next - self.depth, None)
            self.end = found.end
            self.next += 1
            entries.append(Entry(found, drift, discontinuity=self._breaks_at(found.index)))
        # What was held for an index that is taken now takes no room, and is put while its key is.
        self._held = [(now if self._taken(o.copy.index) else at, o) for at, o in self._held]
        if not self._ahead:
            self._hole_since = None
        elif entries or self._hole_since is None:
            self._hole_since = now
        return entries

    def due(self, now: int) -> list[Offer | Gap]:
        """What is to be put because time has passed."""
        missing: list[Gap] = []
        stop = 0
        if (
            self.next is not None
            and self._hole_since is not None
            and self._hole_since + self.patience <= now
        ):
            stop = min(self._ahead)
            missing = self._gaps(self.next, stop, now)
            self._hole_since = now
        # What is held for a hole that has lasted long enough is better than a gap. All that is held
        # for an index comes at once: the whole copies first.
        over = {offer.copy.index for deadline, offer in self._held if deadline <= now}
        ready = [at for at in self._held if at[1].copy.index < stop or at[1].copy.index in over]
        self._held = [held for held in self._held if held not in ready]
        # Behind the window the store has forgotten what was taken, and would take another.
        offers = [offer for _, offer in ready if offer.copy.index >= self.floor]
        return [*together(offers, self._begins), *missing]

    def deadline(self) -> int | None:
        """When `due` is to be asked again."""
        times = [deadline for deadline, _ in self._held]
        if self._hole_since is not None:
            times.append(self._hole_since + self.patience)
        return min(times, default=None)

    def _taken(self, index: int) -> bool:
        return index < (self.next or 0) or index in self._ahead

    def _far(self, index: int, reach: int) -> bool:
        """Further than `reach` from all that the line has, placed or about to be."""
        newest = self.next or 0
        for at in sorted(self._ahead):
            if at <= newest + reach:
                newest = at + 1
        return index > newest + reach

    def _since(self, now: int) -> int:
        """Whoever delivered before that is silent."""
        return now - ceil(SILENCE * self.grid.D * 1000)

    def _prefers(self, now: int) -> bool:
        """The preferred source delivers: it has within two cells."""
        return self._preferred is not None and now - self._preferred <= 2 * self.grid.D * 1000

    def _breaks_at(self, index: int) -> bool:
        passed = [start for start in self._breaks if start <= index]
        self._breaks = [start for start in self._breaks if start > index]
        anew, self._anew = self._anew, False
        return bool(passed) and not anew

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
        if offer.copy.partial:
            return Verdict.SUSPECT  # half a copy convinces nobody
        line = self._suspects.add(offer)
        came = now if offer.came is None else offer.came
        if self._suspects.convinces(line, self._since(came), leap=leap):
            self._held += [(now, convincing) for convincing in line]
            self._suspects.moves(offer.copy.source, offer.copy.index, came)
        return Verdict.SUSPECT

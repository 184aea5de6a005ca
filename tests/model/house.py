"""A channel without I/O: the rooms, driven as `relay.channel` and `relay.carriage` drive them.

The store is a dict in which the first put wins, and its order the order of the members. `stalls`:
the follower hears of what was put only when a call is over, as it does while it carries what waited
for the grid, and when several senders are faster than the disk.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from fractions import Fraction

from relay.arrival import Sender
from relay.errors import EncoderError
from relay.gathering import Offer
from relay.media import Copy, Fragment, Gap, Header, Member, Pin, Verdict
from relay.news import Changed, GridPinned, HeaderPinned, Measured, News, RunPinned
from relay.numbering import Grid
from relay.outcome import Outcome
from relay.presentation import Presentation
from relay.publishing_point import PublishingPoint
from relay.timeline import Timeline
from relay.view import View

Key = tuple[str, int] | str


@dataclass(frozen=True, slots=True)
class Rules:
    """D in seconds, or None to learn it; the window in seconds; patience in ms."""

    duration: Fraction | None
    base: int = 0
    window: Fraction = Fraction(20)
    patience: int = 1_500


@dataclass(slots=True)
class House:
    """One relay. `utc`: ms since 1970 when `now` is 0."""

    rules: Rules
    utc: int
    stalls: bool = False
    now: int = 0
    prefer: str | None = None
    store: dict[Key, Member] = field(default_factory=dict)
    data: dict[Key, tuple[bytes, ...]] = field(default_factory=dict)
    puts: list[tuple[int, Member, tuple[bytes, ...]]] = field(default_factory=list)
    suspect: list[Fragment] = field(default_factory=list)
    point: PublishingPoint = field(init=False)
    view: View = field(init=False)
    _pins: dict[str, Pin] = field(default_factory=dict)
    _feed: deque[Member] = field(default_factory=deque)
    _following: bool = False

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        rules = self.rules
        self.point = PublishingPoint(
            "news", rules.duration, rules.base, "auto", rules.patience, rules.window
        )
        self.view = self.fresh_view()

    def fresh_view(self) -> View:
        """A view that has seen nothing."""
        empty = Presentation("news", Grid(self.rules.duration or Fraction(2)), self.rules.window)
        return View(empty, self.rules.patience, self.prefer)

    @property
    def presentation(self) -> Presentation:
        return self.view.presentation

    def timeline(self, track: str) -> Timeline | None:
        return self.view.timelines.get(track)

    def preferring(self, source: str | None) -> None:
        """An operator takes the copies of one source first."""
        self.prefer = self.view.prefer = source
        self.settle()

    def header(self, sender: Sender, header: Header) -> None:
        """Raises EncoderError."""
        self._carry(self.point.header(sender, header, self.now))
        self.settle()

    def fragment(self, sender: Sender, fragment: Fragment) -> EncoderError | None:
        """What the sender is refused with, if it is."""
        outcome = self.point.fragment(sender, fragment, self.now, self.utc + self.now)
        self._carry(outcome)
        self.settle()
        return outcome.refusal

    def ended(self, sender: Sender, *, clean: bool) -> None:
        self._carry(self.point.ended(sender, self.now, clean=clean))
        self.settle()

    def passes(self, ms: int) -> None:
        """Time passes; what is due on the way is done when it is due."""
        until = self.now + ms
        while (soonest := self.deadline()) is not None and soonest <= until:
            self.now = max(soonest, self.now + 1)
            self._due()
        self.now = max(until, self.now)
        self._due()

    def deadline(self) -> int | None:
        times = (self.view.deadline(), self.point.deadline())
        return min((time for time in times if time is not None), default=None)

    def crash(self) -> None:
        """Killed and started again: what is not in the store is gone."""
        self._pins.clear()
        self._feed.clear()
        self._start()
        for item in self.view.replay(list(self.store.values()), self.now):
            self._heard(item)
        self.point.stored(self.view.taken)
        self.settle()

    def settle(self) -> None:
        """Let the follower and the tending task have their turn."""
        self._follow()
        self._due()

    def _due(self) -> None:
        outcome = self.point.due(self.now)
        for pin in outcome.pins:
            self._pins[pin.name] = pin
        asked = (self._wanted(offer) for offer in outcome.offers)
        wanted = [offer for offer in asked if offer is not None]
        timed: list[Offer | Gap] = [*wanted] or self.view.due(self.now)
        self._put_pins()
        for member in timed:
            if isinstance(member, Gap):
                self._put(replace(member, arrival=self.utc + self.now))
            else:
                self._put_copy(member)
        self._follow()
        for track, _, floor in self.view.trims():
            for key, kept in list(self.store.items()):
                if not isinstance(kept, Pin) and kept.track == track and kept.index < floor:
                    del self.store[key]
                    self.data.pop(key, None)

    def _carry(self, outcome: Outcome) -> None:
        self.suspect += outcome.suspect
        for pin in outcome.pins:
            self._pins[pin.name] = pin
        self._put_pins()
        for offer in outcome.offers:
            wanted = self._wanted(offer)
            if wanted is not None:
                self._put_copy(wanted)

    def _wanted(self, offer: Offer) -> Offer | None:
        verdict = self.view.offer(offer, self.now)
        if verdict is Verdict.FILL:
            return replace(offer, copy=replace(offer.copy, fill=True))
        return offer if verdict is Verdict.ACCEPTED else None

    def _put_pins(self) -> None:
        while self._pins:
            self._put(self._pins.pop(next(iter(self._pins))))

    def _put_copy(self, offer: Offer) -> None:
        self._put(offer.copy, tuple(bytes(part) for part in offer.data))

    def _put(self, member: Member, data: tuple[bytes, ...] = ()) -> None:
        assert (member.size if isinstance(member, Copy) else 0) == sum(map(len, data))
        key = member.name if isinstance(member, Pin) else (member.track, member.index)
        if isinstance(member, Copy) and member.fill:
            key = f"fill/{member.track}/{member.index}"
        if isinstance(member, Copy) and member.event:
            key = f"event/{member.track}/{member.index}/{member.time}"
        if key in self.store:
            return
        self.store[key] = member
        self.puts.append((self.now, member, data))
        if data:
            self.data[key] = data
        self._feed.append(member)
        if not self.stalls:
            self._follow()

    def _follow(self) -> None:
        if self._following:
            return
        self._following = True
        while self._feed:
            member = self._feed.popleft()
            if isinstance(member, Gap) or (isinstance(member, Copy) and not member.event):
                self.point.stored({member.track: member.index})
            for item in self.view.apply(member, self.now):
                waited = self._heard(item)
                if waited is not None:
                    self._carry(waited)
        self._following = False

    def _heard(self, item: News) -> Outcome | None:
        match item:
            case GridPinned(grid):
                return self.point.pinned_grid(grid)
            case HeaderPinned(stream, header):
                self.point.pinned_header(stream, header)
            case RunPinned(run):
                return self.point.pinned_run(run)
            case Changed(change, header):
                return self.point.pinned_change(change, header)
            case Measured(pin):
                self._pins[pin.name] = pin
        return None

"""One channel, from the receiver's fragments to what the origin plays: the bed of the river.

It decides nothing. It carries what the publishing point brings forth into the store, and what the
store reports into the view, and wakes both when their deadlines come. Only what the store has
reported is ever published, so a restart (`open` replays) arrives at the same presentation.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction

import structlog

from relay.arrival import Sender
from relay.bulletin import Bulletin, bulletins
from relay.carriage import Carriage
from relay.clock import Clock
from relay.diagnosis import Diagnosis
from relay.diagnosis.alarms import Alarm
from relay.errors import EncoderError, StoreUnavailable
from relay.journal import Journal
from relay.media import Copy, Fragment, Gap, Header, Verdict
from relay.news import Changed, GridPinned, HeaderPinned, Holes, Measured, News, RunPinned
from relay.numbering import Grid
from relay.outcome import Outcome
from relay.presentation import Presentation
from relay.publishing_point import PublishingPoint
from relay.rules import Rules
from relay.store import Feed, Store
from relay.unattended import Unattended
from relay.uplink.standing import Standing
from relay.view import View

log = structlog.get_logger("relay.channel")

__all__ = ["Channel", "Rules"]


class Channel:
    """A running channel. `tally` counts copies, `gaps` the declared holes by track, `posts` what is
    open by sender, `refusals` what players were refused by code.
    `journal` is what an operator reads; each of its events has its line in the log.
    """

    def __init__(self, name: str, store: Store, rules: Rules, clock: Clock) -> None:
        self.name = name
        self.store = store
        self.rules = rules
        self.diagnosis = Diagnosis(name, rules.patience)
        self.tally = self.diagnosis.tally
        self.gaps: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.journal = Journal()
        self._clock = clock
        self._point = _point(name, rules)
        grid = Grid(rules.duration or Fraction(2))
        empty = Presentation(name, grid, rules.window, cue_tags=rules.cue_tags)
        self._view = View(empty, rules.patience, rules.prefer)
        self._carriage = Carriage(store, self._view, clock, self._note)
        self._turn = asyncio.Event()  # clear while what waited for the grid is carried
        self._turn.set()
        self.posts: Counter[Sender] = Counter()
        self._stuck = False
        self.failed = False
        self.unlike = ""  # how its peer numbers otherwise
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self.upstreams: dict[str, Callable[[], Standing]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._log = log.bind(channel=name)
        self._quietly = Unattended(self.tell)

    @property
    def presentation(self) -> Presentation:
        """What there is to play now."""
        return self._view.presentation

    async def change(self) -> None:
        """Wait until there is something new to play, or a new stream."""
        await self._changed.wait()

    @property
    def numbered(self) -> bool:
        """The grid is known."""
        return self._point.grid is not None

    async def open(self) -> None:
        """Replay what the store holds, then follow it."""
        feed = self.store.follow()
        for item in self._view.replay(feed.past, self._clock.now()):
            self._heard(item)
        self._point.stored(self._view.taken)
        if feed.past:
            self.journal = Journal()  # what it tells of was another day's
            self.tell("CHANNEL_REPLAYED", f"took up what was stored: {len(feed.past)} members")
        self._tasks = [
            asyncio.create_task(self._follow(feed), name=f"follow {self.name}"),
            asyncio.create_task(self._tend(), name=f"tend {self.name}"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._died)

    async def stop(self) -> None:
        """Follow and carry no more; the store stays open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop, and close the store. What was put stays."""
        await self.stop()
        await self.store.close()

    @property
    def preferred(self) -> str | None:
        """The source whose copies are taken while it delivers."""
        return self._view.prefer

    def prefer(self, source: str | None) -> None:
        """Take the copies of this source while it delivers; of none in particular."""
        self._view.prefer = source
        text = f"copies of {source} are taken first" if source else "all sources are equal again"
        self.tell("SOURCE_PREFERRED", text)

    def tune(self, rules: Rules) -> None:
        """Run by other rules from now on. What numbers rest on (`duration`, `base`, `anchor`) has
        to be as it was; `alias` holds for what connects from now on."""
        preferred, self.rules = self.rules.prefer, rules
        self.diagnosis.patience = rules.patience
        self._point.tune(rules.patience, rules.window, restarts=rules.restarts)
        self._view.tune(rules.patience, rules.window, rules.cue_tags)
        if rules.prefer != preferred:
            self.prefer(rules.prefer)
        self._wake.set()

    @property
    def alone(self) -> bool:
        """It numbers on its own, though it has a peer to agree with."""
        facts = self.presentation.facts
        return bool(self.rules.peer) and self.numbered and "peer" not in facts

    def header_of(self, stream: str) -> Header | None:
        """The canonical header of a stream, if it has one."""
        return self._point.headers.get(stream)

    def tell(self, code: str, text: str, *, grave: bool = False, **fields: object) -> None:
        """Something happened that is worth a line in the log and an event on the page."""
        say = self._log.warning if grave else self._log.info
        say(text, code=code, **fields)
        self.journal.note(self._clock.utc(), code, text, grave=grave)

    async def header(self, sender: Sender, header: Header) -> None:
        """A sender's header came. Raises EncoderError."""
        await self._carry(self._point.header(sender, header, self._clock.now()))
        self._warn(self.diagnosis.header(sender, header))
        tracks = "1 track" if len(header.tracks) == 1 else f"{len(header.tracks)} tracks"
        text = f"{sender.source} connected: stream {sender.stream}, {tracks}"
        self.journal.note(self._clock.utc(), "SOURCE_CONNECTED", text)

    async def fragment(self, sender: Sender, fragment: Fragment) -> None:
        """A sender's fragment came; returns when its copy, if now whole, is safe or not needed.

        Raises StoreUnavailable; then it has to come again.
        """
        await self._turn.wait()
        if self._stuck or self.failed:
            raise StoreUnavailable(
                "What came before it could not be stored yet.", hint="Look at the relay's disk."
            )
        self._warn(self.diagnosis.fragment(sender, fragment))
        now, utc = self._clock.now(), self._clock.utc()
        outcome = self._point.fragment(sender, fragment, now, utc)
        await self._carry(outcome)
        if outcome.refusal is not None:
            raise outcome.refusal

    def refused(self, sender: Sender, error: EncoderError) -> None:
        """A sender is being refused; the receiver answers it and writes its line in the log."""
        utc, why = self._clock.utc(), f"was refused: {error.message} {error.hint}".rstrip()
        self.diagnosis.visits.refused(sender.source, utc, why)
        self.journal.note(utc, error.code, f"{sender.source} {why}", grave=True)

    def began(self, sender: Sender) -> None:
        """A sender's POST has begun. Every `began` needs its `ended`."""
        self.posts[sender] += 1
        self.diagnosis.began(sender)

    async def ended(self, sender: Sender, *, clean: bool, more: bool = False) -> None:
        """A sender's POST is over. `more`: it was in order, and others may follow at once.

        While another POST of the sender is open, as after a reconnect that was quicker than the end
        of the old connection, nothing has ended for it.
        """
        self.posts[sender] -= 1
        if self.posts[sender] > 0:
            return
        del self.posts[sender]
        await self._turn.wait()
        clean = clean and not more and not self._stuck  # what it leaves open must not overtake
        utc, how = self._clock.utc(), ""
        if not more:
            code, word = ("SOURCE_ENDED", "ended") if clean else ("SOURCE_LOST", "broke off")
            how = f"{word}: stream {sender.stream}"
            self.journal.note(utc, code, f"{sender.source} {how}", grave=not clean)
        self.diagnosis.ended(sender, utc, how)
        await self._carry(self._point.ended(sender, self._clock.now(), clean=clean))

    async def _carry(self, outcome: Outcome, *, keep: bool = True) -> None:
        """Put what came forth. When that fails, it is put again later, unless it is not to be kept:
        then what is left in `outcome` is not yet safe."""
        self._tell_suspects(outcome)
        for code, said in outcome.alarms:
            self.tell(code, said, grave=True)
        outcome.alarms.clear()
        try:
            await self._carriage.carry(outcome, keep=keep)
        finally:
            self._wake.set()

    def _tell_suspects(self, outcome: Outcome) -> None:
        while outcome.suspect:
            name = outcome.suspect.pop(0).track.name
            text = f"a fragment of {name} has a time that no number can have"
            self.journal.note(self._clock.utc(), "INDEX_SUSPECT", text, grave=True)

    async def _carry_first(self, waited: Outcome) -> None:
        """What waited for the grid goes first, or a later one would begin the timeline."""
        self._turn.clear()
        await self._quietly(self._carry(waited, keep=False))
        while waited.offers:
            self._stuck = True
            self._turn.set()
            await self._quietly(self._carry(waited, keep=False))
        self._stuck = False
        self._turn.set()

    def _note(self, copy: Copy, verdict: Verdict) -> None:
        self._warn(self.diagnosis.note(copy, verdict, self._view))

    def _warn(self, told: Iterable[Alarm | Bulletin]) -> None:
        for each in told:
            self.tell(each.code, each.text, grave=each.grave, **each.facts)

    async def _follow(self, feed: Feed) -> None:
        with contextlib.closing(feed):
            async for member in feed:
                if isinstance(member, Gap) or (isinstance(member, Copy) and not member.event):
                    self._point.stored({member.track: member.index})
                for item in self._view.apply(member, self._clock.now()):
                    waited = self._heard(item)
                    if waited is not None:
                        await self._carry_first(waited)
                self._wake.set()
                self._changed.set()
                self._changed = asyncio.Event()

    def _heard(self, item: News) -> Outcome | None:
        """One piece of news: what waited for it, if anything did."""
        self._warn(bulletins(item))
        match item:
            case GridPinned(grid):
                return self._point.pinned_grid(grid)
            case HeaderPinned(stream, header):
                self._point.pinned_header(stream, header)
            case Holes(track, _, count):
                self.gaps[track] += count
            case RunPinned(run):
                return self._point.pinned_run(run)
            case Changed(change, header):
                return self._point.pinned_change(change, header)
            case Measured(pin):
                self._carriage.pin(pin)
        return None

    async def _tend(self) -> None:
        while True:
            self._wake.clear()
            await self._quietly(self._carry_due())
            if self._carriage.waiting:
                continue
            times = (self._view.deadline(), self._point.deadline())
            soonest = min((time for time in times if time is not None), default=None)
            wait = None if soonest is None else max(soonest - self._clock.now(), 1) / 1000
            # Not wait_for: before Python 3.12 it drops a cancellation that comes with the wake.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def _carry_due(self) -> None:
        for track, run, floor in self._view.trims():  # first, since it makes room
            await self.store.trim(track, run, floor)
        due = self._point.due(self._clock.now())
        self._tell_suspects(due)
        await self._carriage.carry_due(due)

    def _died(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.failed = True
            self._log.critical("channel failed", code="CHANNEL_FAILED", exc_info=task.exception())


def _point(name: str, rules: Rules) -> PublishingPoint:
    how = rules.duration, rules.base, rules.anchor, rules.patience, rules.window, rules.restarts
    return PublishingPoint(name, *how)

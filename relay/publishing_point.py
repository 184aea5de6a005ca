"""A publishing point: which track a fragment belongs to, and which number it gets. Routing only.

A *stream* is known by the id in its URL, a *source* by its name; the peer's address is neither.
What the streams begin with, and which configuration of a track counts, `relay.headers` knows.

Before the grid is pinned no number is certain, so fragments wait (bounded) while it is learnt:
from video; from audio only when no video has been announced for a while. The grid is then offered
to the store as a pin, and whichever pin was first there counts, on every node alike.

Numbers count within a run (`relay.runs`): a fragment whose clock went back waits until it is sure
that the encoder was restarted, then the run that begins with it is offered to the store as a pin.
So does one under a changed header wait until the store has taken the change.

An encoder's own `fragment_index` (tfxd version 2) teaches where the grid's numbers begin; after
that it is only compared, since a number must follow from the time alone (FMT-4c).

Sparse tracks go their own way: `relay.sparse`.

Sans-IO: `now` in ms of a clock that only rises, `utc` in ms since 1970. What comes back is to be
put into the store: pins first, then offers, in the order given.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from operator import itemgetter

from relay.arrival import Arrival, Ending, Sender, Waiting
from relay.errors import ClockRefused, HeaderDiffers
from relay.gathering import Gatherings, event
from relay.headers import Change, Headers
from relay.learning import Learning
from relay.media import Fragment, Header, Kind, Pin, Track
from relay.numbering import UTC_OPTION, Grid
from relay.outcome import Outcome
from relay.runs import SILENCE, Run, Runs, Standing

QUIET = 6_000
"""ms after which a source is silent, while there is no grid to say how long its fragments are."""


@dataclass(slots=True)
class PublishingPoint:
    """One channel's ingest side.

    duration   configured D in seconds, or None to learn it;  base  0 or 1
    anchor     "utc", "arrival" or "auto";  patience  ms that a dead sender's pieces wait
    depth      seconds behind the newest fragment that still count
    restarts   a restarted clock begins a new run; False: its sender is refused
    """

    name: str
    duration: Fraction | None = None
    base: int = 0
    anchor: str = "auto"
    patience: int = 1_500
    depth: Fraction = Fraction(120)
    restarts: bool = True
    grid: Grid | None = None
    _headers: Headers = field(init=False)
    _learning: Learning = field(init=False)
    _waiting: Waiting = field(default_factory=Waiting)  # for the grid
    _rewound: Waiting = field(default_factory=Waiting)  # for a run
    _parked: Waiting = field(default_factory=Waiting)  # for a change
    _runs: Runs | None = None
    _entered: list[Run] = field(default_factory=list)
    _newest: dict[str, int] = field(default_factory=dict)
    _gatherings: Gatherings = field(init=False)

    def __post_init__(self) -> None:
        self._headers = Headers(self.name)
        self._learning = Learning(self.duration, self.base, self.anchor)
        self._gatherings = Gatherings(self.patience)

    @property
    def headers(self) -> dict[str, Header]:
        """What each stream begins with now."""
        return self._headers.streams

    @property
    def tracks(self) -> dict[str, Track]:
        """The tracks by name, in their newest configuration."""
        return self._headers.tracks

    def tune(self, patience: int, depth: Fraction, *, restarts: bool) -> None:
        """From now on these hold."""
        self.patience, self.depth, self.restarts = patience, depth, restarts
        self._gatherings.patience = patience
        if self._runs is not None:
            self._runs.depth = _cells(depth, self._runs.D)

    def header(self, sender: Sender, header: Header, now: int) -> Outcome:
        """A stream's header came. Raises HeaderDiffers, LimitReached."""
        quiet = ceil(SILENCE * self.grid.D * 1000) if self.grid is not None else QUIET
        pins = self._headers.told(sender, header, now, quiet)
        return Outcome(pins, suspect=self._parked.outdated(sender, header))

    def pinned_header(self, stream: str, header: Header) -> None:
        """The store says what a stream's canonical header is."""
        self._headers.pinned(stream, header)

    def pinned_grid(self, grid: Grid) -> Outcome:
        """The store says what the grid is; what waited for it comes out."""
        self.grid = grid
        self._learning.done()
        self._runs = Runs(grid.D, _cells(self.depth, grid.D), Run(epoch=grid.epoch))
        for run in self._entered:
            self._runs.enter(run)
        outcome = Outcome()
        for waited in self._waiting.take_all():
            if isinstance(waited, Ending):
                outcome.offers += self._gatherings.end(
                    waited.sender, waited.now, clean=waited.clean
                )
            else:
                self._number(waited, grid, outcome)
        return outcome

    def pinned_run(self, run: Run) -> Outcome:
        """The store says that a run has begun; what waited for it comes out."""
        self._entered.append(run)
        outcome = Outcome()
        if self._runs is not None and self._runs.enter(run):
            for late in self._rewound.take_all():
                if self.grid is not None and isinstance(late, Arrival):
                    self._number(late, self.grid, outcome)
        return outcome

    def pinned_change(self, change: Change, header: Header) -> Outcome:
        """The store says that a header has changed; what waited for it comes out."""
        outcome = Outcome()
        if not self._headers.pinned_change(change, header):
            return outcome
        self._gatherings.changes([told.track for told in header.tracks], change.start)
        run = self._run
        for late in self._parked.take_all():
            if isinstance(late, Ending):
                if not self._headers.shows(late.sender):  # it is not back
                    outcome.offers += self._gatherings.end(late.sender, late.now, clean=False)
            elif self.grid is None or late.run != run.number:
                outcome.suspect.append(late.fragment)  # a clock went back meanwhile
            else:  # it has had its place: to ask for it anew would look like a clock that goes back
                self._gather(late, late.raw(self.grid) + run.offset, run, self.grid, outcome)
        return outcome

    def stored(self, edges: dict[str, int]) -> None:
        """What the store has: an index of each of these tracks. Runs and changes begin above it."""
        for track, index in edges.items():
            self._newest[track] = max(index, self._newest.get(track, index))
            if self._runs is not None:
                self._runs.edge = max(index, self._runs.edge or 0)

    def fragment(self, sender: Sender, fragment: Fragment, now: int, utc: int) -> Outcome:
        """One fragment came, complete."""
        outcome = Outcome()
        came = Arrival(sender, fragment, now, utc)
        if self.grid is not None:
            outcome.alarms += self._learning.compare(sender, sender.source, fragment, self.grid)
            self._number(came, self.grid, outcome)
            return outcome
        outcome.suspect += self._waiting.add(came)
        if not fragment.track.parent:
            pin = self._learning.offer(sender, fragment, now, utc)
            outcome.pins += [pin] if pin is not None else []
        return outcome

    def ended(self, sender: Sender, now: int, *, clean: bool) -> Outcome:
        """A POST of this sender is over."""
        self._headers.left(sender)
        outcome, behind = Outcome(), Ending(sender, now, clean)  # behind what it ended
        if any(late.sender == sender for late in self._parked):
            outcome.suspect += self._parked.add(behind)
        if any(waiting.sender == sender for waiting in self._waiting):
            outcome.suspect += self._waiting.add(behind)
        else:
            outcome.offers += self._gatherings.end(sender, now, clean=clean)
        return outcome

    def due(self, now: int) -> Outcome:
        """What time brings: dead senders' pieces, a grid of audio alone, the end of a vain wait."""
        outcome = Outcome(offers=self._gatherings.due(now))
        if self._runs is not None:
            outcome.suspect += self._rewound.before(now - self._runs.memory)
        pin = self._learning.due(now, video=self._video) if self.grid is None else None
        outcome.pins += [pin] if pin is not None else []
        return outcome

    def deadline(self) -> int | None:
        """When `due` is to be asked again, in the ms of `now`."""
        learnt = self._learning.deadline(video=self._video) if self.grid is None else None
        times = [self._gatherings.deadline(), learnt]
        if self._runs is not None and self._rewound.since is not None:
            times.append(self._rewound.since + self._runs.memory + 1)
        return min((time for time in times if time is not None), default=None)

    @property
    def _video(self) -> bool:
        return any(track.key.kind is Kind.VIDEO for track in self.tracks.values())

    @property
    def _run(self) -> Run:
        return self._runs.current if self._runs is not None else Run()

    def _number(self, came: Arrival, grid: Grid, outcome: Outcome) -> None:
        if came.fragment.track.parent:
            run = self._run
            self._gather(came, came.raw(grid) + run.offset, run, grid, outcome)
            return
        placed = self._place(came, grid, outcome)
        if placed is None:
            return
        # It was no restart: it only resent. What that was refused with was meant for another POST.
        for late in self._rewound.take(lambda late: late.sender == came.sender):
            if isinstance(late, Arrival):
                self._gather(late, late.raw(grid) + placed.offset, placed, grid, outcome)
        outcome.refusal = None
        self._gather(came, came.raw(grid) + placed.offset, placed, grid, outcome)

    def _gather(self, came: Arrival, index: int, run: Run, grid: Grid, outcome: Outcome) -> None:
        fragment, track = came.fragment, came.fragment.track
        if not grid.holds(index):
            outcome.suspect.append(fragment)
            return
        if not self._configured(came, index, grid, outcome):
            return
        if track.parent:
            outcome.offers.append(event(came, index, run))
            return
        if self._credible(index):
            self._newest[track.name] = max(index, self._newest.get(track.name, index))
        outcome.offers += self._gatherings.add(came, index, run, grid)

    def _configured(self, came: Arrival, index: int, grid: Grid, outcome: Outcome) -> bool:
        """The fragment is of its track's configuration as the store knows it; else it waits."""
        sender, track = came.sender, came.fragment.track
        known = self.tracks.get(track.name, track) == track
        changing = self._headers.changing(sender, came.now)
        if changing and not (known and track.name in changing):
            outcome.pins += self._change(came, index, grid, changing)
        if known:
            self._headers.saw(sender, track.name, came.now)
            # Below that it was another: an encoder that came back resends what is published.
            return index >= self._headers.starts.get(track.name, 0)
        if track.name in changing:
            outcome.suspect += self._parked.add(replace(came, run=self._run.number))
        else:
            outcome.refusal = HeaderDiffers(
                f"{track.name} is configured otherwise now: another source has changed it.",
                hint="Connect again with the header that the others send, or reset the channel"
                f" (relay reset {self.name}).",
            )
        return False

    def _change(self, came: Arrival, index: int, grid: Grid, changing: list[str]) -> list[Pin]:
        """The pin of what a sender has changed, once a fragment says when; an event does not, since
        it comes ahead of its time, nor does a poisoned time."""
        sparse = all(self.tracks[name].parent for name in changing)
        if not self._credible(index) or (came.fragment.track.parent and not sparse):
            return []
        run = self._run
        own = [x for x in self._parked if isinstance(x, Arrival) and x.sender == came.sender]
        first = min([index, *(late.raw(grid) + run.offset for late in own)])
        newest = [self._newest[name] + 1 for name in changing if name in self._newest]
        before = [self._headers.starts.get(name, 0) for name in changing]
        pin = self._headers.change(came.sender, max([first, *newest, *before]))
        return [pin] if pin is not None else []

    def _credible(self, index: int) -> bool:
        """The line has got there: it is no single fragment from the far future."""
        return self._runs is None or self._runs.edge is None or index <= self._runs.edge

    def _place(self, came: Arrival, grid: Grid, outcome: Outcome) -> Run | None:
        """The run that the fragment counts in; None while that is not sure, or it is refused."""
        runs, raw = self._runs, came.raw(grid)
        if runs is None or not grid.holds(raw):
            return Run()
        clock, track = grid.index_at(came.utc), came.fragment.track.name
        standing = runs.place(came.sender, raw, came.now, clock, track)
        if standing in (Standing.CURRENT, Standing.LATE):
            return runs.current
        if standing is Standing.REFUSED or (standing is Standing.REWOUND and not self.restarts):
            self._rewound.take(lambda late: late.sender.source == came.sender.source)
            outcome.refusal = ClockRefused(
                f"The times of {came.sender.source} are {runs.behind(raw)} s behind the live edge:"
                " its clock was restarted, or is wrong.",
                hint=f"Start the encoder with UTC times; with ffmpeg: {UTC_OPTION}.",
            )
            return None
        outcome.suspect += [*self._rewound.add(came), *self._rewound.before(came.now - runs.memory)]
        if standing is Standing.REWOUND:
            waits = (late for late in self._rewound if isinstance(late, Arrival))
            first, began = min(((late.raw(grid), late) for late in waits), key=itemgetter(0))
            end = Fraction(began.fragment.end, began.fragment.track.timescale)
            arrived = round(Fraction(began.utc, 1000) - end)
            outcome.pins.append(runs.next(first, arrived).pin())
        return None


def _cells(seconds: Fraction, cell: Fraction) -> int:
    return ceil(seconds / cell) + 2

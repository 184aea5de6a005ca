"""A publishing point: which track a fragment belongs to, and which number it gets. Routing only.

A *stream* is known by the id in its URL, a *source* by its name; the peer's address is neither.
The first header of a stream is canonical and pinned in the store; a later one is compared with it
by meaning, and one that says something else about a track is refused with the difference named.

Before the grid is pinned no number is certain, so fragments wait (bounded) while it is learnt:
from video; from audio only when no video has been announced for a while. The grid is then offered
to the store as a pin, and whichever pin was first there counts, on every node alike.

Numbers count within a run (`relay.runs`): a fragment whose clock went back waits until it is sure
that the encoder was restarted, then the run that begins with it is offered to the store as a pin.

Sans-IO: `now` in ms of a clock that only rises, `utc` in ms since 1970. What comes back is to be
put into the store: pins first, then offers, in the order given.
"""

from collections import deque
from dataclasses import dataclass, field, fields
from fractions import Fraction
from hashlib import sha256
from math import ceil
from operator import itemgetter

from relay.errors import ClockRefused, HeaderDiffers, LimitReached
from relay.gathering import Gathering, Offer
from relay.learning import Learning
from relay.media import Fragment, Header, Kind, Pin, Track
from relay.numbering import INDEX_LIMIT, UTC_OPTION, Grid
from relay.runs import Run, Runs, Standing

MOST_WAITING = 256
MOST_STREAMS = 64
MOST_TRACKS = 128


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: one source on one stream."""

    source: str
    stream: str


@dataclass(slots=True)
class Outcome:
    """What a call brought forth. `suspect`: fragments that can have no number.

    `refusal`: what to answer the sender once the rest is carried. `misfit`: a sentence on fragments
    that are not as long as is configured.
    """

    pins: list[Pin] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    suspect: list[Fragment] = field(default_factory=list)
    refusal: ClockRefused | None = None
    misfit: str = ""


@dataclass(frozen=True, slots=True)
class _Waiting:
    sender: Sender
    fragment: Fragment
    now: int
    utc: int


@dataclass(frozen=True, slots=True)
class _Ended:
    sender: Sender
    now: int
    clean: bool


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
    headers: dict[str, Header] = field(default_factory=dict)
    tracks: dict[str, Track] = field(default_factory=dict)
    _learning: Learning = field(init=False)
    _waiting: deque[_Waiting | _Ended] = field(default_factory=deque)
    _runs: Runs | None = None
    _entered: list[Run] = field(default_factory=list)
    _rewound: deque[tuple[int, _Waiting]] = field(default_factory=deque)
    _gatherings: dict[tuple[Sender, str], Gathering] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._learning = Learning(self.duration, self.base, self.anchor)

    def header(self, sender: Sender, header: Header) -> Outcome:
        """A stream's header came. Raises HeaderDiffers, LimitReached."""
        canonical = self.headers.get(sender.stream)
        for told in header.tracks:
            known = self.tracks.get(told.track.name)
            if known is not None and known != told.track:
                raise HeaderDiffers(
                    f"{told.track.name} is known otherwise: {_difference(known, told.track)}.",
                    hint="Give all encoders of a track the same settings, or reset the channel.",
                )
        fresh = [told.track.name for told in header.tracks if told.track.name not in self.tracks]
        if canonical is not None and not fresh:
            return Outcome()
        if canonical is None and len(self.headers) >= MOST_STREAMS:
            raise LimitReached(f"{self.name} has {MOST_STREAMS} streams already.")
        if len(self.tracks) + len(fresh) > MOST_TRACKS:
            raise LimitReached(f"{self.name} would have more than {MOST_TRACKS} tracks.")
        self._register(sender.stream, header)
        # A header that only adds tracks is pinned beside the canonical one.
        beside = "" if canonical is None else f"/{sha256(header.data).hexdigest()[:8]}"
        return Outcome(pins=[Pin(f"header/{sender.stream}{beside}", header.data)])

    def pinned_header(self, stream: str, header: Header) -> None:
        """The store says what a stream's canonical header is."""
        self._register(stream, header)

    def pinned_grid(self, grid: Grid) -> Outcome:
        """The store says what the grid is; what waited for it comes out."""
        self.grid = grid
        self._learning.done()
        self._runs = Runs(grid.D, ceil(self.depth / grid.D) + 2, Run(epoch=grid.epoch))
        for run in self._entered:
            self._runs.enter(run)
        outcome = Outcome()
        while self._waiting:
            late = self._waiting.popleft()
            if isinstance(late, _Ended):
                outcome.offers += self._end(late)
            else:
                self._number(late, grid, outcome)
        return outcome

    def pinned_run(self, run: Run) -> Outcome:
        """The store says that a run has begun; what waited for it comes out."""
        self._entered.append(run)
        outcome = Outcome()
        if self._runs is None or self.grid is None or not self._runs.enter(run):
            return outcome
        waiting, self._rewound = self._rewound, deque()
        for _, late in waiting:
            self._number(late, self.grid, outcome)
        return outcome

    def resume(self, edge: int) -> None:
        """After a replay: the highest index that was published."""
        if self._runs is not None:
            self._runs.edge = max(edge, self._runs.edge or 0)

    def fragment(self, sender: Sender, fragment: Fragment, now: int, utc: int) -> Outcome:
        """One fragment came, complete."""
        outcome = Outcome()
        if self.grid is not None:
            outcome.misfit = self._learning.misfit(sender, sender.source, fragment, self.grid)
            self._number(_Waiting(sender, fragment, now, utc), self.grid, outcome)
            return outcome
        self._waiting.append(_Waiting(sender, fragment, now, utc))
        pin = self._learning.offer(sender, fragment, now, utc)
        outcome.pins += [pin] if pin is not None else []
        if len(self._waiting) > MOST_WAITING:
            oldest = self._waiting.popleft()
            outcome.suspect += [oldest.fragment] if isinstance(oldest, _Waiting) else []
        return outcome

    def ended(self, sender: Sender, now: int, *, clean: bool) -> Outcome:
        """A POST of this sender is over."""
        end = _Ended(sender, now, clean)
        if any(waiting.sender == sender for waiting in self._waiting):
            self._waiting.append(end)  # behind what it ended
            return Outcome()
        return Outcome(offers=self._end(end))

    def due(self, now: int) -> Outcome:
        """What time brings: dead senders' pieces, and a grid learnt from audio alone."""
        outcome = Outcome()
        for gathering in self._gatherings.values():
            outcome.offers += gathering.due(now)
        self._forget()
        pin = self._learning.due(now, video=self._video) if self.grid is None else None
        outcome.pins += [pin] if pin is not None else []
        return outcome

    def deadline(self) -> int | None:
        """When `due` is to be asked again, in the ms of `now`."""
        times = [gathering.deadline() for gathering in self._gatherings.values()]
        if self.grid is None:
            times.append(self._learning.deadline(video=self._video))
        return min((time for time in times if time is not None), default=None)

    def _end(self, end: _Ended) -> list[Offer]:
        offers: list[Offer] = []
        for (who, _), gathering in self._gatherings.items():
            if who == end.sender:
                offers += gathering.end(end.now, clean=end.clean)
        self._forget()
        return offers

    def _register(self, stream: str, header: Header) -> None:
        self.headers.setdefault(stream, header)
        for told in header.tracks:
            self.tracks.setdefault(told.track.name, told.track)

    @property
    def _video(self) -> bool:
        return any(track.key.kind is Kind.VIDEO for track in self.tracks.values())

    def _forget(self) -> None:
        idle = [key for key, gathering in self._gatherings.items() if not gathering.busy]
        for key in idle:
            del self._gatherings[key]

    def _number(self, came: _Waiting, grid: Grid, outcome: Outcome) -> None:
        fragment, track = came.fragment, came.fragment.track
        if fragment.index is not None:
            raw = fragment.index
        elif track.parent:
            raw = grid.sparse_index(fragment.time, track.timescale)
        else:
            raw = grid.index(fragment.time, fragment.duration, track.timescale)
        run = self._place(came, raw, outcome)
        if run is None:
            return
        for waited in [late for late in self._rewound if late[1].sender == came.sender]:
            self._rewound.remove(waited)  # it was no restart: it only resent
            self._gather(waited[1], waited[0] + run.offset, run, grid, outcome)
        self._gather(came, raw + run.offset, run, grid, outcome)

    def _gather(self, came: _Waiting, index: int, run: Run, grid: Grid, outcome: Outcome) -> None:
        if not 0 <= index < INDEX_LIMIT:
            outcome.suspect.append(came.fragment)
            return
        key = (came.sender, came.fragment.track.name)
        gathering = self._gatherings.get(key)
        if gathering is None or gathering.run != run:
            track, source = came.fragment.track, came.sender.source
            gathering = Gathering(track, source, grid, self.patience, run)
            self._gatherings[key] = gathering
        outcome.offers += gathering.add(index, came.fragment, came.utc, came.now)

    def _place(self, came: _Waiting, raw: int, outcome: Outcome) -> Run | None:
        """The run that the fragment counts in; None while that is not sure, or it is refused."""
        runs = self._runs
        if runs is None or not 0 <= raw < INDEX_LIMIT:
            return Run()
        standing = runs.place(came.sender.source, raw, came.now)
        if standing in (Standing.CURRENT, Standing.LATE):
            return runs.current
        if standing is Standing.REFUSED or (standing is Standing.REWOUND and not self.restarts):
            others = (late for late in self._rewound if late[1].sender.source != came.sender.source)
            self._rewound = deque(others)
            outcome.refusal = ClockRefused(
                f"The times of {came.sender.source} are {runs.behind(raw)} s behind the live edge:"
                " its clock was restarted, or is wrong.",
                hint=f"Start the encoder with UTC times; with ffmpeg: {UTC_OPTION}.",
            )
            return None
        self._rewound.append((raw, came))
        stale = came.now - runs.memory
        while len(self._rewound) > MOST_WAITING or self._rewound[0][1].now < stale:
            outcome.suspect.append(self._rewound.popleft()[1].fragment)
        if standing is Standing.REWOUND:
            first, began = min(self._rewound, key=itemgetter(0))
            end = Fraction(began.fragment.end, began.fragment.track.timescale)
            arrived = round(Fraction(began.utc, 1000) - end)
            outcome.pins.append(runs.next(first, arrived).pin())
        return None


def _difference(known: Track, told: Track) -> str:
    said = [
        f"{field.name} {_shown(getattr(known, field.name))}"
        f" became {_shown(getattr(told, field.name))}"
        for field in fields(Track)
        if getattr(known, field.name) != getattr(told, field.name)
    ]
    return ", ".join(said)


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"of {len(value)} bytes ({sha256(value).hexdigest()[:6]})"
    return str(value)

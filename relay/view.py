"""What a store's members amount to: one timeline per track, and the presentation they make.

A view is a function of what `follow` reports, in its order, and of nothing else: a restart replays
it, a second node arrives at the same. What the rest of the house must hear of comes back as news.
Where a track begins is pinned: what was put a moment later with an earlier index was never shown,
and no order of members tells it from a hole that was filled, once the oldest have been trimmed.
Sans-IO: `now` in ms of a clock that only rises.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

from relay.gathering import Offer
from relay.headers import Change
from relay.ingest.smooth import read_header
from relay.media import Copy, Gap, Member, Pin, Verdict
from relay.news import Begun, Changed, GridPinned, HeaderPinned, Holes, Measured, News, RunPinned
from relay.numbering import Grid
from relay.presentation import Presentation, configure, fold, register, show
from relay.runs import Run
from relay.sparse import Signals
from relay.timeline import Timeline

FACTS = ("grid", "run", "change", "bandwidth", "peer")
"""The pins that players' documents rest on; a header or a beginning is this relay's own."""
MOST_GAPS = 1_800
"""The longest hole that is filled with gap records, in indexes; beyond it the line moves on."""


@dataclass(slots=True)
class View:
    """The timelines and the presentation of one channel. `patience` in ms.

    `prefer`: the source whose copies are taken while it delivers.
    """

    presentation: Presentation
    patience: int
    prefer: str | None = None
    timelines: dict[str, Timeline] = field(default_factory=dict)
    _runs: list[Run] = field(default_factory=lambda: [Run()])
    _offered: int | None = None
    _trimmed: dict[str, int] = field(default_factory=dict)
    _begun: dict[str, int] = field(default_factory=dict)
    _signals: Signals = field(default_factory=Signals)

    def tune(self, patience: int, window: Fraction, cue_tags: str) -> None:
        """From now on these hold. A longer window fills as fragments come."""
        self.patience = patience
        self.presentation = replace(self.presentation, window=window, cue_tags=cue_tags)
        for timeline in self.timelines.values():
            timeline.tune(patience, self._depth, self._reach)

    def replay(self, past: Iterable[Member], now: int) -> list[News]:
        """All that the store held when it was opened."""
        members = list(past)
        first, lowest = dict[str, int](), dict[str, int]()
        for member in members:
            if isinstance(member, Pin):
                self._begins(member)
            elif not (isinstance(member, Copy) and (member.event or member.fill)):
                at = first.setdefault(member.track, member.index)
                lowest[member.track] = min(member.index, lowest.get(member.track, at))
        news: list[News] = []
        for member in members:
            if not isinstance(member, Pin) and member.track in first.keys() - self.timelines:
                timeline = self._timeline(member.track)
                if timeline is not None:  # killed before its beginning was pinned: by the order
                    begun = self._begun.get(member.track, first[member.track])
                    timeline.begin(max(begun, lowest[member.track]))
            news += self.apply(member, now)
        return [item for item in news if type(item) is not Measured]

    def offer(self, offer: Offer, now: int) -> Verdict:
        """A copy came in: is it worth a put now? It changes nothing that `follow` decides."""
        copy, index = offer.copy, offer.copy.index
        if copy.event:
            return self._signals.offer(copy)
        timeline = self._timeline(copy.track)
        # What has been offered stands for what has not been reported yet; before that, the clock.
        known = (self.edge, self._offered, self.presentation.grid.index_at(copy.arrival))
        edge = next((at for at in known if at is not None), None)
        if timeline is not None:
            utc = None if self.presentation.grid.epoch else copy.arrival
            verdict = timeline.offer(offer, now, edge, self.prefer, utc=utc)
        else:  # its header's pin is still on its way here
            far = edge is not None and index > edge + self._reach
            verdict = Verdict.SUSPECT if far else Verdict.ACCEPTED
        if verdict is Verdict.ACCEPTED:
            self._offered = max(index, self._offered or 0)
        return verdict

    def apply(self, member: Member, now: int) -> list[News]:
        """The store took a member."""
        if isinstance(member, Pin):
            return self._pinned(member)
        if isinstance(member, Copy) and (member.event or member.fill):
            if member.event:
                self._signals.apply(member)
                self._surface(self.presentation)
            return []  # a fill comes too late to be shown
        timeline = self._timeline(member.track)
        if timeline is None:
            return []  # its header's pin is gone: nobody could play it
        holes, before = [], self.presentation
        entries = timeline.apply(member, now)
        for entry in entries:
            self.presentation = fold(self.presentation, entry)
            if isinstance(entry.member, Gap):
                holes.append(entry.member.index)
        if entries:
            self._surface(before)
        news: list[News] = [Holes(member.track, holes[0], len(holes))] if holes else []
        if entries and member.track not in self._begun:
            begin = self._begun[member.track] = entries[0].member.index
            news.append(Begun(Pin(f"begin/{member.track}", b"%d" % begin)))
        rendition = self.presentation.rendition(member.track)
        if isinstance(member, Copy) and rendition is not None and not rendition.bandwidth:
            seconds = rendition.seconds(member.duration)
            if seconds:
                measured = str(round(member.size * 8 / seconds)).encode()
                news.append(Measured(Pin(f"bandwidth/{member.track}", measured)))
        return news

    @property
    def edge(self) -> int | None:
        """The highest index that has its place, of any track."""
        return max(self.edges.values(), default=None)

    @property
    def edges(self) -> dict[str, int]:
        """The highest index that has its place, of each track."""
        return {name: line.next - 1 for name, line in self.timelines.items() if line.next}

    @property
    def taken(self) -> dict[str, int]:
        """The highest index that the store took, of each track, behind a hole or not."""
        return {name: line.newest for name, line in self.timelines.items() if line.next}

    def due(self, now: int) -> list[Offer | Gap]:
        """What is to be put because time has passed."""
        return [ready for timeline in self.timelines.values() for ready in timeline.due(now)]

    def deadline(self) -> int | None:
        """When `due` is to be asked again."""
        times = (timeline.deadline() for timeline in self.timelines.values())
        return min((time for time in times if time is not None), default=None)

    def trims(self) -> list[tuple[str, int, int]]:
        """(track, run, floor) below which the store may forget: a quarter behind the window."""
        found = []
        floors = {**self._floors, **self._signals.floors}
        for name, kept in floors.items():
            floor = kept - self._depth // 4
            if floor > self._trimmed.get(name, 0):
                self._trimmed[name] = floor
                found += [(name, run.number, floor) for run in self._runs]
        oldest = min((self._trimmed.get(name, 0) for name in floors), default=0)
        while len(self._runs) > 1 and self._runs[1].start <= oldest:
            del self._runs[0]  # all of it has been trimmed
        return found

    def _pinned(self, pin: Pin) -> list[News]:
        self._begins(pin)
        what, _, name = pin.name.partition("/")
        if what in FACTS:
            facts = {**self.presentation.facts, pin.name: pin.value}
            self.presentation = replace(self.presentation, facts=facts)
        if what == "grid":
            grid = Grid.decode(pin.value)
            self.presentation = replace(self.presentation, grid=grid, epoch=grid.epoch)
            return [GridPinned(grid)]
        if what == "header":
            stream = name.partition("/")[0]
            header = read_header(stream, pin.value)
            for told in header.tracks:
                if self.presentation.rendition(told.track.name) is None:
                    bitrate = told.track.key.bitrate or self._pinned_bandwidth(told.track.name)
                    self.presentation = register(self.presentation, told.track, bitrate)
                self._signals.register(told.track)
            return [HeaderPinned(stream, header)]
        if what == "change":
            return self._change(Change.read(pin))
        if what == "run":
            return self._turn(Run.read(pin))
        rendition = self.presentation.rendition(name) if what == "bandwidth" else None
        if rendition is not None:
            self.presentation = register(self.presentation, rendition.track, int(pin.value))
        return []

    def _pinned_bandwidth(self, track: str) -> int:
        """What was pinned before the track's header was, as by a relay that took a peer's pins."""
        return int(self.presentation.facts.get(f"bandwidth/{track}", b"0"))

    def _begins(self, pin: Pin) -> None:
        what, _, track = pin.name.partition("/")
        if what == "begin":
            self._begun[track] = int(pin.value)

    def _change(self, change: Change) -> list[News]:
        header = read_header(change.stream, change.header)
        if change.start not in self.presentation.breaks:  # of several streams: one discontinuity
            for timeline in self.timelines.values():
                timeline.breaks(change.start)
        for told in header.tracks:
            known = self.presentation.rendition(told.track.name)
            if known is not None and known.track != told.track and known.name in self.timelines:
                self.timelines[known.name].changes(change.start)
            self.presentation = configure(self.presentation, told.track, change.start)
            self._signals.register(told.track)
        return [Changed(change, header)]

    def _surface(self, before: Presentation) -> None:
        """Events appear whose time the parent has reached; others have left the window."""
        if self._signals.surface(self.presentation, self._floors):
            self.presentation = show(before, self.presentation, self._signals.visible)

    @property
    def _floors(self) -> dict[str, int]:
        """The lowest index inside the window, of each track that has a line."""
        return {n: line.floor for n, line in self.timelines.items() if line.next is not None}

    def _turn(self, run: Run) -> list[News]:
        if run.number != self._runs[-1].number + 1:
            return []
        before = self.presentation
        self._runs.append(run)
        epochs = (*self.presentation.epochs, run.epoch)
        starts = tuple(sorted({*self.presentation.breaks, run.start}))
        self.presentation = replace(self.presentation, epochs=epochs, breaks=starts)
        for timeline in self.timelines.values():
            for entry in timeline.turn(run):
                self.presentation = fold(self.presentation, entry)
        self._surface(before)
        return [RunPinned(run)]

    @property
    def _depth(self) -> int:
        return ceil(self.presentation.window / self.presentation.grid.D) + 2

    @property
    def _reach(self) -> int:
        return min(self._depth, MOST_GAPS)

    def _timeline(self, name: str) -> Timeline | None:
        timeline = self.timelines.get(name)
        rendition = self.presentation.rendition(name)
        if timeline is None and rendition is not None:
            grid, scale = self.presentation.grid, rendition.track.timescale
            depth, reach, run = self._depth, self._reach, self._runs[-1]
            timeline = Timeline(name, grid, scale, self.patience, depth, reach, run)
            for start in self.presentation.breaks:
                timeline.breaks(start)
            self.timelines[name] = timeline
        return timeline

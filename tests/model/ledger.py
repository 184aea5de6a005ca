"""The oracle: plain sets of what was sent and what was shown, and what must hold of them.

A *promise* is an index that one source has delivered whole, within one POST, while it was inside
the window and nobody had taken it: it has to be published, as a whole copy, and never as a gap.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from relay.arrival import Sender
from relay.errors import EncoderError, HeaderDiffers
from relay.gathering import MOST_OPEN
from relay.headers import Change
from relay.media import Copy, Gap, Pin
from relay.presentation import Rendition, Segment
from relay.timeline.suspects import CONVINCING
from relay.view import View
from tests.model.bounds import check_bounds
from tests.model.changes import Changes
from tests.model.clock import early
from tests.model.encoder import Sent
from tests.model.headway import Headway
from tests.model.house import House
from tests.model.programme import Line, Span
from tests.model.promises import Promises
from tests.model.seen import seen

Place = tuple[str, int]


@dataclass(slots=True)
class Ledger:
    """What one house was sent, and what it showed."""

    house: House
    lines: dict[str, Line]
    sent: set[bytes] = field(default_factory=set)
    came: set[tuple[str, str, int]] = field(default_factory=set)
    honest: set[tuple[str, str, int]] = field(default_factory=set)
    ended: set[tuple[str, str, int]] = field(default_factory=set)
    promised: set[Place] = field(default_factory=set)
    begins: dict[str, int] = field(default_factory=dict)
    shown: dict[str, dict[int, Segment]] = field(default_factory=lambda: defaultdict(dict))
    put: dict[Place, Copy | Gap] = field(default_factory=dict)
    changes: Changes = field(init=False)
    real: set[Place] = field(default_factory=set)
    twin: View = field(init=False)
    sources: set[str] = field(default_factory=set)
    headway: Headway = field(init=False)
    promises: Promises = field(init=False)
    _seen: dict[str, Rendition] = field(default_factory=dict)
    _read: int = 0

    def __post_init__(self) -> None:
        self.twin = self.house.fresh_view()
        self.changes = Changes(self.house, self.lines)
        self.headway = Headway(self.lines)
        self.promises = Promises(self.house, self.lines, self.changes)

    def index(self, cell: int) -> int:
        return cell + self.house.rules.base

    def deliver(self, sent: Sent, stream: str, *, honest: bool = True) -> EncoderError | None:
        """Send it, and see what became of everything; what it is refused with, if it is."""
        span, index = sent.span, self.index(sent.cell)
        place = span.track, index
        self.sent.add(span.encode())
        self.sources.add(span.source)
        self.came.add((span.source, span.track, index))
        if honest:
            self.honest.add((span.source, span.track, index))
            if self.headway.last_eighth(sent):
                self.honest.add((span.source, span.track, index + 1))
            self.changes.highest = max(self.changes.highest, index)
        owes = self.promises
        near = owes.near(sent, self.honest) and not owes.turns(sent, stream)
        free = place not in self.house.store and not owes.old(sent, stream) and near
        free = free and not (early(self.house, sent) or owes.leaps(sent))
        joins = free and owes.joins(sent)
        line = self.house.timeline(span.track)
        begun = line is not None and line.next is not None
        refusal = self.house.fragment(Sender(span.source, stream), sent.fragment)
        if refusal is not None:
            assert isinstance(refusal, HeaderDiffers), refusal
            assert self.changes.variants()[span.track] != span.variant, refusal
            self.check()
            return refusal
        runs = self.house.point._runs
        if runs is not None and index == runs.edge:  # of a damaged time, too
            self.changes.highest = max(self.changes.highest, index)
        self.changes.sent(span.source, span.track)
        self.check()
        whole = self.headway.whole(sent, honest=honest)
        free = free and index >= self.house.point._headers.starts.get(span.track, 0)
        if whole and honest and free:
            self.promised.add(place)
            if not span.slate and begun:
                self.real.add(place)
            won = self.house.store.get(place)
            if joins and self.house.prefer == span.source and isinstance(won, Copy):
                assert won.source == span.source, f"{won.source} won over the preferred one"
        self.check()
        return None

    def broken(self, source: str, *, clean: bool) -> None:
        """Its POSTs are over: what they had begun is no promise. Cleanly: it is whole as it is."""
        for track, cell in self.headway.broken(source):
            if clean:
                self.ended |= {(source, track, self.index(cell) + at) for at in (0, 1)}

    def crashed(self) -> None:
        """What was not stored may be lost: its sender knows."""
        self.headway.crashed()
        self.promised &= self.house.store.keys()
        self.real &= self.house.store.keys()

    def check(self) -> None:
        """Everything that must hold after every step."""
        self._check_puts()
        for rendition in self.house.presentation.renditions:
            if self._seen.get(rendition.name) is not rendition:
                self._seen[rendition.name] = rendition
                self._check_shown(rendition, list(rendition.segments))
        self._check_promises()
        check_bounds(self.house, len(self.sources))

    def check_quiet(self) -> None:
        """Everybody has gone and all deadlines have passed."""
        self.check()
        assert self.house.deadline() is None
        assert not self.house.point._gatherings._by
        for name, line in self.house.view.timelines.items():
            assert not line._held, name
            assert all(line._far(at, line.reach) for at in line._ahead), name
        for place in self.house.store:
            if not isinstance(place, str) and place[1] >= self.begins.get(place[0], 1 << 62):
                waits = place[1] in self.house.view.timelines[place[0]]._ahead
                assert waits or place[1] in self.shown[place[0]], f"{place} is never shown"
        assert not self.promised or self.house.point.grid is None, "promised and not stored"
        self.twin.trims()
        assert seen(self.twin) == seen(self.house.view)

    def _check_puts(self) -> None:
        while self._read < len(self.house.puts):
            now, member, data = self.house.puts[self._read]
            self._read += 1
            if isinstance(member, Copy) and (member.fill or member.event):
                place = member.track, member.index
                assert member.event or isinstance(self.put[place], Gap), "no gap to fill"
                self.twin.apply(member, now)
                continue
            if isinstance(member, Pin) and member.name.startswith("change/"):
                self.changes.pinned(Change.read(member), self.twin)
            if not isinstance(member, Pin):
                self.put[member.track, member.index] = member
            self.twin.apply(member, self._read * 977 % 5000)
            if isinstance(member, Gap):
                place = member.track, member.index
                assert place not in self.promised, f"a gap for {place}, which was delivered"
            elif isinstance(member, Copy):
                self._check_copy(member, data, now)

    def _check_copy(self, copy: Copy, data: tuple[bytes, ...], now: int) -> None:
        line, place = self.lines[copy.track], (copy.track, copy.index)
        assert set(data) <= self.sent, "bytes that nobody sent"
        spans = [Span.decode(part) for part in data]
        whose = set(copy.source.split("+"))
        assert {(span.source, span.track) for span in spans} == {(who, copy.track) for who in whose}
        assert copy.sample_count == sum(span.stop - span.first for span in spans)
        slate = all(span.slate for span in spans)
        assert not (slate and place in self.real), f"a slate for {place}, which was delivered"
        joined = all(a.stop == b.first for a, b in pairwise(spans))
        assert joined or copy.partial, f"pieces that do not join: {spans}"
        first, stop = (line.cut(copy.index - self.house.rules.base + at) for at in (0, 1))
        eighth = (stop - first) // 8 + 1
        assert first - eighth <= spans[0].first < spans[-1].stop <= stop
        whole = joined and spans[-1].stop >= stop - eighth
        if not whole and not any((who, *place) in self.ended for who in whose):
            assert place not in self.promised, f"{spans} where {place} was delivered whole"
            waited = now - (copy.arrival - self.house.utc)
            full = any(
                len(gathering._open) == MOST_OPEN
                for (sender, _), gathering in self.house.point._gatherings._by.items()
                if sender.source in whose
            )
            # Nobody can complete what is of former settings: whoever has those is refused.
            former = self.changes.variants()[copy.track] != spans[0].variant
            # Whose phase was learnt from sound alone is off by a frame or two.
            grid, scale = self.house.point.grid, line.track.timescale
            filled = grid is not None and grid.whole(copy.index, copy.end, scale)
            given_up = full or former or filled or waited >= self.house.rules.patience
            assert given_up, f"{spans} after {waited} ms"

    def _check_shown(self, rendition: Rendition, segments: list[Segment]) -> None:
        track = rendition.name
        shown = self.shown[track]
        for segment in segments:
            known = shown.get(segment.index)
            if known is None:
                # Many may find their place at once, and the first of them leave the window with it.
                while (
                    shown
                    and isinstance(passed := self.put.get((track, max(shown) + 1)), Copy | Gap)
                    and passed.index < segment.index
                ):
                    shown[passed.index] = Segment(0, passed.index, passed.time, passed.duration)
                    self.changes.breaks(track, passed.index)
                if shown and segment.index != max(shown) + 1:
                    self._check_moved(track, segment.index, max(shown))
                self.begins.setdefault(track, segment.index)
                broken = self.changes.breaks(track, segment.index) and bool(shown)
                shown[segment.index] = segment
                assert segment.discontinuity == broken, f"{segment}: {broken}"
            else:
                assert known == segment, "what was published has changed"
            member = self.house.store.get((track, segment.index))
            assert isinstance(member, Gap if segment.gap else Copy), "published and not stored"
            assert member.run == 0, "a run without a clock that went back"
            assert (member.time, member.end) == (segment.time, segment.end)
            data = self.house.data.get((track, segment.index), ())
            self.changes.check(rendition, segment, data)
        for before, after in pairwise(segments):
            assert after.index == before.index + 1
            assert after.time > before.time
            if before.gap or after.gap:
                assert before.end == after.time, f"a gap that does not fit: {before}, {after}"

    def _check_moved(self, track: str, first: int, last: int) -> None:
        """The line may move on when a source has shown that it has."""
        assert first > last
        rows = (
            {(source, track, first + at) for at in range(CONVINCING)} for source in self.sources
        )
        # A damaged one may stand in the row, as if it belonged there; not two.
        shown = any(row <= self.came | self.honest and len(row & self.honest) > 1 for row in rows)
        assert shown, f"{track} moved from {last} to {first}"
        self.begins[track] = first
        self.shown[track].clear()

    def _check_promises(self) -> None:
        kept = set()
        for track, index in self.promised:
            if index < self.begins.get(track, index) or isinstance(
                self.put.get((track, index)), Copy
            ):
                kept.add((track, index))
                continue
            line = self.house.timeline(track)
            held = line is not None and any(o.copy.index == index for _, o in line._held)
            waits = self.house.point.grid is None
            assert held or waits, f"{(track, index)} was delivered whole and is nowhere"
        self.promised -= kept

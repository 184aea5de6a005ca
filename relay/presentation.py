"""What there is to play: segments in renditions in one presentation; here Fragment becomes Segment.

`fold` takes an entry of the timeline and returns the next presentation; nothing is ever edited.
The segments of a rendition are a `Window`: a view on a list that only grows at its end, so that a
fold costs the same whatever the length of the window, and older presentations stay what they were.

Times stay in the track's timescale. UTC = media time + `epoch` seconds: `epoch` is 0 when the
encoders stamp UTC, else the pinned arrival of the first fragment. All that players see
(tfdt, SegmentTimeline, PROGRAM-DATE-TIME) counts from 1970, so nothing they see is negative.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import overload

from relay.media import Copy, Entry, Gap, Kind, Track
from relay.numbering import Grid, frame_rate


@dataclass(frozen=True, slots=True)
class Segment:
    """One index of one rendition, as a player may fetch it.

    time, duration   ticks of the media timeline (add epoch * timescale for what players see)
    size             bytes as ingested; 0 for a gap
    gap              nobody delivered it: it keeps its number and is marked, not skipped
    discontinuity    the timeline breaks before it
    """

    run: int
    index: int
    time: int
    duration: int
    size: int = 0
    gap: bool = False
    discontinuity: bool = False

    @property
    def end(self) -> int:
        return self.time + self.duration


class Window(Sequence[Segment]):
    """An immutable view [start, stop) on a list that only grows, by whoever holds its end."""

    __slots__ = ("_items", "_start", "_stop")

    def __init__(self, items: list[Segment] | None = None, start: int = 0) -> None:
        self._items: list[Segment] = [] if items is None else items
        self._start = start
        self._stop = len(self._items)

    def append(self, segment: Segment) -> "Window":
        """The view that also holds `segment`. Only the newest view may grow."""
        if self._stop != len(self._items):
            return Window([*self, segment])
        self._items.append(segment)
        return Window(self._items, self._start)

    def drop(self, count: int) -> "Window":
        """The view without its first `count`; the list is renewed when half of it is dead."""
        start = self._start + count
        if 2 * start > self._stop:
            return Window(self._items[start : self._stop])
        view = Window(self._items, start)
        view._stop = self._stop
        return view

    def __len__(self) -> int:
        return self._stop - self._start

    def __iter__(self) -> Iterator[Segment]:
        for position in range(self._start, self._stop):
            yield self._items[position]

    @overload
    def __getitem__(self, at: int) -> Segment: ...
    @overload
    def __getitem__(self, at: slice) -> list[Segment]: ...
    def __getitem__(self, at: int | slice) -> Segment | list[Segment]:
        chosen = range(self._start, self._stop)[at]
        if isinstance(chosen, range):
            return [self._items[position] for position in chosen]
        return self._items[chosen]


@dataclass(frozen=True, slots=True)
class Rendition:
    """One track as players see it. `bandwidth` in bit/s, 0 if unknown; `sequence` counts changes.

    `frame_rate`: of video, as its first segment shows it, exact; None while unknown.
    `discontinuities`: how many discontinuities have left the window at its start.
    `former`: (index, track) for each earlier configuration: it held below that index.
    """

    track: Track
    segments: Window = field(default_factory=Window)
    bandwidth: int = 0
    frame_rate: Fraction | None = None
    sequence: int = 0
    discontinuities: int = 0
    former: tuple[tuple[int, Track], ...] = ()

    @property
    def name(self) -> str:
        return self.track.name

    def track_at(self, index: int) -> Track:
        """The track as it is configured at an index."""
        return next((track for stop, track in self.former if index < stop), self.track)

    def find(self, index: int) -> Segment | None:
        """The segment of an index, or None. Indexes rise by one, so its place is known."""
        if not self.segments:
            return None
        at = index - self.segments[0].index
        return self.segments[at] if 0 <= at < len(self.segments) else None

    def seconds(self, ticks: int) -> Fraction:
        return Fraction(ticks, self.track.timescale)


@dataclass(frozen=True, slots=True)
class Presentation:
    """A publishing point as players see it.

    window     seconds of media that stay fetchable
    epoch      seconds to add to the media time of run 0 for UTC;  epochs   of the runs after it
    breaks     indexes before which there is a discontinuity, of all runs and changes, rising
    changes    those at which a configuration changed
    events     of the sparse tracks, by name: what is visible, in order of time
    since      of each event (track, run, time): the last index that each rendition had before it
               could be seen, so that what is published later, and that alone, may tell of it
    facts      the pins that numbers and breaks rest on, as they are in the store
    cue_tags   which tags of old playlists have beside EXT-X-DATERANGE
    whole      nothing of it leaves the window;  ended  nor does anything come any more
    updated    UTC seconds at which it last changed (the newest entry's arrival)
    """

    name: str
    grid: Grid
    window: Fraction
    epoch: int = 0
    epochs: tuple[int, ...] = ()
    renditions: tuple[Rendition, ...] = ()
    breaks: tuple[int, ...] = ()
    changes: tuple[int, ...] = ()
    events: Mapping[str, tuple[Copy, ...]] = field(default_factory=dict)
    since: Mapping[tuple[str, int, int], Mapping[str, int]] = field(default_factory=dict)
    facts: Mapping[str, bytes] = field(default_factory=dict)
    cue_tags: str = "none"
    whole: bool = False
    ended: bool = False
    updated: Fraction = Fraction(0)

    def epoch_of(self, run: int) -> int:
        """The epoch of a run. Times of all runs, with their epochs, rise."""
        return self.epoch if run == 0 else self.epochs[run - 1]

    def rendition(self, name: str) -> Rendition | None:
        return next((r for r in self.renditions if r.name == name), None)

    def of(self, kind: Kind) -> list[Rendition]:
        """The renditions of a kind that have something to play, in a stable order."""
        chosen = [r for r in self.renditions if r.track.key.kind is kind and r.segments]
        return sorted(chosen, key=lambda r: (-r.bandwidth, r.name))


def register(presentation: Presentation, track: Track, bandwidth: int) -> Presentation:
    """The presentation with `track`, or with its new bandwidth or meaning."""
    known = presentation.rendition(track.name)
    if known is None:
        fresh = Rendition(track, bandwidth=bandwidth)
        return replace(presentation, renditions=(*presentation.renditions, fresh))
    return _swap(presentation, replace(known, track=track, bandwidth=bandwidth))


def configure(presentation: Presentation, track: Track, start: int) -> Presentation:
    """The presentation in which `track` is as given from the index `start` on."""
    known = presentation.rendition(track.name)
    if known is None:
        presentation = register(presentation, track, track.key.bitrate)
    elif known.track != track:
        former = (*known.former, (start, known.track))
        fresh = replace(known, track=track, former=former, sequence=known.sequence + 1)
        presentation = _swap(presentation, fresh)
    breaks = tuple(sorted({*presentation.breaks, start}))
    changes = tuple(sorted({*presentation.changes, start}))
    return replace(presentation, breaks=breaks, changes=changes)


def fold(presentation: Presentation, entry: Entry) -> Presentation:
    """The presentation after `entry`, whose track is registered. Old segments leave the window."""
    member = entry.member
    rendition = presentation.rendition(member.track)
    if rendition is None:
        raise LookupError(f"track {member.track} is not registered")
    segment = Segment(
        member.run,
        member.index,
        member.time,
        member.duration,
        size=member.size if isinstance(member, Copy) else 0,
        gap=isinstance(member, Gap),
        discontinuity=entry.discontinuity,
    )
    known = rendition.segments
    if known and segment.index != known[-1].index + 1:
        known = Window()  # the line has moved on: numbers and places would not agree any more
    segments = known.append(segment)
    horizon = segment.end - int(presentation.window * rendition.track.timescale)
    gone, left = 0, rendition.discontinuities
    while gone < len(segments) - 1 and segments[gone].end <= horizon:
        left += segments[gone].discontinuity
        gone += 1
    if len(segments) == 1:  # the same number on every relay, whoever has seen what came before
        passed = sum(start <= segment.index for start in presentation.breaks)
        left = passed - segment.discontinuity
    segments = segments.drop(gone) if gone else segments
    changed = replace(
        rendition,
        segments=segments,
        frame_rate=rendition.frame_rate or _frame_rate(rendition.track, member),
        sequence=rendition.sequence + 1,
        discontinuities=left,
    )
    updated = max(presentation.updated, Fraction(member.arrival, 1000))
    return replace(_swap(presentation, changed), updated=updated)


def show(
    before: Presentation, after: Presentation, events: Mapping[str, tuple[Copy, ...]]
) -> Presentation:
    """`after` with these events to be seen, some of them for the first time since `before`.

    What has been published in between may tell of those already. Where the parent begins, all may:
    what it had before, if anything, has been forgotten, and with it when they were first seen. So
    after a restart a segment may tell of an event that it did not tell of before, if it is of
    another track than the parent and nothing of the parent has been kept that is as old as it.
    """
    parents = {r.track.key.name for r in before.renditions if r.segments}
    reached = {r.name: r.segments[-1].index for r in before.renditions if r.segments}
    since: dict[tuple[str, int, int], Mapping[str, int]] = {}
    for name, copies in events.items():
        sparse = after.rendition(name)
        fresh = reached if sparse is not None and sparse.track.parent in parents else {}
        for copy in copies:
            key = name, copy.run, copy.time
            since[key] = after.since.get(key, fresh)
    return replace(after, events=events, since=since)


def _frame_rate(track: Track, member: Copy | Gap) -> Fraction | None:
    if track.key.kind is not Kind.VIDEO or isinstance(member, Gap):
        return None
    return frame_rate(member.duration, member.sample_count, track.timescale)


def _swap(presentation: Presentation, changed: Rendition) -> Presentation:
    renditions = tuple(changed if r.name == changed.name else r for r in presentation.renditions)
    return replace(presentation, renditions=renditions)

"""Periods: one, and one more from each index on at which a configuration changed (5.3.2).

Their ids and starts are a function of the changes alone, which all relays share. The first is
called p0 and starts in 1970, however much of it has left the window.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from lxml import etree

from packagers.dash.adaptation_set import adaptation_set, family
from packagers.dash.element import add, duration
from packagers.dash.representation import Form, Part, representation
from packagers.resource import line
from packagers.signals.event_stream import event_streams
from packagers.signals.signal import Signal
from packagers.timeline import Timeline
from relay.media import Kind
from relay.numbering import INDEX_LIMIT
from relay.presentation import Presentation, Rendition, Segment


def spans(presentation: Presentation, shown: Sequence[Rendition]) -> list[tuple[int, int]]:
    """[start, stop) in indexes of each Period that has a segment; the first starts at 0."""
    starts = [0, *presentation.changes, INDEX_LIMIT]
    indexes = [segment.index for r in shown for segment in (line(r)[0], line(r)[-1])]
    first, last = min(indexes, default=0), max(indexes, default=0)
    return [at for at in pairwise(starts) if at[1] > first and at[0] <= last]


def begins(presentation: Presentation, shown: Sequence[Rendition], start: int) -> Fraction:
    """UTC seconds at which the cell of an index begins; a segment near it tells its run."""
    if not start:
        return Fraction(0)
    grid = presentation.grid
    several: list[tuple[int, Segment]] = []
    for rendition in shown:
        segments = line(rendition)
        position = max(0, start - segments[0].index)
        if position < len(segments):
            several.append((rendition.track.timescale, segments[position]))
    timescale, near = min(several, key=lambda found: found[1].index)
    offset = near.index - grid.index(near.time, near.duration, timescale)
    cell = start - offset - grid.base
    return cell * grid.D + grid.phase + presentation.epoch_of(near.run)


def parts(
    presentation: Presentation,
    shown: Sequence[Rendition],
    span: tuple[int, int],
    rows: Callable[[Rendition, int], Timeline],
    numbers: Callable[[], int],
) -> list[Part]:
    """What a Period shows of each rendition that has segments in it.

    `rows`: those of a rendition in the Period that starts at an index, as they were last.
    """
    found = []
    for rendition in shown:
        segments = line(rendition)
        first = max(0, span[0] - segments[0].index)
        stop = min(len(segments), span[1] - segments[0].index)
        if first >= stop:
            continue
        of = configured(rendition, segments[first].index)
        timeline = rows(of, span[0])
        timeline.follow(segments, first, stop, presentation.epoch_of)
        found.append(Part(of, segments, first, stop, timeline, numbers()))
    return found


def configured(rendition: Rendition, index: int) -> Rendition:
    """The rendition as it is configured at an index."""
    if not rendition.former:
        return rendition
    track = rendition.track_at(index)
    return Rendition(track, rendition.segments, rendition.bandwidth, rendition.frame_rate)


def period(
    root: etree._Element,
    presentation: Presentation,
    several: Sequence[Part],
    *,
    name: str,
    begin: Fraction,
    start: Fraction,
    end: Fraction | None,
    form: Form,
    signals: Sequence[Signal],
) -> None:
    """Add a Period. `begin`, `end`: UTC seconds (None: it is the last); `start`: as it says."""
    element = add(root, "Period", {"id": name, "start": duration(start)})
    element.extend(event_streams(signals, presentation, begin, end))
    sets: dict[tuple[str, ...], list[Part]] = {}
    for part in several:
        sets.setdefault(family(part.rendition), []).append(part)
    kinds = [sets[key][0].rendition.track.key.kind for key in sorted(sets)]
    seen: set[Kind] = set()
    for key, kind in zip(sorted(sets), kinds, strict=True):
        chosen = adaptation_set(
            element,
            presentation,
            sets[key],
            main=kind not in seen,
            several=kinds.count(kind) > 1,
        )
        seen.add(kind)
        for part in sets[key]:
            representation(chosen, part, presentation, begin, form)

"""The media of a rendition: which stored copy is published under a number, and its bytes.

What is listed, or was and is still stored, is served; what lies ahead of the live edge is `NotYet`,
whatever the store may already hold: its place on the timeline is not decided yet. A segment never
changes under its number, so it is immutable for every cache; its strong validator is made of what
names its bytes (the winning copy), not of 5 MB of bytes. A hole is an empty fragment for a moment.

Cache-Control of what is not there: ahead of the live edge a second, since a moment changes it; gone
or damaged, not at all, since another relay may have it under the same URL.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import floor
from zlib import crc32

from packagers import cmaf, dash
from packagers.resource import EDGE, FOREVER, MIME, Asked, Resource, What, entity_tag
from packagers.signals.event_stream import carried, emsg
from packagers.signals.signal import Signal
from relay.errors import EncoderError, NotFound, NotYet
from relay.media import Copy
from relay.presentation import Presentation, Rendition, Segment
from relay.store import Store

_OLDER_RUNS = 16  # before the window, searched for a segment that has left it


async def segment(
    asked: Asked,
    presentation: Presentation,
    rendition: Rendition,
    store: Store,
    heard: Iterable[Signal] = (),
) -> Resource:
    """What is at the path of a SEGMENT or a SEGMENT_AT of a rendition that has some.

    `heard`: all that is signalled; the segment tells of its share.
    Raises NotFound, NotYet.
    """
    if asked.what is What.SEGMENT_AT:
        asked = _numbered(asked, presentation, rendition, store)
    track = rendition.track_at(asked.number)
    copy = _copy(asked.number, rendition, store)
    if isinstance(copy, Segment):
        # Not immutable, since another site may have it under this number.
        empty = dash.hole(track, copy, presentation.epoch_of(copy.run))
        return Resource((empty,), MIME[track.key.kind], EDGE, path=asked.path)
    data = None if copy is None else await store.get(copy.track, copy.run, copy.index)
    if copy is None or data is None:
        raise NotFound(f'"{asked.track}" no longer has segment {asked.number}.')
    epoch = presentation.epoch_of(copy.run)
    try:
        body = cmaf.segment(track, data, copy.index, epoch)
    except EncoderError:
        body = []
    if not body:
        raise NotFound(f"What is stored as segment {asked.number} is damaged.")
    told = carried(heard, rendition, copy, epoch)
    # Between sites that number alike, source and arrival tell whose bytes won.
    won = (copy.run, copy.index, copy.source, copy.arrival, copy.size)
    cues = [crc32(signal.message, signal.key) for signal in told]
    tag = entity_tag((cmaf.init_name(track), epoch, *won, *cues))
    return Resource(
        (*(emsg(signal, track.timescale) for signal in told), *body),
        MIME[track.key.kind],
        FOREVER,
        etag=tag,
        path=asked.path,
        modified=copy.arrival // 1000,
        ranged=True,
    )


def _copy(index: int, rendition: Rendition, store: Store) -> Copy | Segment | None:
    """The copy published under an index; the Segment if that is a gap. Raises NotYet."""
    segments = rendition.segments
    if index > segments[-1].index:
        raise NotYet(f"Segment {index} is ahead of the live edge, {segments[-1].index}.")
    listed = rendition.find(index)
    if index >= segments[0].index and (listed is None or listed.index != index):
        # The index has jumped inside the window.
        listed = next((segment for segment in segments if segment.index == index), None)
    if listed is not None:
        return listed if listed.gap else store.find(rendition.name, listed.run, index)
    oldest = segments[0].run
    for run in range(oldest, max(-1, oldest - _OLDER_RUNS), -1):
        copy = store.find(rendition.name, run, index)
        if copy is not None:
            return copy
    return None


def _numbered(
    asked: Asked, presentation: Presentation, rendition: Rendition, store: Store
) -> Asked:
    """A SEGMENT_AT as the SEGMENT that begins there.

    Ticks of 10 MHz since 1970 are beyond the integers of JavaScript: a player that adds them up is
    off by a few, so a millisecond is allowed. Where a hole lasts no time, what is asked for is the
    segment behind it, which begins there too.
    """
    timescale = rendition.track.timescale
    slack = max(1, timescale // 1000)
    begins, found = 0, None
    for segment in rendition.segments:
        begins = segment.time + presentation.epoch_of(segment.run) * timescale
        if begins > asked.number + slack:
            break
        if abs(begins - asked.number) <= slack:
            found = segment
            if segment.duration > 0:
                break
    if found is not None:
        return replace(asked, what=What.SEGMENT, number=found.index)
    if asked.number > begins + slack:
        raise NotYet(f"Nothing begins at {asked.number} yet.")
    # It may have left the window a moment ago; then the grid tells its number.
    cell = floor(presentation.grid.D * timescale)
    time = asked.number - presentation.epoch_of(rendition.segments[0].run) * timescale
    index = presentation.grid.index(time, cell, timescale)
    copy = _copy(index, rendition, store)
    if not isinstance(copy, Copy) or abs(copy.time - time) > slack:
        raise NotFound(f"No segment begins at {asked.number}.")
    return replace(asked, what=What.SEGMENT, number=index)

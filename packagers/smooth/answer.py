"""The answer to a request for a fragment ([MS-SSTR] 2.2.4 to 2.2.6).

A time in a URL is meant to be exact. But at 10 MHz the ticks since 1970 are beyond the integers of
JavaScript: dash.js rounds what it learns from tfrf to the nearest two or four. So a millisecond is
allowed, which no two fragments are apart, and Content-Location says the exact one.

Ahead of the list the answer is 412 and empty (2.2.6); where nothing begins, no longer is,
or never will be, 404.
Fragments that have just left the window are served while they are stored. A fragment of a stream
with events points at the latest of each, and an event at the one before it (2.2.5, 3.2.5:
`ChildTrack` in the Content-Type, as IIS did).
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from math import floor

from packagers import ttml
from packagers.fragment_request import FragmentRequest, Noun
from packagers.resource import Resource, entity_tag
from packagers.smooth.fragment import fragment as formed
from packagers.smooth.fragment import hole
from packagers.smooth.streams import LOOK_AHEAD, Quality, Shown, Sparse, Stream
from relay.errors import EncoderError, NotFound
from relay.media import Buffer, Copy, Kind, Track
from relay.presentation import Segment
from relay.store import Store

_MIME = {Kind.VIDEO: "video/mp4", Kind.AUDIO: "audio/mp4", Kind.TEXT: "application/mp4"}
_FOREVER = "public, max-age=86400, immutable"
_EDGE = "public, max-age=1"


async def fragment(request: FragmentRequest, shown: Shown, store: Store) -> Resource:
    """What is at the URL. Raises NotFound."""
    name = request.stream.lower()
    signal = next((s for s in shown.signals if s.name.lower() == name), None)
    if signal is not None:
        return await _event(request, shown, signal, store)
    stream = next((s for s in shown.media if s.name.lower() == name), None)
    levels = stream.qualities if stream is not None else ()
    quality = next((q for q in levels if q.bitrate == request.bitrate), None)
    if stream is None or quality is None:
        raise NotFound(f'There is no stream "{request.stream}" of {request.bitrate} bit/s.')
    request = replace(request, stream=stream.name)
    at = _place(request.time, stream, shown)
    newest = stream.segments[stream.stop - 1]
    if at is None and request.time < _begins(newest, stream, shown):
        return await _gone(request, shown, stream, quality, store)
    if at is None and shown.presentation.ended:
        raise NotFound(f"It has ended before {request.time}.")
    if at is None or at.index > newest.index:
        return Resource((), "text/plain", _EDGE, status=412)
    own = quality.rendition.find(at.index)
    if own is None:
        raise NotFound(f"No fragment of {request.bitrate} bit/s begins at {request.time}.")
    numbers = range(at.index + 1, stream.segments[-1].index + 1)
    after = (_at(stream.segments, number) for number in numbers)
    following = _told(after, stream, shown)
    request = replace(request, time=_begins(at, stream, shown))
    kind = _kind(stream.kind, _latest(request.time, stream, shown))
    if own.gap:
        # Not immutable, since another site may have it.
        parts = hole(own.index, (request.time, own.duration), following)
        return Resource(_asked_for(request.noun, parts), kind, _EDGE, path=request.path)
    copy = store.find(quality.rendition.name, own.run, own.index)
    text = _text(quality)
    return await _copied(request, copy, own.duration, following, kind=kind, store=store, text=text)


def ahead(request: FragmentRequest, shown: Shown) -> int:
    """How many fragments what is asked for lies ahead of the list; 0 or less: it does not."""
    stream = next((s for s in shown.media if s.name.lower() == request.stream.lower()), None)
    if stream is None:
        return 0
    listed = _begins(stream.segments[stream.stop - 1], stream, shown)
    cell = shown.presentation.grid.D * stream.track.timescale
    return round((request.time - listed) / cell)


def _begins(segment: Segment | Copy, stream: Stream | Sparse, shown: Shown) -> int:
    """Ticks since 1970."""
    shift = shown.presentation.epoch_of(segment.run) * stream.track.timescale
    return max(0, segment.time + shift)


def _slack(stream: Stream | Sparse) -> int:
    return max(1, stream.track.timescale // 1000)


def _place(time: int, stream: Stream, shown: Shown) -> Segment | None:
    """The segment that begins at a time, listed yet or not."""
    slack = _slack(stream)

    def begins(position: int) -> int:
        return _begins(stream.segments[position], stream, shown)

    several = range(len(stream.segments))
    found = bisect_left(several, time - slack, key=begins)
    near = [
        segment
        for segment in map(stream.segments.__getitem__, several[found : found + 2])
        if _begins(segment, stream, shown) <= time + slack
    ]
    # A hole may last no time at all; then what follows begins where it does.
    return max(near, key=lambda segment: segment.duration > 0, default=None)


async def _gone(
    request: FragmentRequest, shown: Shown, stream: Stream, quality: Quality, store: Store
) -> Resource:
    """A fragment that has left the window, while it is stored: the grid tells its index."""
    presentation, track = shown.presentation, stream.track
    oldest = stream.segments[0]
    time = request.time - presentation.epoch_of(oldest.run) * track.timescale
    cell = floor(presentation.grid.D * track.timescale)
    index = presentation.grid.index(time, cell, track.timescale)
    copy = store.find(quality.rendition.name, oldest.run, index) if index < oldest.index else None
    if copy is None or abs(copy.time - time) > _slack(stream):
        raise NotFound(f"No fragment of {request.bitrate} bit/s begins at {request.time}.")
    numbers = range(index + 1, stream.segments[-1].index + 1)
    after = (store.find(copy.track, copy.run, n) or _at(stream.segments, n) for n in numbers)
    following = _told(after, stream, shown)
    request = replace(request, time=_begins(copy, stream, shown))
    kind = _kind(stream.kind, [])
    text = _text(quality)
    return await _copied(request, copy, copy.duration, following, kind=kind, store=store, text=text)


def _text(quality: Quality) -> Track | None:
    track = quality.rendition.track
    return track if track.key.kind is Kind.TEXT else None


def _told(
    after: Iterable[Segment | Copy | None], stream: Stream, shown: Shown
) -> list[tuple[int, int]]:
    """Time and duration of the next fragments that last any time."""
    lasting = (one for one in after if one is not None and one.duration > 0)
    return [(_begins(one, stream, shown), one.duration) for one in islice(lasting, LOOK_AHEAD)]


def _at(segments: Sequence[Segment], index: int) -> Segment | None:
    position = index - segments[0].index
    return segments[position] if 0 <= position < len(segments) else None


async def _event(request: FragmentRequest, shown: Shown, signal: Sparse, store: Store) -> Resource:
    events = shown.presentation.events.get(signal.track.name, ())
    slack = _slack(signal)
    times = [_begins(copy, signal, shown) for copy in events]
    found = next((n for n, t in enumerate(times) if abs(t - request.time) <= slack), None)
    if request.bitrate or found is None:
        raise NotFound(f'There is no event of "{signal.name}" at {request.time}.')
    before = [(signal.name, times[found - 1])] if found else []
    request = replace(request, stream=signal.name, time=times[found])
    copy = events[found]
    return await _copied(
        request, copy, copy.duration, [], kind=_kind(Kind.TEXT, before), store=store
    )


def _latest(time: int, stream: Stream, shown: Shown) -> list[tuple[str, int]]:
    """Each stream of events that goes with this one, and its latest that is not after `time`."""
    found = []
    for signal in shown.signals:
        if signal.parent == stream.name:
            events = shown.presentation.events.get(signal.track.name, ())
            scale = signal.track.timescale
            times = [_begins(copy, signal, shown) for copy in events]
            past = [t for t in times if t * stream.track.timescale <= time * scale]
            if past:
                found.append((signal.name, max(past)))
    return found


def _kind(kind: Kind, pointers: Sequence[tuple[str, int]]) -> str:
    """The Content-Type, with a SparseStreamPointer (2.2.5) where there is something to point at."""
    if not pointers:
        return _MIME[kind]
    said = ",".join(f"{name}={time}" for name, time in pointers)
    return f'{_MIME[kind]};ChildTrack="{said}"'


async def _copied(
    request: FragmentRequest,
    copy: Copy | None,
    duration: int,
    following: Sequence[tuple[int, int]],
    *,
    kind: str,
    store: Store,
    text: Track | None = None,
) -> Resource:
    """The answer that a stored copy makes. `text`: the track, if it is one of subtitles."""
    data = None
    if copy is not None:
        time = copy.time if copy.event else None
        data = await store.get(copy.track, copy.run, copy.index, time)
    if copy is None or data is None:
        raise NotFound(f"The fragment at {request.time} is no longer here.")
    try:
        data = data if text is None else ttml.smooth_data(text, data)
        parts = formed(data, copy.index, (request.time, duration), following)
    except EncoderError:
        raise NotFound(f"What is stored as the fragment at {request.time} is damaged.") from None
    # Between sites that number alike, source and arrival tell whose bytes won.
    won = (copy.track, copy.run, copy.index, copy.source, copy.arrival, copy.size)
    return Resource(
        _asked_for(request.noun, parts),
        kind,
        _FOREVER,
        etag=entity_tag((request.path, *won, repr(following))),
        path=request.path,
        modified=copy.arrival // 1000,
        ranged=True,
    )


def _asked_for(noun: Noun, parts: list[Buffer]) -> tuple[Buffer, ...]:
    """Of a fragment's moof, head of its mdat and media, what the noun means (2.2.4)."""
    match noun:
        case Noun.METADATA:
            return tuple(parts[:1])
        case Noun.DATA:
            return tuple(parts[2:])
        case Noun.FRAGMENT:
            return tuple(parts)

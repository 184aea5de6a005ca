"""The door down: GET, HEAD and OPTIONS of what players want; it decides nothing about media.

A document is rendered once per presentation, when it is first asked for, and kept: presentations
are replaced, never edited, so `is` tells whether it still holds. A segment comes from the store
each time, its parts sent as they are. What is listed, or was and is still stored, is served; what
lies ahead of the live edge is 404 `PLAYBACK_NOT_YET`, to be asked again in a second, whatever the
store may already hold: its place on the timeline is not decided yet.

Cache rules: a document lives half a fragment; a segment never changes under its number, so it is
immutable; a refusal is not stored, but for what a moment may change. The strong validator of a
segment is made of what names its bytes (the winning copy), not of 5 MB of bytes.

Every site may play (`Access-Control-Allow-Origin: *`); there are no credentials to steal. Decisions
rest on `scope["path"]` alone, never on Host.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate
from fractions import Fraction
from http import HTTPStatus
from math import floor
from operator import is_
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from packagers import cmaf, dash, hls, pins, state
from packagers.resource import Asked, Resource, What, entity_tag, parse, problem
from relay.errors import EncoderError, NotFound, NotYet, PlayerError
from relay.media import Copy, Kind, Track
from relay.presentation import Presentation, Rendition, Segment
from relay.store import Store

_MIME = {Kind.VIDEO: "video/mp4", Kind.AUDIO: "audio/mp4", Kind.TEXT: "application/mp4"}
_FOREVER = "public, max-age=86400, immutable"
_EDGE = "public, max-age=1"
_OLDER_RUNS = 16  # before the window, searched for a segment that has left it

_METHODS = b"GET, HEAD, OPTIONS"
_HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"date, server, range, content-length, content-location"),
    (b"timing-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
)
_PREFLIGHT = (
    (b"access-control-allow-methods", _METHODS),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"),
    (b"allow", _METHODS),
)


class Playable(Protocol):
    """A channel, as a player needs it."""

    @property
    def presentation(self) -> Presentation: ...

    @property
    def store(self) -> Store: ...


class Origin:
    """ASGI application of all playback paths. `clock`: UTC seconds."""

    def __init__(
        self, channels: Mapping[str, Playable], clock: Callable[[], float] = time.time
    ) -> None:
        self._channels = channels
        self._clock = clock
        self._documents: dict[tuple[str, What, str], tuple[tuple[object, ...], Resource]] = {}
        self._inits: dict[tuple[str, str, str], Track] = {}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        method, location = scope["method"], ""
        if method == "OPTIONS":
            headers = [*_HEADERS, *_PREFLIGHT]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        try:
            if method not in ("GET", "HEAD"):
                raise PlayerError("Playback is read only.", hint="Use GET or HEAD.")
            asked = parse(scope["path"])
            resource = await self.resource(asked)
            location = asked.location(resource.path) if resource.path else ""
            asks = Headers(scope=scope)
            resource = resource.under(
                none_match=asks.get("if-none-match", ""),
                wanted=asks.get("range", "") if method == "GET" else "",
                if_range=asks.get("if-range", ""),
            )
        except NotYet as error:
            resource = problem(error, cache=_EDGE)
        except PlayerError as error:
            resource = problem(error, status=0 if method in ("GET", "HEAD") else 405)
        # What is refused to a method that has a body is answered as a GET is.
        await _send(send, "HEAD" if method == "HEAD" else "GET", resource, location)

    async def resource(self, asked: Asked) -> Resource:
        """What is at a path. Raises PlayerError."""
        if asked.what is What.CLOCK:
            return self._time()
        channel = self._channels.get(asked.channel)
        if channel is None:
            raise NotFound(f'There is no channel "{asked.channel}".', hint="Look at its name.")
        presentation, store = channel.presentation, channel.store
        if told := {What.STATE: state, What.PINS: pins}.get(asked.what):
            body = (told.document(presentation),)
            return Resource(body, told.MEDIA_TYPE, "no-cache", path=asked.path)
        if not asked.track:
            playing = [*presentation.of(Kind.VIDEO), *presentation.of(Kind.AUDIO)]
            if not playing:
                raise NotYet(f'"{asked.channel}" has nothing to play yet.', hint="Push to it.")
            self._remember(asked.channel, playing)
            return self._document(asked, presentation, None)
        rendition = presentation.rendition(asked.track)
        if rendition is None:
            raise NotFound(f'"{asked.channel}" has no track "{asked.track}".')
        if asked.what in (What.INIT, What.PLAYLIST):
            self._remember(asked.channel, [rendition])
        if asked.what is What.INIT:
            return self._init(asked)
        if not rendition.segments:
            raise NotYet(f'"{asked.track}" has no segment yet.')
        if asked.what is What.PLAYLIST:
            return self._document(asked, presentation, rendition)
        if asked.what is What.SEGMENT_AT:
            asked = _numbered(asked, presentation, rendition, store)
        return await _segment(asked, presentation, rendition, store)

    def _document(
        self, asked: Asked, presentation: Presentation, rendition: Rendition | None
    ) -> Resource:
        depends_on: tuple[object, ...] = (presentation,)
        if rendition is not None:
            depends_on = (rendition, presentation.grid, presentation.epoch, presentation.epochs)
        key = (asked.channel, asked.what, asked.track)
        known, resource = self._documents.get(key, ((), None))
        if resource is None or not all(map(is_, known, depends_on)):
            body, media_type = _render(asked.what, presentation, rendition)
            resource = Resource(
                (body,),
                media_type,
                _half(presentation.grid.D),
                etag=entity_tag(body),
                path=asked.path,
                modified=int(presentation.updated),
            )
            self._documents[key] = depends_on, resource
        return resource

    def _remember(self, channel: str, renditions: Iterable[Rendition]) -> None:
        for rendition in renditions:
            for track in (rendition.track, *(former for _, former in rendition.former)):
                self._inits[channel, rendition.name, cmaf.init_name(track)] = track

    def _init(self, asked: Asked) -> Resource:
        track = self._inits.get((asked.channel, asked.track, asked.init))
        if track is None:
            raise NotFound(f'"{asked.track}" has no initialization of that name.')
        body, kind = cmaf.init(track), _MIME[track.key.kind]
        tag = entity_tag(body)
        return Resource((body,), kind, _FOREVER, etag=tag, path=asked.path, ranged=True)

    def _time(self) -> Resource:
        now = datetime.fromtimestamp(self._clock(), UTC)
        text = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
        return Resource((text.encode(),), "text/plain", "no-store", path=What.CLOCK.value)


def _render(
    what: What, presentation: Presentation, rendition: Rendition | None
) -> tuple[bytes, str]:
    if rendition is not None:
        return hls.media(presentation, rendition).encode(), hls.MEDIA_TYPE
    if what is What.MULTIVARIANT:
        return hls.multivariant(presentation).encode(), hls.MEDIA_TYPE
    by_time = what is What.MPD_BY_TIME
    return dash.mpd(presentation, by_time=by_time), dash.MEDIA_TYPE


async def _segment(
    asked: Asked, presentation: Presentation, rendition: Rendition, store: Store
) -> Resource:
    track = rendition.track_at(asked.number)
    copy = _copy(asked.number, rendition, store)
    if isinstance(copy, Segment):
        # Not immutable, since another site may have it under this number.
        empty = dash.hole(track, copy, presentation.epoch_of(copy.run))
        return Resource((empty,), _MIME[track.key.kind], _EDGE, path=asked.path)
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
    # Between sites that number alike, source and arrival tell whose bytes won.
    won = (copy.run, copy.index, copy.source, copy.arrival, copy.size)
    tag = entity_tag((cmaf.init_name(track), epoch, *won))
    return Resource(
        tuple(body),
        _MIME[track.key.kind],
        _FOREVER,
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
    off by a few, so a millisecond is allowed.
    """
    timescale = rendition.track.timescale
    slack = max(1, timescale // 1000)
    begins = 0
    for segment in rendition.segments:
        begins = segment.time + presentation.epoch_of(segment.run) * timescale
        if abs(begins - asked.number) <= slack:
            return replace(asked, what=What.SEGMENT, number=segment.index)
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


def _half(fragment_duration: Fraction) -> str:
    seconds = floor(fragment_duration / 2 + Fraction(1, 2))
    return f"public, max-age={seconds}" if seconds else "no-cache"


async def _send(send: Send, method: str, resource: Resource, location: str) -> None:
    headers = [
        *_HEADERS,
        (b"cache-control", resource.cache.encode()),
        (b"accept-ranges", b"bytes" if resource.ranged else b"none"),
    ]
    if resource.status != HTTPStatus.NOT_MODIFIED:
        headers += [
            (b"content-type", resource.media_type.encode()),
            (b"content-length", str(resource.size).encode()),
        ]
    if resource.etag:
        headers.append((b"etag", resource.etag.encode()))
    if resource.modified:
        headers.append((b"last-modified", formatdate(resource.modified, usegmt=True).encode()))
    if location:
        headers.append((b"content-location", location.encode()))
    if resource.extent:
        headers.append((b"content-range", resource.extent.encode()))
    if resource.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", _METHODS))
    await send({"type": "http.response.start", "status": resource.status, "headers": headers})
    for part in resource.body if method == "GET" else ():  # bytes() makes no copy of bytes
        await send({"type": "http.response.body", "body": bytes(part), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})

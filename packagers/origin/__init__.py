"""The door down: GET, HEAD and OPTIONS of what players want; it decides nothing about media.

It finds who answers: the documents, which are kept; the published media, which come from the store
each time; the init segments, of which any that was ever named is served. Aliases are answered at
once, with Content-Location.

Cache rules: a document lives half a fragment; a segment never changes under its number; a refusal
is not stored, but for what a moment may change (`published`). Decisions rest on `scope["path"]` and
what HLS puts into the query, never on Host.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from packagers import cmaf, pins, state
from packagers.negotiation import accepts_gzip
from packagers.origin import failover, published
from packagers.origin.delivery import deliver, preflight
from packagers.origin.documents import Documents
from packagers.origin.protected import Protection
from packagers.resource import (
    EDGE,
    FOREVER,
    MIME,
    Asked,
    Resource,
    What,
    entity_tag,
    parse,
    problem,
)
from packagers.signals.hearing import Hearing
from packagers.smooth.serving import Serving
from relay.errors import FailedOver, NotFound, NotYet, PlayerError
from relay.media import Kind, Track
from relay.presentation import Presentation, Rendition
from relay.store import Store


class Playable(failover.Channel, Protocol):
    """A channel, as a player needs it."""

    @property
    def store(self) -> Store: ...


class Origin:
    """ASGI application of all playback paths. `clock`: UTC seconds."""

    def __init__(
        self, channels: Mapping[str, Playable], clock: Callable[[], float] = time.time
    ) -> None:
        self._channels = channels
        self._clock = clock
        self._documents = Documents()
        self._hearing = Hearing()
        self._fail_over = failover.FailOver()
        self._protection = Protection()
        self._inits: dict[tuple[str, str, str], Track] = {}
        self._smooth = Serving()

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        method, location = scope["method"], ""
        if method == "OPTIONS":
            await preflight(send)
            return
        try:
            if method not in ("GET", "HEAD"):
                raise PlayerError("Playback is read only.", hint="Use GET or HEAD.")
            asked = parse(scope["path"], scope.get("query_string", b"").decode("latin-1"))
            asks = Headers(scope=scope)
            resource = await self.resource(
                asked, gzip=accepts_gzip(asks.get("accept-encoding", ""))
            )
            location = asked.location(resource.path) if resource.path else ""
            resource = resource.under(
                none_match=asks.get("if-none-match", ""),
                wanted=asks.get("range", "") if method == "GET" else "",
                if_range=asks.get("if-range", ""),
            )
        except (NotYet, FailedOver) as error:
            resource = problem(error, cache=EDGE)
        except PlayerError as error:
            resource = problem(error, status=0 if method in ("GET", "HEAD") else 405)
        # What is refused to a method that has a body is answered as a GET is.
        await deliver(send, resource, location, bodiless=method == "HEAD")

    async def resource(self, asked: Asked, *, gzip: bool = False) -> Resource:
        """What is at a path. `gzip`: the client accepts a document so. Raises PlayerError."""
        if asked.what is What.CLOCK:
            return self._time()
        channel = self._channels.get(asked.channel)
        if channel is None:
            raise NotFound(f'There is no channel "{asked.channel}".', hint="Look at its name.")
        presentation, store = channel.presentation, channel.store
        if asked.what in (What.PINS, What.STATE):
            return self._facts(asked, channel)
        if asked.what in failover.DOCUMENTS:
            self._fail_over.check(asked.channel, channel, self._clock())
            self._protection.check(asked, channel)
        if asked.what in (What.SMOOTH, What.FRAGMENT):
            heard = await self._hearing.listen(asked.channel, presentation, store)
            return await self._smooth.resource(asked, presentation, store, heard)
        if not asked.track:
            playing = [*presentation.of(Kind.VIDEO), *presentation.of(Kind.AUDIO)]
            if not playing:
                raise NotYet(f'"{asked.channel}" has nothing to play yet.', hint="Push to it.")
            self._remember(asked.channel, playing)
            heard = await self._hearing.listen(asked.channel, presentation, store)
            found = self._documents.find(asked, presentation, None, gzip=gzip, heard=heard)
            return self._dated(asked, presentation, found)
        rendition = presentation.rendition(asked.track)
        if rendition is None:
            raise NotFound(f'"{asked.channel}" has no track "{asked.track}".')
        if asked.what in (What.INIT, What.PLAYLIST):
            self._remember(asked.channel, [rendition])
        if asked.what is What.INIT:
            return self._init(asked)
        if not rendition.segments:
            raise NotYet(f'"{asked.track}" has no segment yet.')
        heard = await self._hearing.listen(asked.channel, presentation, store)
        if asked.what is What.PLAYLIST:
            found = self._documents.find(asked, presentation, rendition, gzip=gzip, heard=heard)
            return self._dated(asked, presentation, found)
        return await published.segment(asked, presentation, rendition, store, heard.each)

    def _facts(self, asked: Asked, channel: Playable) -> Resource:
        presentation = channel.presentation
        if asked.what is What.PINS:
            body = pins.document(presentation)
            return Resource((body,), pins.MEDIA_TYPE, "no-cache", path=asked.path)
        body = state.document(presentation, failover.troubles_of(channel, self._clock()))
        return Resource((body,), state.MEDIA_TYPE, "no-cache", path=asked.path)

    def _dated(self, asked: Asked, presentation: Presentation, found: Resource) -> Resource:
        told = failover.headers(asked.what, presentation, self._clock())
        return replace(found, told=told)

    def _remember(self, channel: str, renditions: Iterable[Rendition]) -> None:
        for rendition in renditions:
            for track in (rendition.track, *(former for _, former in rendition.former)):
                self._inits[channel, rendition.name, cmaf.init_name(track)] = track

    def _init(self, asked: Asked) -> Resource:
        track = self._inits.get((asked.channel, asked.track, asked.init))
        if track is None:
            raise NotFound(f'"{asked.track}" has no initialization of that name.')
        body, kind = cmaf.init(track), MIME[track.key.kind]
        tag = entity_tag(body)
        return Resource((body,), kind, FOREVER, etag=tag, path=asked.path, ranged=True)

    def _time(self) -> Resource:
        now = datetime.fromtimestamp(self._clock(), UTC)
        text = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
        return Resource((text.encode(),), "text/plain", "no-store", path=What.CLOCK.value)

"""The documents of all channels, each written once for what it says, and once for each encoding.

Presentations are replaced, never edited, so `is` tells whether a document still holds. The lines of
a media playlist are folded: whole playlist and delta update are made from one value, which is
carried from the last time to this. What is kept is bounded by the tracks there are, since a path
names one.

A document is gzipped when somebody first accepts that, and then kept: a request never compresses
twice, and what never changes in a playlist is compressed but once. The fastest level; below a
kilobyte it gains less than its header. Each encoding has a validator of its own (RFC 9110 8.8.3.3).
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from operator import is_

from packagers import dash, hls
from packagers.hls import deflate
from packagers.resource import Asked, Resource, What, entity_tag, line
from packagers.signals import legacy_cues
from packagers.signals.hearing import NOTHING, Heard
from packagers.signals.legacy_cues import Legacy
from relay.media import Buffer
from relay.presentation import Presentation, Rendition

SMALL = 1024
"""Bytes of a document that is not worth compressing."""

_FORMS = {
    What.MPD: dash.Form.NUMBER,
    What.MPD_BY_TIME: dash.Form.TIME,
    What.MPD_BY_DURATION: dash.Form.DURATION,
}

Key = tuple[str, What, str, str]


@dataclass(slots=True)
class _Document:
    """A document, the objects that it was made from, and how it is gzipped."""

    made_from: tuple[object, ...]
    plain: Resource
    gzip: Callable[[], tuple[Buffer, ...]]
    gzipped: Resource | None = None

    def resource(self, *, gzip: bool) -> Resource:
        if not gzip or self.plain.size < SMALL:
            return self.plain
        if self.gzipped is None:
            # Relays have different libraries, and those other bytes for one meaning.
            tag = entity_tag((self.plain.etag, "gzip", zlib.ZLIB_RUNTIME_VERSION))
            self.gzipped = replace(self.plain, body=self.gzip(), etag=tag, encoding="gzip")
        return self.gzipped


class Documents:
    """Playlists and manifests."""

    def __init__(self) -> None:
        self._kept: dict[Key, _Document] = {}
        self._lines: dict[tuple[str, str], hls.Lines] = {}
        self._timelines: dict[str, dash.Timelines] = {}

    def find(
        self,
        asked: Asked,
        presentation: Presentation,
        rendition: Rendition | None,
        *,
        gzip: bool = False,
        heard: Heard = NOTHING,
    ) -> Resource:
        """The document at a path; `rendition`, if it is that of one, has a segment.

        `gzip`: the client accepts it so. `heard`: what is signalled, the same object until it
        changes.
        """
        made_from: tuple[object, ...] = (presentation, heard)
        if rendition is not None:
            grounds = (
                presentation.grid,
                presentation.epoch,
                presentation.epochs,
                presentation.ended,
            )
            made_from = (rendition, *grounds, heard)
        key = (asked.channel, asked.what, asked.track, asked.skip)
        known = self._kept.get(key)
        if known is None or not all(map(is_, known.made_from, made_from)):
            known = self._kept[key] = self._write(asked, presentation, rendition, made_from, heard)
        return known.resource(gzip=gzip)

    def _write(
        self,
        asked: Asked,
        presentation: Presentation,
        rendition: Rendition | None,
        made_from: tuple[object, ...],
        heard: Heard,
    ) -> _Document:
        if rendition is not None:
            key = (asked.channel, asked.track)
            lines = hls.follow(self._lines.get(key), presentation, rendition)
            self._lines[key] = lines
            playlist = hls.media(
                presentation, rendition, lines=lines, skip=asked.skip, tags=heard.tags
            )
            playlist = _marked(playlist, presentation, rendition, heard)
            plain = _resource(asked, presentation, playlist.body, hls.MEDIA_TYPE, playlist.tag)
            return _Document(made_from, plain, lambda: playlist.gzip)
        if asked.what is What.MULTIVARIANT:
            body = told = hls.multivariant(presentation).encode()
            media_type = hls.MEDIA_TYPE
        else:
            kept = self._timelines.setdefault(asked.channel, dash.Timelines())
            form = _FORMS[asked.what]
            parts, told = dash.document(
                presentation,
                heard.signals,
                form=form,
                static=presentation.ended,
                timelines=kept,
            )
            body, media_type = b"".join(parts), dash.MEDIA_TYPE
        plain = _resource(asked, presentation, (body,), media_type, entity_tag(told))
        return _Document(made_from, plain, lambda: (deflate.whole(body),))


def _marked(
    playlist: hls.Playlist, presentation: Presentation, rendition: Rendition, heard: Heard
) -> hls.Playlist:
    """With old cue tags, where the channel writes them; those stand among the segments."""
    kind, segments = Legacy(presentation.cue_tags), line(rendition)
    scale, epoch_of = rendition.track.timescale, presentation.epoch_of
    marked = legacy_cues.before(kind, heard.signals, segments, scale, epoch_of)
    if not marked:
        return playlist
    return hls.Playlist(legacy_cues.inserted(b"".join(playlist.body), marked), None)


def _resource(
    asked: Asked,
    presentation: Presentation,
    body: tuple[Buffer, ...],
    media_type: str,
    tag: str,
) -> Resource:
    return Resource(
        body,
        media_type,
        _half(presentation.grid.D),
        etag=tag,
        path=asked.path,
        modified=int(presentation.updated),
        varies=True,
    )


def _half(fragment_duration: Fraction) -> str:
    seconds = floor(fragment_duration / 2 + Fraction(1, 2))
    return f"public, max-age={seconds}" if seconds else "no-cache"

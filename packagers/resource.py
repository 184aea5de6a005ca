"""What a player may ask for, and what it gets: paths in, resources out; no I/O, no media.

`parse` is a pure function of the decoded path. A path names a channel, a track from a table and a
number; nothing of it ever becomes part of a file name. Canonical paths below `/{name}.isml/`:

    master.m3u8                        HLS multivariant playlist
    {track}/index.m3u8                 HLS media playlist
    manifest.mpd                       DASH, $Number$
    manifest(format=mpd-time-cmaf)     DASH, $Time$
    manifest(format=mpd-number-cmaf)   DASH, $Number$ and @duration, where all is regular
    Manifest                           Smooth
    QualityLevels({b})/Fragments({s}={t})   a fragment of it (`packagers.fragment_request`)
    {track}/{index}.m4s                segment        {track}/t{time}.m4s is its alias by time
    {track}/init-{hash}.mp4            initialization
    time                               the relay's clock, for DASH UTCTiming
    state                              whether it is on the air
    pins                               what another relay needs in order to number alike

`.isml` and the manifest names are case-insensitive, and a prefix may stand before the name, since
Azure and IIS did both. An alias is answered at once, with `Content-Location` saying the canonical
path: relative, so that it holds behind a proxy that strips the prefix.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from packagers import fragment_request
from packagers.fragment_request import FragmentRequest
from packagers.negotiation import byte_range
from relay.errors import NotFound, RangeInvalid, RelayError, quoted
from relay.ingest.url import NAME
from relay.media import Buffer, Kind
from relay.numbering import INDEX_LIMIT
from relay.presentation import Rendition, Segment

LONGEST = 1024
"""No path of ours is near as long (characters)."""

MIME = {Kind.VIDEO: "video/mp4", Kind.AUDIO: "audio/mp4", Kind.TEXT: "application/mp4"}
FOREVER = "public, max-age=86400, immutable"
EDGE = "public, max-age=1"
"""Cache-Control of what a moment may change."""


class What(StrEnum):
    """The kinds of resource; of those with a fixed name, the name."""

    MULTIVARIANT = "master.m3u8"
    PLAYLIST = "index.m3u8"
    MPD = "manifest.mpd"
    MPD_BY_TIME = "manifest(format=mpd-time-cmaf)"
    MPD_BY_DURATION = "manifest(format=mpd-number-cmaf)"
    SMOOTH = "Manifest"
    CLOCK = "time"
    STATE = "state"
    PINS = "pins"
    INIT = "init"
    SEGMENT = "segment"
    SEGMENT_AT = "segment at a time"
    FRAGMENT = "fragment"


_NAMED = {
    "master.m3u8": What.MULTIVARIANT,
    ".m3u8": What.MULTIVARIANT,
    "manifest(format=m3u8-cmaf)": What.MULTIVARIANT,
    "manifest(format=m3u8-aapl)": What.MULTIVARIANT,
    "manifest.mpd": What.MPD,
    ".mpd": What.MPD,
    "manifest(format=mpd-time-cmaf)": What.MPD_BY_TIME,
    "manifest(format=mpd-time-csf)": What.MPD_BY_TIME,
    "manifest(format=mpd-number-cmaf)": What.MPD_BY_DURATION,
    "manifest": What.SMOOTH,
    "time": What.CLOCK,
    "state": What.STATE,
    "pins": What.PINS,
}
_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_TRACK = re.compile(r"[A-Za-z0-9_-]{1,255}")
_INIT = re.compile(r"init-[0-9A-Za-z]{1,64}\.mp4")
_MEDIA = re.compile(r"(?P<by_time>t?)(?P<number>0|[1-9][0-9]{0,19})\.m4s")
_SKIP = re.compile(r"(?:^|&)_HLS_skip=(YES|v2)(?:&|$)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A path that may exist.

    rest     what stood after `{name}.isml/`
    suffix   `.isml` as it was written
    number   index of a SEGMENT; presentation time in ticks, from 1970, of a SEGMENT_AT
    init     file name of an INIT
    fragment what is asked of Smooth by a FRAGMENT
    skip     of a PLAYLIST: what a delta update leaves out, "YES" or "v2" (rfc8216bis 6.2.5.1)
    """

    channel: str
    what: What
    rest: str
    suffix: str = ".isml"
    track: str = ""
    number: int = 0
    init: str = ""
    skip: str = ""
    fragment: FragmentRequest | None = None

    @property
    def path(self) -> str:
        """The canonical path below `/{name}.isml/`; only the window knows that of a time."""
        if self.what is What.PLAYLIST:
            return f"{self.track}/{self.what.value}"
        if self.what is What.INIT:
            return f"{self.track}/{self.init}"
        if self.what is What.SEGMENT:
            return f"{self.track}/{self.number}.m4s"
        timed = (What.SEGMENT_AT, What.FRAGMENT)
        return self.rest if self.what in timed else self.what.value

    def location(self, path: str) -> str:
        """A canonical path as a reference relative to this one; "" when this is it."""
        if path == self.rest and self.suffix == ".isml":
            return ""
        query = f"?_HLS_skip={self.skip}" if self.skip else ""
        return "../" * (self.rest.count("/") + 1) + f"{self.channel}.isml/{path}{query}"


def parse(path: str, query: str = "") -> Asked:
    """Read a playback path, percent-decoded once. Raises NotFound for whatever is none.

    Of a query only what HLS directs is read, and of that what we know; the rest may be a cache's.
    """
    asked = _parse(path)
    skip = _SKIP.search(query[:LONGEST]) if asked.what is What.PLAYLIST else None
    return replace(asked, skip=skip[1]) if skip else asked


@lru_cache(maxsize=1024)  # each request asks for its own several times, and many for the same
def _parse(path: str) -> Asked:
    if len(path) > LONGEST or not path.startswith("/"):
        raise _unknown(path)
    parts = path[1:].split("/")
    at = next((i for i, part in enumerate(parts) if part[-5:].lower() == ".isml"), len(parts))
    if at >= len(parts) or not all(_PLAIN.fullmatch(part) for part in parts[:at]):
        raise _unknown(path)
    channel, suffix, below = parts[at][:-5], parts[at][-5:], parts[at + 1 :]
    if not NAME.fullmatch(channel):
        raise _unknown(path)
    rest = "/".join(below)
    if len(below) == 1 and below[0].lower() in _NAMED:
        return Asked(channel, _NAMED[below[0].lower()], rest, suffix)
    if len(below) == 2 and _TRACK.fullmatch(below[0]):
        return _of_track(path, Asked(channel, What.PLAYLIST, rest, suffix, below[0]), below[1])
    fragment = fragment_request.read(*below) if len(below) == 2 else None
    if fragment is not None:
        return Asked(channel, What.FRAGMENT, rest, suffix, fragment=fragment)
    raise _unknown(path)


def _of_track(path: str, playlist: Asked, leaf: str) -> Asked:
    if leaf == What.PLAYLIST.value:
        return playlist
    channel, rest, suffix, track = playlist.channel, playlist.rest, playlist.suffix, playlist.track
    if _INIT.fullmatch(leaf):
        return Asked(channel, What.INIT, rest, suffix, track, init=leaf)
    media = _MEDIA.fullmatch(leaf)
    if media is not None:
        number, what = int(media["number"]), What.SEGMENT_AT if media["by_time"] else What.SEGMENT
        if number < (2**64 if what is What.SEGMENT_AT else INDEX_LIMIT):
            return Asked(channel, what, rest, suffix, track, number)
    raise _unknown(path)


def _unknown(path: str) -> NotFound:
    return NotFound(
        f'There is nothing to play at "{quoted(path)}".',
        hint="HLS is at /{name}.isml/master.m3u8, DASH at /{name}.isml/manifest.mpd,"
        " Smooth at /{name}.isml/Manifest.",
    )


@dataclass(frozen=True, slots=True)
class Resource:
    """An answer but for its transport.

    body      the parts in order, each sent as it is
    cache     Cache-Control
    etag      strong validator with its quotes, "" for none
    path      canonical, below `/{name}.isml/`; "" for a problem
    modified  UTC seconds, 0 when unknown
    ranged    byte ranges may be asked of it
    extent    Content-Range, "" for none
    encoding  Content-Encoding, "" for none;  varies  by what the client accepts of it
    told      more headers that the answer has
    """

    body: tuple[Buffer, ...]
    media_type: str
    cache: str
    status: int = 200
    etag: str = ""
    path: str = ""
    modified: int = 0
    ranged: bool = False
    extent: str = ""
    encoding: str = ""
    varies: bool = False
    told: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        return sum(len(part) for part in self.body)

    def under(self, *, none_match: str = "", wanted: str = "", if_range: str = "") -> "Resource":
        """What answers a conditional or partial GET: If-None-Match, then Range (RFC 9110 13.2.2).

        If-Range holds only for the very validator; a date in it never does.
        """
        known = {tag.strip().removeprefix("W/") for tag in none_match.split(",")}
        if self.etag and known & {self.etag, "*"}:
            return replace(self, status=304, body=())
        if not (self.ranged and wanted) or if_range not in ("", self.etag):
            return self
        try:
            found = byte_range(wanted, self.size)
        except RangeInvalid as error:
            return replace(problem(error), extent=f"bytes */{self.size}")
        if found is None:
            return self
        first, last = found
        extent = f"bytes {first}-{last}/{self.size}"
        return replace(self, status=206, body=self.cut(first, last), extent=extent)

    def cut(self, first: int, last: int) -> tuple[Buffer, ...]:
        """The bytes `first` to `last`, both included, without copying."""
        kept: list[Buffer] = []
        at = 0
        for part in self.body:
            piece = memoryview(part)[max(first - at, 0) : max(last + 1 - at, 0)]
            if len(piece):
                kept.append(piece)
            at += len(part)
        return tuple(kept)


def problem(error: RelayError, *, status: int = 0, cache: str = "no-store") -> Resource:
    """An error as problem details (RFC 9457); `code` is the same word everywhere.

    `status`: another than the error's own.
    """
    told = error.problem(status)
    body = json.dumps(told).encode()
    return Resource((body,), "application/problem+json", cache, status=int(told["status"]))


def entity_tag(content: Buffer | tuple[str | int, ...]) -> str:
    """A strong validator (RFC 9110 8.8.3) from bytes, or from what determines them."""
    seen = repr(content).encode() if isinstance(content, tuple) else content
    return f'"{hashlib.sha256(seen).hexdigest()[:24]}"'


# What a sender wrote and a document repeats: m3u8 escapes nothing, lxml refuses control characters.


def language(rendition: Rendition) -> str:
    """The track's language as a BCP 47 tag, "" when there is none or what was sent is none."""
    tag = rendition.track.key.language
    plain = re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}", tag)
    return tag if plain and tag.lower() != "und" else ""


def codecs(rendition: Rendition) -> str:
    """The RFC 6381 string, "" when unknown."""
    text = rendition.track.codecs
    return text if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) else ""


def line(rendition: Rendition) -> Sequence[Segment]:
    """The segments since the index last jumped: nearly always all, as a window begins anew there.

    HLS and DASH both number what they list by counting from the first.
    """
    segments = rendition.segments
    first, count = 0, len(segments)
    if count and segments[-1].index - segments[0].index != count - 1:
        first = max(
            at for at in range(1, count) if segments[at].index != segments[at - 1].index + 1
        )
    return segments[first:] if first else segments

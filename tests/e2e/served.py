"""What a channel serves over HLS, fetched as a player would: playlists, init and media segments.

The playlists are read with the m3u8 library in its strict mode; the media with `boxes`.
"""

import asyncio
import time
from dataclasses import dataclass, field
from email.message import Message
from pathlib import PurePosixPath
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import urlopen

import m3u8

from tests.e2e import boxes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Served:
    """One rendition: its playlist and all that the playlist names.

    segments    body by index, in the order of the playlist
    gaps        the indexes marked EXT-X-GAP
    sequence    EXT-X-MEDIA-SEQUENCE
    init        the init segment of the newest
    """

    name: str
    playlist: str
    url: str
    sequence: int
    init: bytes
    segments: dict[int, bytes]
    gaps: frozenset[int] = field(default_factory=frozenset)

    @property
    def handler(self) -> str:
        return self._trak.handler

    @property
    def timescale(self) -> int:
        return self._trak.timescale

    @property
    def _trak(self) -> boxes.Trak:
        (trak,) = boxes.tracks(self.init).values()
        return trak

    @property
    def indexes(self) -> list[int]:
        """All of the playlist, gaps included, in its order."""
        return sorted({*self.segments, *self.gaps})

    def fragments(self) -> list[boxes.Moof]:
        return [f for body in self.segments.values() for f in boxes.fragments(body)]


def get(url: str) -> Answer:
    """GET; any status is an answer."""
    try:
        with urlopen(url, timeout=30) as response:
            return Answer(response.status, response.headers, response.read())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def fetch(url: str) -> bytes:
    """GET that has to succeed."""
    answer = get(url)
    assert answer.status == 200, f"{url}: {answer.status} {answer.body[:300]!r}"
    return answer.body


def playlists(url: str) -> dict[str, str]:
    """The multivariant playlist at `url` (under "") and all media playlists, by absolute URL."""
    master = fetch(url).decode()
    parsed: Any = m3u8.loads(master, uri=url)
    uris = [p.uri for p in parsed.playlists] + [m.uri for m in parsed.media if m.uri]
    texts = {"": master}
    for uri in uris:
        full = urljoin(url, uri)
        texts.setdefault(full, fetch(full).decode())
    return texts


def rendition(url: str, text: str) -> Served:
    """Everything that a media playlist names. The media sequence has to number its segments."""
    parsed: Any = m3u8.loads(text, uri=url)
    segments: dict[int, bytes] = {}
    gaps = set()
    for position, segment in enumerate(parsed.segments):
        index = int(PurePosixPath(segment.uri).stem)
        assert index == parsed.media_sequence + position, f"{url}: {segment.uri} at {position}"
        if segment.gap_tag:
            gaps.add(index)
        else:
            segments[index] = fetch(urljoin(url, segment.uri))
    init = parsed.segments[-1].init_section.uri
    return Served(
        name=PurePosixPath(url).parent.name,
        playlist=text,
        url=url,
        sequence=parsed.media_sequence,
        init=fetch(urljoin(url, init)),
        segments=segments,
        gaps=frozenset(gaps),
    )


def channel(root: str, name: str) -> dict[str, Served]:
    """All renditions of a channel by name."""
    texts = playlists(f"{root}/{name}.isml/master.m3u8")
    found = [rendition(url, text) for url, text in texts.items() if url]
    return {one.name: one for one in found}


def settled(urls: list[str], still: float, limit: float) -> None:
    """Wait until there are playlists at all URLs and none has changed for `still` seconds."""
    deadline = time.monotonic() + limit
    seen: object = None
    since = time.monotonic()
    while time.monotonic() - since < still:
        absent = [url for url in urls if get(url).status != 200]
        now = None if absent else [playlists(url) for url in urls]
        if now is None or now != seen:
            seen, since = now, time.monotonic()
        assert time.monotonic() < deadline, f"after {limit} s: absent {absent}, or still changing"
        time.sleep(0.2)


async def filled(point: str, count: int, limit: float = 60) -> None:
    """Wait until every rendition of a publishing point's HLS has so many segments."""
    deadline = time.monotonic() + limit
    while True:
        if get(f"{point}/master.m3u8").status == 200:
            texts = playlists(f"{point}/master.m3u8")
            least = min(text.count("#EXTINF") for url, text in texts.items() if url)
            if least >= count:
                return
        assert time.monotonic() < deadline, f"{point} has not {count} segments after {limit} s"
        await asyncio.sleep(0.2)

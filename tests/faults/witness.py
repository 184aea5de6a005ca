"""The witness: a player that looks all the time, forgets nothing, and remembers the bytes.

It asks for the playlists (and at the end for the MPD) over HTTP as any player would, fetches each
segment when it is first listed, and (`twice`) again at the end. What it holds against the relay is
a list of sentences in `complaints`: a line that changed, a number that went back, a 5xx, a body
that changed.
That there is no relay for a while is no complaint; that it has forgotten something afterwards, is.
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

import aiohttp
import m3u8

from tests.e2e import boxes

EVERY = 0.5
MPD = "{urn:mpeg:dash:schema:mpd:2011}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A segment as a playlist has it. `seconds` and `date` are the text of their lines."""

    index: int
    seconds: str
    date: str
    gap: bool
    broken: bool


@dataclass(slots=True)
class Rendition:
    """All that was ever seen of a track. `broken` on a segment: a discontinuity stands before it.

    `sequence`, `breaks`: the newest EXT-X-MEDIA-SEQUENCE and EXT-X-DISCONTINUITY-SEQUENCE.
    """

    url: str
    listed: dict[int, Listed] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)
    inits: dict[str, bytes] = field(default_factory=dict)
    sequence: int = -1
    breaks: int = 0
    playlist: str = ""

    @property
    def gaps(self) -> set[int]:
        return {listed.index for listed in self.listed.values() if listed.gap}

    def fragments(self, index: int) -> list[boxes.Moof]:
        return boxes.fragments(self.bodies[index])


@dataclass(slots=True)
class Witness:
    """What a channel at `point` (its URL up to `.isml`) has published."""

    point: str
    tracks: dict[str, Rendition] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    absences: int = 0
    looks: int = 0
    every: float = EVERY
    twice: bool = True
    _session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look all the time; at the end, once more at everything."""
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout) as self._session:
            task = asyncio.create_task(self._watch())
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await self._last()

    async def until(self, count: int, *, limit: float = 60) -> None:
        """Wait until each track has so many more segments that are no gaps."""
        before = {name: len(track.bodies) for name, track in self.tracks.items()}
        async with asyncio.timeout(limit):
            while not self.tracks or any(
                len(track.bodies) < before.get(name, 0) + count
                for name, track in self.tracks.items()
            ):
                await asyncio.sleep(EVERY / 2)

    async def past(self, index: int, *, limit: float = 60) -> None:
        """Wait until each track has been published as far as this index."""
        async with asyncio.timeout(limit):
            while not self.tracks or min(map(newest, self.tracks.values())) < index:
                await asyncio.sleep(EVERY / 2)

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                await self.look()
            await asyncio.sleep(self.every)

    async def look(self) -> None:
        """One look at all playlists, and at the segments that are new in them."""
        master = await self._get(f"{self.point}/master.m3u8")
        if master is None:
            return
        self.looks += 1
        parsed: Any = m3u8.loads(master.decode(), uri=self.point)
        uris = [one.uri for one in parsed.playlists] + [one.uri for one in parsed.media if one.uri]
        for uri in dict.fromkeys(uris):
            url = urljoin(f"{self.point}/", uri)
            text = await self._get(url)
            if text is not None:
                known = self.tracks.setdefault(uri.partition("/")[0], Rendition(url))
                await self._read(known, text.decode())

    async def _read(self, track: Rendition, text: str) -> None:
        name = track.url.split("/")[-2]
        parsed: Any = m3u8.loads(text, uri=track.url)
        if parsed.media_sequence < track.sequence:
            self._say(f"{name}: MEDIA-SEQUENCE {track.sequence} became {parsed.media_sequence}")
        breaks = parsed.discontinuity_sequence or 0
        if breaks < track.breaks:
            self._say(f"{name}: DISCONTINUITY-SEQUENCE {track.breaks} became {breaks}")
        track.sequence, track.breaks, track.playlist = parsed.media_sequence, breaks, text
        for at, listed in enumerate(_listed(text)):
            if listed.index != parsed.media_sequence + at:
                self._say(f"{name}: {listed.index} stands where {parsed.media_sequence + at} is")
            known = track.listed.setdefault(listed.index, listed)
            if known != listed:
                self._say(f"{name}: {known} became {listed}")
        for segment in parsed.segments:
            uri = segment.init_section.uri
            if uri not in track.inits and (body := await self._get(urljoin(track.url, uri))):
                track.inits[uri] = body
        for index in [at for at, seen in track.listed.items() if not seen.gap]:
            if index not in track.bodies and index >= track.sequence:
                body = await self._get(urljoin(track.url, f"{index}.m4s"))
                if body is not None:
                    track.bodies[index] = body

    async def _last(self) -> None:
        """Everything that is still listed, once more."""
        await self.look()
        for name, track in self.tracks.items():
            for index in [at for at in track.bodies if self.twice and at >= track.sequence]:
                body = await self._get(urljoin(track.url, f"{index}.m4s"))
                if body is None or _digest(body) != _digest(track.bodies[index]):
                    self._say(f"{name}: the bytes of {index} have changed")
            missing = [
                at
                for at, seen in track.listed.items()
                if not seen.gap and at not in track.bodies and at >= track.sequence
            ]
            if missing:
                self._say(f"{name}: listed, but cannot be fetched: {missing}")
        await self._compare(await self._get(f"{self.point}/manifest.mpd"))

    async def _compare(self, mpd: bytes | None) -> None:
        """The MPD has, of each track, the numbers that the playlist has, but for the newest."""
        if mpd is None:
            self._say("there is no MPD")
            return
        for name, numbers in numbered(mpd).items():
            track = self.tracks.get(name)
            if track is None:
                self._say(f"the MPD has {name}, the playlist has not")
                continue
            known = {at for at in track.listed if at >= track.sequence}
            unlike = sorted(known ^ numbers)
            inner = [at for at in unlike if track.sequence + 2 < at < newest(track) - 2]
            if inner:
                self._say(f"{name}: in one of MPD and playlist only: {inner}")

    async def _get(self, url: str) -> bytes | None:
        """A body; None when there is none. A 5xx is a complaint, no connection an absence."""
        assert self._session is not None
        try:
            async with self._session.get(url) as answer:
                body = await answer.read()
                if answer.status >= 500:
                    self._say(f"{url}: {answer.status}")
                return body if answer.status == 200 else None
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
            self.absences += 1
            return None

    def _say(self, text: str) -> None:
        if text not in self.complaints:
            self.complaints.append(text)


def newest(track: Rendition) -> int:
    return max(track.listed, default=-1)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _listed(text: str) -> list[Listed]:
    """The segments of a playlist, read line by line: what stands there counts, not its meaning."""
    found = []
    seconds = date = ""
    gap = broken = False
    for line in text.splitlines():
        if line.startswith("#EXTINF:"):
            seconds = line.removeprefix("#EXTINF:")
        elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            date = line.partition(":")[2]
        elif line == "#EXT-X-GAP":
            gap = True
        elif line == "#EXT-X-DISCONTINUITY":
            broken = True
        elif match := re.fullmatch(r"(\d+)\.m4s", line):
            found.append(Listed(int(match[1]), seconds, date, gap, broken))
            gap = broken = False
    return found


def numbered(mpd: bytes) -> dict[str, set[int]]:
    """The numbers that each representation of an MPD names, over all its periods."""
    found: dict[str, set[int]] = {}
    for group in ElementTree.fromstring(mpd).iter(f"{MPD}AdaptationSet"):
        for representation in group.iter(f"{MPD}Representation"):
            template = representation.find(f"{MPD}SegmentTemplate")
            template = group.find(f"{MPD}SegmentTemplate") if template is None else template
            if template is None:
                continue
            number = int(template.get("startNumber", "1"))
            for entry in template.iter(f"{MPD}S"):
                count = 1 + int(entry.get("r", "0"))
                name = representation.get("id", "")
                found.setdefault(name, set()).update(range(number, number + count))
                number += count
    return found

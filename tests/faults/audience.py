"""Players of a soak: one that knows DASH, and one that knows Smooth Streaming. HLS has the witness.

Each asks for its manifest every few seconds and fetches the newest segment of each track that it
lists. Where they look, nothing that happens elsewhere may be noticed: every answer is a 200.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.etree import ElementTree

import aiohttp

from tests.faults.witness import Witness, numbered

EVERY = 4.0


@dataclass(slots=True)
class Audience:
    """Players at one relay. `witness`: who knows the bytes that HLS has."""

    name: str
    point: str
    witness: Witness
    fetched: int = 0
    complaints: list[str] = field(default_factory=list)
    _session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[None]:
        """Ask all the time."""
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout) as self._session:
            await self._begins()
            tasks = [asyncio.create_task(self._play(each)) for each in (self._dash, self._smooth)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                found = await asyncio.gather(*tasks, return_exceptions=True)
                self.complaints += [
                    f"{self.name}: {error!r}" for error in found if isinstance(error, Exception)
                ]

    async def _begins(self) -> None:
        """Until there is something to play."""
        assert self._session is not None
        async with asyncio.timeout(60):
            for path in ("manifest.mpd", "Manifest"):
                while True:
                    async with self._session.get(f"{self.point}/{path}") as answer:
                        if answer.status == 200:
                            break
                    await asyncio.sleep(0.5)

    async def _play(self, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await look()
            except (aiohttp.ClientError, TimeoutError) as error:
                self.complaints.append(f"{self.name}: no answer: {error!r}")
            await asyncio.sleep(EVERY)

    async def _dash(self) -> None:
        mpd = await self._get("manifest.mpd")
        for track, numbers in numbered(mpd).items() if mpd else ():
            newest = max(numbers)
            body = await self._get(f"{track}/{newest}.m4s")
            known = self.witness.tracks.get(track)
            if known is not None and known.bodies.get(newest, body) != body:
                self.complaints.append(f"{self.name}: {track}/{newest} is another one in DASH")

    async def _smooth(self) -> None:
        manifest = await self._get("Manifest")
        for stream in ElementTree.fromstring(manifest).iter("StreamIndex") if manifest else ():
            begin = end = 0
            for entry in stream.iter("c"):
                length, count = int(entry.get("d", 0)), int(entry.get("r", 1))
                end = int(entry.get("t", end)) + length * count
                begin = end - length
            quality = stream.find("QualityLevel")
            assert quality is not None
            url = stream.get("Url", "")
            url = re.sub(r"(?i)\{bitrate\}", quality.get("Bitrate", ""), url)
            await self._get(re.sub(r"(?i)\{start[ _]time\}", str(begin), url))

    async def _get(self, path: str) -> bytes:
        assert self._session is not None
        async with self._session.get(f"{self.point}/{path}") as answer:
            body = await answer.read()
            self.fetched += 1
            if answer.status != 200:
                self.complaints.append(f"{self.name}: {answer.status} for {path}")
                return b""
            return body

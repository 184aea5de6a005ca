"""Storms on a relay, each in a process: `python -m tests.benchmarks.attacks NAME PORT INDEX`.

It prints a line when its storm has begun, and ends with its standard input. Connections come from
many addresses of this machine, since a limit counts them by address.
"""

import asyncio
import itertools
import sys
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

from tests.door import TRACK, header, request, video

POSTS, PLAYERS, DESCRIPTORS = 500, 1_000, 600
SEGMENT = f"GET /news.isml/{TRACK}/{{}}.m4s HTTP/1.1\r\nHost: relay\r\n\r\n"
STREAM = "/news.isml/Streams(s{})"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Storm:
    """Connections to one port, from one address after the other; `index`: of a segment there."""

    def __init__(self, port: int, index: int) -> None:
        self.port, self.index = port, index
        self._address = itertools.count()

    async def connect(self, limit: int = 65_536) -> Streams:
        """A connection from the next address."""
        here = f"127.0.1.{next(self._address) % 100 + 1}"
        return await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(here, 0), limit=limit
        )

    async def idle(self) -> None:
        """500 POSTs with a head and no body; each comes back when it is refused."""

        async def one(at: int) -> None:
            while True:
                with suppress(OSError):
                    reader, writer = await self.connect()
                    writer.write(request(STREAM.format(at)))
                    await reader.read()
                    writer.close()
                await asyncio.sleep(0.1)

        await self._begun(one(at) for at in range(POSTS))

    async def players(self) -> None:
        """1,000 players that ask for 200 segments each and read a kilobyte a second."""

        async def one(_: int) -> None:
            while True:
                with suppress(OSError):
                    reader, writer = await self.connect(limit=1_024)
                    writer.write(SEGMENT.format(self.index).encode() * 200)
                    while await reader.read(1_024):
                        await asyncio.sleep(1)
                    writer.close()
                await asyncio.sleep(0.1)

        await self._begun(one(at) for at in range(PLAYERS))

    async def descriptors(self) -> None:
        """600 connections that send nothing, again and again, where fewer are left."""

        async def one(_: int) -> None:
            while True:
                with suppress(OSError):
                    reader, writer = await self.connect()
                    await reader.read()
                    writer.close()
                await asyncio.sleep(0.05)

        await self._begun(one(at) for at in range(DESCRIPTORS))

    async def chunks(self) -> None:
        """Four POSTs in chunks of a byte, as fast as they are taken; refused, they come back."""

        async def one(at: int) -> None:
            tiny = b"".join(b"1\r\n%c\r\n" % byte for byte in video(0)) * 4
            while True:
                with suppress(OSError):
                    _, writer = await self.connect()
                    writer.write(request(STREAM.format(at)) + b"%x\r\n" % len(header()))
                    writer.write(header() + b"\r\n")
                    while True:
                        writer.write(tiny)
                        await writer.drain()
                await asyncio.sleep(0.05)

        await self._begun(one(at) for at in range(4))

    async def bodies(self) -> None:
        """Twenty POSTs at a time of 1.3 MB of rubbish; refused, they come back."""

        async def one(at: int) -> None:
            while True:
                with suppress(OSError):
                    reader, writer = await self.connect()
                    writer.write(request(STREAM.format(at), length=1_300_000) + bytes(1_300_000))
                    await reader.read()
                    writer.close()

        await self._begun(one(at) for at in range(20))

    async def _begun(self, storms: Iterable[Coroutine[Any, Any, None]]) -> None:
        tasks = [asyncio.create_task(storm) for storm in storms]
        await asyncio.sleep(2)
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for task in tasks:
            task.cancel()


STORMS: dict[str, Callable[[Storm], Coroutine[Any, Any, None]]] = {
    "idle": Storm.idle,
    "players": Storm.players,
    "descriptors": Storm.descriptors,
    "chunks": Storm.chunks,
    "bodies": Storm.bodies,
}

if __name__ == "__main__":
    name, port, index = sys.argv[1:]
    asyncio.run(STORMS[name](Storm(int(port), int(index))))

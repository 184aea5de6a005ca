"""Servers that misbehave towards a sender, and how they read what it sends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Stream = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(stream: Stream, limit: int = 65536) -> AsyncIterator[tuple[str, int]]:
    """A server of raw connections, each closed when `stream` returns."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await stream(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=limit)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()


async def vanish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close at once."""


async def probed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Read a head; answer it if it is a probe."""
    head = await reader.readuntil(b"\r\n\r\n")
    if b"Content-Length: 0" not in head:
        return False
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    return True


async def chunk(reader: asyncio.StreamReader) -> bytes:
    """One chunk of a body; b"" is the last."""
    size = int(await reader.readuntil(b"\r\n"), 16)
    data = await reader.readexactly(size)
    await reader.readexactly(2)
    return data

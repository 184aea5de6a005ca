"""The other end of the wire: a client that writes bytes as they stand, and applications to talk to.

Nothing here parses more than it must, so that a test says on its own what goes over the wire.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relay.server import Listener, Server

App = Callable[[Any, Any, Any], Awaitable[None]]
PATIENCE = 30.0  # seconds until a test calls something hung

POST = b"POST /live.isml/Streams(video) HTTP/1.1\r\nHost: relay\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /live.isml/state HTTP/1.1\r\nHost: relay\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk of a body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it came; field names in lower case."""

    line: str
    fields: dict[str, str]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.line.split()[1])


class Client:
    """A TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, bodiless: bool = False) -> Answer:
        """Read one response to its end."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
            pairs = [(n.lower(), v) for n, _, v in (field.partition(": ") for field in lines)]
            fields = dict(pairs)
            once = [name for name, _ in pairs if name != "www-authenticate"]
            assert len(set(once)) == len(once), "a field came twice"
            body = b""
            if "content-length" in fields and not bodiless:
                body = await self.reader.readexactly(int(fields["content-length"]))
            elif fields.get("transfer-encoding") == "chunked":
                while size := int(await self.reader.readline(), 16):
                    body += (await self.reader.readexactly(size + 2))[:-2]
                await self.reader.readline()
            return Answer(line, fields, body)

    async def closed(self) -> bool:
        """Wait for the peer's FIN; False when something else comes first."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read(1) == b""

    async def ended(self) -> bool:
        """Wait for the peer's FIN or reset; False when something else comes first."""
        try:
            return await self.closed()
        except ConnectionError:
            return True

    def half_close(self) -> None:
        self.writer.write_eof()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


@asynccontextmanager
async def serving(
    app: App, *, header_seconds: float = 5.0, keep_alive_seconds: float = 30.0
) -> AsyncIterator[tuple[str, int]]:
    """A running server; yields where it listens."""
    server = Server(
        app,
        [Listener("127.0.0.1", 0)],
        header_seconds=header_seconds,
        keep_alive_seconds=keep_alive_seconds,
    )
    (address,) = await server.start()
    try:
        yield address
    finally:
        await server.stop(0)


@asynccontextmanager
async def connected(address: tuple[str, int]) -> AsyncIterator[Client]:
    """A connection that is closed afterwards."""
    client = Client(*await asyncio.open_connection(*address))
    try:
        yield client
    finally:
        await client.close()


async def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait until a condition holds; False when it does not within `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        if loop.time() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


class Census:
    """Counts what a connection costs, to see that nothing of it stays."""

    def __init__(self) -> None:
        self.before = self._count()

    @staticmethod
    def _count() -> tuple[int, int]:
        return len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir()))

    async def restored(self, seconds: float = PATIENCE) -> bool:
        """All tasks and file descriptors that came have gone."""
        return await eventually(lambda: self._count() == self.before, seconds)


async def give(send: Any, status: int, body: bytes = b"", *fields: tuple[bytes, bytes]) -> None:
    """Send a whole answer."""
    headers = [(b"content-length", b"%d" % len(body)), *fields]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(receive: Any) -> tuple[bytes, bool]:
    """Read a request's body; the second value is False when it was cut off."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(pieces), False
        pieces.append(message["body"])
        if not message["more_body"]:
            return b"".join(pieces), True


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer 200 with the body."""
    body, _ = await read_body(receive)
    await give(send, 200, body)


async def forbid(scope: Any, receive: Any, send: Any) -> None:
    """Answer 403 without a look at the body."""
    await give(send, 403, b"no such key")

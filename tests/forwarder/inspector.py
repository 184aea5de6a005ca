"""A receiver that keeps every request as it came, and fails when it is told to.

It parses no more than HTTP's framing; what a body says is for the tests to read.
"""

import asyncio
import itertools
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from relay.ingest.smooth import Session
from relay.media import Fragment, Header
from relay.mp4.reader import Box, BoxReader
from tests.courier.misbehaving import chunk

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
RESET = struct.pack("ii", 1, 0)


@dataclass
class Request:
    """One request. `connection`: which one it came on; `whole`: its body came to its end."""

    connection: int
    line: str
    fields: dict[str, str]
    body: bytearray = field(default_factory=bytearray)
    whole: bool = False

    @property
    def stream(self) -> str:
        """The id in `Streams(id)`."""
        return self.line.partition("Streams(")[2].partition(")")[0]

    @property
    def chunked(self) -> bool:
        return self.fields.get("transfer-encoding") == "chunked"

    @property
    def probe(self) -> bool:
        return self.fields.get("content-length") == "0"

    def boxes(self) -> list[Box]:
        """Its whole boxes."""
        return BoxReader().feed(bytes(self.body))

    def said(self) -> list[Header | Fragment]:
        """Its header and whole fragments."""
        session = Session(self.stream)
        return [found for one in self.boxes() for found in session.take(one)]

    def fragments(self) -> list[Fragment]:
        return [found for found in self.said() if isinstance(found, Fragment)]


@dataclass
class Inspector:
    """The receiver.

    cuts     after so many bytes of media the connection is reset, one number per POST
    holds    the final status waits for this
    reads    whether a POST of media is read
    """

    cuts: list[int] = field(default_factory=list)
    holds: asyncio.Event | None = None
    reads: Callable[[Request], bool] = lambda _: True
    requests: list[Request] = field(default_factory=list)
    left_early: int = 0
    _count: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def media(self) -> list[Request]:
        """All but probes."""
        return [one for one in self.requests if not one.probe]

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = next(self._count)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._one(connection, reader, writer)

    async def _one(
        self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.removesuffix("\r\n\r\n").split("\r\n")
        said = (field.partition(": ") for field in rest)
        request = Request(connection, line, {name.lower(): value for name, _, value in said})
        self.requests.append(request)
        if request.chunked:
            most = self.cuts.pop(0) if self.cuts else 1 << 40
            while not self.reads(request):
                await asyncio.sleep(0.05)
            while piece := await chunk(reader):
                request.body += piece
                if len(request.body) >= most:
                    writer.get_extra_info("socket").setsockopt(1, 13, RESET)  # SO_LINGER
                    writer.transport.abort()
                    raise ConnectionResetError
        else:
            request.body += await reader.readexactly(int(request.fields["content-length"]))
        request.whole = True
        if self.holds is not None and not request.probe:
            waiting = asyncio.create_task(reader.read(1))
            await self.holds.wait()
            self.left_early += waiting.done()
            waiting.cancel()
        writer.write(OK)
        await writer.drain()

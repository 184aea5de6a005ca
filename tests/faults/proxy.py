"""The fault proxy: a TCP relay in front of the relay, which breaks what a test tells it to break.

    cut       FIN both ways, RST, or half-close, behind the byte that was aimed at
    kill      call back at that byte (to SIGKILL the encoder), then end as its kernel would: FIN
    stall     neither read nor forward: what a full network, or a pulled cable, looks like
    corrupt   change bytes on their way
    refuse    take no connection: a leg without a network
    say       answer every request so, and hang up: a door that wants nobody

It is deterministic: the place is found in the bytes (see `tap`), never by time. Its buffers are
small, so that an encoder notices soon what its network does. Everything it has handed to the relay
is written down in the ledger.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from tests.faults.ledger import Ledger
from tests.faults.tap import Aim, Tap

PIECE = 4_096
SMALL = 4_096
"""Bytes that are read at once, and of a socket's receive buffer (the kernel doubles it). What lies
in them when a connection is cut counts for the encoder as delivered, and was not: so they are less
than the two fragments that it sends again."""


class Manner(StrEnum):
    """How a connection ends."""

    FIN = "fin"
    RST = "rst"
    HALF = "half-close"


Act = Callable[[], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Link:
    """One connection of an encoder, and its continuation."""

    tap: Tap
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter


@dataclass(slots=True)
class Proxy:
    """The network of one leg. A context: at its end every connection is closed.

    `leg`: the name under which the ledger has what goes through. `url`: where the encoder pushes.
    """

    target: int
    ledger: Ledger
    leg: str
    cuts: int = 0
    refuses: bool = False
    says: bytes = b""
    tampers: Callable[[bytes], bytes] | None = None
    _port: int = 0
    _server: asyncio.Server | None = None
    _links: set[_Link] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _errors: list[BaseException] = field(default_factory=list)
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _aims: list[tuple[Aim, Manner, Act | None, asyncio.Future[None]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        return len(self._links)

    async def __aenter__(self) -> Self:
        self._flows.set()
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        listening.bind(("127.0.0.1", 0))
        self._port = listening.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=listening, limit=PIECE)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._errors:
            raise self._errors[0]

    async def cut(self, aim: Aim, manner: Manner, act: Act | None = None) -> None:
        """End the connection that comes to this place first; returns when that has happened.

        `act` is called in between: when the bytes before it are out, and no more will follow.
        """
        met: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._aims.append((aim, manner, act, met))
        if aim.part == "header":
            self.reset()  # only the next connection has one again
        for link in self._links:
            link.tap.aim = link.tap.aim or aim
        await met

    def stall(self) -> None:
        """Forward nothing, either way, until `flow`."""
        self._flows.clear()

    def flow(self) -> None:
        """Go on."""
        self._flows.set()

    def reset(self) -> None:
        """RST to both ends of every connection, wherever they are; and go on."""
        for link in list(self._links):
            for writer in (link.near, link.far):
                _abort(writer)
        self.flow()

    def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, near))
        self._tasks.add(task)
        task.add_done_callback(self._served)
        task.add_done_callback(lambda _: _abort(near))  # also when it never ran

    def _served(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._errors.append(error)

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            if self.refuses:
                return
            if self.says:
                await reader.readuntil(b"\r\n\r\n")
                near.write(self.says)
                near.write_eof()
                await reader.read()
                return
            answers, far = await asyncio.open_connection("127.0.0.1", self.target, limit=PIECE)
        except (OSError, EOFError):
            return  # it is reset, as the relay's own kernel does it
        try:
            await self._link(reader, answers, _Link(Tap(), near, far))
        finally:
            far.close()

    async def _link(
        self, reader: asyncio.StreamReader, answers: asyncio.StreamReader, link: _Link
    ) -> None:
        _at_once(link.far)
        link.far.transport.set_write_buffer_limits(high=0)  # what is drained is in the socket
        link.tap.aim = self._aims[0][0] if self._aims else None
        self._links.add(link)
        back = asyncio.create_task(self._back(answers, link.near))
        there = asyncio.create_task(self._there(reader, link))
        try:
            await asyncio.wait({back, there}, return_when=asyncio.FIRST_COMPLETED)
            if there.done() and not back.done():
                there.result()  # raises what the tap could not read
                await asyncio.wait({back}, timeout=20)  # the answer may still come
        finally:
            self._links.discard(link)
            back.cancel()
            there.cancel()
            await asyncio.gather(back, there, return_exceptions=True)
            link.far.close()
            link.near.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await link.near.wait_closed()

    async def _back(self, answers: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        """Answers, until the relay closes."""
        with contextlib.suppress(OSError):
            while data := await answers.read(PIECE):
                await self._flows.wait()
                near.write(data)
                await near.drain()

    async def _there(self, reader: asyncio.StreamReader, link: _Link) -> None:
        """What the encoder sends, until it ends or is ended."""
        try:
            while True:
                await self._flows.wait()
                data = await reader.read(PIECE)
                await self._flows.wait()
                if not data:
                    link.far.write_eof()
                    return
                if self.tampers is not None:
                    data = self.tampers(data)
                room = link.tap.room(data)
                if room is not None and self._aims:
                    await self._forward(link, data[:room])
                    await self._end(link)
                    return
                await self._forward(link, data)
        except OSError:
            _abort(link.far)  # what was reset on one side is reset on the other

    async def _forward(self, link: _Link, data: bytes) -> None:
        if not data:
            return
        link.far.write(data)
        await link.far.drain()
        now = asyncio.get_running_loop().time()
        for fragment in link.tap.feed(data):
            self.ledger.note(self.leg, fragment, now)

    async def _end(self, link: _Link) -> None:
        _, manner, act, met = self._aims.pop(0)
        self.cuts += 1
        if act is not None:
            await act()
        match manner:
            case Manner.RST:
                _abort(link.far)
                _abort(link.near)
            case Manner.FIN:
                link.far.close()
                link.near.close()
            case Manner.HALF:  # of the encoder's doing: it sends no more
                link.far.write_eof()
                _abort(link.near)
        if not met.done():
            met.set_result(None)


def _at_once(writer: asyncio.StreamWriter) -> None:
    made: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):  # it may have been reset already
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _abort(writer: asyncio.StreamWriter) -> None:
    """RST: what is not out is thrown away."""
    made: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()

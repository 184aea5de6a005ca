"""The gate: what stands between a hub and a relay upstream, and is as bad as a test wants it.

    shut      no listener: connections are refused;  `reopen` listens again, on the same port
    stall     neither read nor forward: a black hole, a window of zero;  `flow` goes on
    rate      so many bytes a second, with what is on its way waiting in the hub's socket
    says      an answer of the gate's own, to every head or behind so many bytes of a body
    reset     RST to both ends of every connection

It writes down when it was tried and with which heads, and, in a ledger, each fragment whose last
byte the relay's socket was given. Its receive buffers are small: what lies in them was acknowledged
to the hub and is lost by a reset, as in a receiver that dies.
"""

import asyncio
import contextlib
import re
import socket
import struct
from dataclasses import dataclass, field
from typing import Literal, Self

from tests.faults.ledger import Ledger
from tests.faults.legs import D
from tests.faults.tap import Tap

PIECE = 4_096
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Says:
    """An answer. `behind`: bytes of a body of media, whose probe gets a 200; 0: to every head.

    `then`: close the connection, reset it, or hold it open. Status 0 says nothing.
    """

    status: int
    behind: int = 0
    then: Literal["close", "reset", "hold"] = "close"
    headers: str = ""

    @property
    def text(self) -> bytes:
        if not self.status:
            return b""
        return f"HTTP/1.1 {self.status} No\r\nContent-Length: 0\r\n{self.headers}\r\n".encode()


@dataclass(slots=True, eq=False)
class _Pair:
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter | None = None


@dataclass(slots=True)
class Gate:
    """A context: at its end every connection is closed. Times in seconds of the loop's clock.

    answered   when each answer of the gate's own went out
    """

    target: int
    says: Says | None = None
    rate: int = 0
    went: Ledger = field(default_factory=lambda: Ledger(D))
    tries: list[float] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    host: str = "127.0.0.1"
    port: int = 0
    _server: asyncio.Server | None = None
    _pairs: set[_Pair] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _errors: list[BaseException] = field(default_factory=list)
    _flows: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        self._flows.set()
        await self.reopen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.shut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._errors:
            raise self._errors[0]

    async def reopen(self) -> None:
        """Listen."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        listening.bind((self.host, self.port))
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=listening, limit=PIECE)

    def shut(self) -> None:
        """Listen no more, and reset what is connected."""
        if self._server is not None:
            self._server.close()
        self.reset()

    def stall(self) -> None:
        """Take and give nothing, until `flow`."""
        self._flows.clear()

    def flow(self) -> None:
        """Go on, and answer nothing of one's own."""
        self.says = None
        self._flows.set()

    def reset(self) -> None:
        """RST to both ends of every connection."""
        for pair in list(self._pairs):
            _abort(pair.near)
            if pair.far is not None:
                _abort(pair.far)

    @property
    def connections(self) -> int:
        return len(self._pairs)

    def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self.tries.append(asyncio.get_running_loop().time())
        task = asyncio.create_task(self._serve(reader, _Pair(near)))
        self._tasks.add(task)
        task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._errors.append(error)

    async def _serve(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        self._pairs.add(pair)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._flows.wait()
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                says = self.says
                if says is None:
                    await self._pass(head, reader, pair)
                elif says.behind and re.search(rb"(?i)\r\ncontent-length: 0\r\n", head):
                    pair.near.write(OK)
                    await pair.near.drain()
                else:
                    await self._answer(says, reader, pair.near)
        finally:
            self._pairs.discard(pair)
            pair.near.close()

    async def _answer(
        self, says: Says, reader: asyncio.StreamReader, near: asyncio.StreamWriter
    ) -> None:
        if says.behind:
            await reader.readexactly(says.behind)
        near.write(says.text)
        await near.drain()
        self.answered.append(asyncio.get_running_loop().time())
        if says.then == "reset":
            _abort(near)
        elif says.then == "hold":
            while not near.is_closing() and self.says is says:
                await asyncio.sleep(0.05)

    async def _pass(self, head: bytes, reader: asyncio.StreamReader, pair: _Pair) -> None:
        answers, far = await asyncio.open_connection("127.0.0.1", self.target)
        pair.far = far
        far.transport.set_write_buffer_limits(high=0)
        far.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = asyncio.create_task(self._back(answers, pair.near))
        there = asyncio.create_task(self._there(head, reader, far))
        try:
            await asyncio.wait({back, there}, return_when=asyncio.FIRST_COMPLETED)
            if there.done() and not back.done():
                there.result()
                await asyncio.wait({back}, timeout=20)  # the answer may still come
        finally:
            for task in (back, there):
                task.cancel()
            await asyncio.gather(back, there, return_exceptions=True)
            far.close()

    async def _back(self, answers: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await answers.read(PIECE):
                await self._flows.wait()
                near.write(data)
                await near.drain()

    async def _there(
        self, data: bytes, reader: asyncio.StreamReader, far: asyncio.StreamWriter
    ) -> None:
        tap = Tap()
        try:
            while data:
                far.write(data)
                await far.drain()
                now = asyncio.get_running_loop().time()
                for fragment in tap.feed(data):
                    self.went.note("up", fragment, now)
                await self._flows.wait()
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                data = await reader.read(PIECE)
                await self._flows.wait()
            far.write_eof()
        except OSError:
            _abort(far)


def _abort(writer: asyncio.StreamWriter) -> None:
    """RST: what is not out is thrown away."""
    made: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()

"""What counts as delivered, over TCP and over TLS; and who is trusted."""

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
import termios
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import cast

import pytest
from aiohttp import UploadTracker

from relay.courier.access import Access
from relay.courier.courier import Courier
from relay.courier.wire import Wire
from relay.uplink.steps import Answer, End, Open, Probe, Send, Step
from tests.courier.misbehaving import chunk, probed

CERTIFICATES = Path(__file__).parent / "certificates"
CA, CLIENT = CERTIFICATES / "ca.pem", CERTIFICATES / "client.pem"
KEY = CERTIFICATES / "client.key"
PIECE = bytes(64 * 1024)


class Flood:
    """Duties that hand out more than any socket holds, once."""

    send_timeout = 1_500

    def __init__(self) -> None:
        self.handed = 0
        self.delivered: list[int] = []
        self.why = ""
        self.answer: Answer | None = None
        self._ready = self._open = self._over = False

    def stop(self) -> None:
        self._over = True

    def step(self, now: int) -> Step:
        if self._over:
            return End(clean=False)
        if self._open:
            self.handed += len(PIECE)
            return Send(PIECE)
        self._open = self._ready
        return Open() if self._ready else Probe()

    def probed(self, answer: Answer | None, now: int, why: str = "") -> None:
        self.answer, self.why = answer, why
        self._ready = answer is not None and answer.status == 200
        self._over = not self._ready

    def acknowledged(self, delivered: int, now: int) -> None:
        self.delivered.append(delivered)

    def closed(self, answer: Answer | None, now: int, delivered: int, why: str = "") -> None:
        self.delivered.append(delivered)
        self.why, self._over = why, True


class Sink:
    """Reads to the end and counts, behind a `Valve`."""

    def __init__(self) -> None:
        self.came = 0
        self.ended = asyncio.Event()
        self.peer: object = None

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            if not await probed(reader, writer):
                self.peer = writer.get_extra_info("peercert")
                while data := await chunk(reader):
                    self.came += len(data)
        writer.transport.abort()
        self.ended.set()


class Valve:
    """Bytes on their way to a sink. It closes in mid-body, and then tells what it has let in.

    What its kernel had received when `spill` is called goes on to the sink, and nothing that comes
    later: so the sink has counted what was acknowledged, neither more nor less.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._shut: list[tuple[socket.socket, socket.socket]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._sockets: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.setblocking(False)
        self.port = self._door.getsockname()[1]
        self._tasks.append(asyncio.create_task(self._accept()))

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            ours, _ = await loop.sock_accept(self._door)
            theirs = socket.create_connection(("127.0.0.1", self._port))
            theirs.setblocking(False)
            self._sockets += [ours, theirs]
            self._tasks.append(asyncio.create_task(self._copy(theirs, ours, 1 << 40)))
            self._tasks.append(asyncio.create_task(self._copy(ours, theirs, 300_000)))

    async def _copy(self, source: socket.socket, to: socket.socket, most: int) -> None:
        loop, went = asyncio.get_running_loop(), 0
        while went < most:
            data = await loop.sock_recv(source, 65_536)
            if not data:
                to.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(to, data)
            went += len(data)
        self._shut.append((source, to))

    async def spill(self) -> None:
        """Let through what had come."""
        loop = asyncio.get_running_loop()
        ((source, to),) = self._shut
        left = int.from_bytes(ioctl(source, termios.FIONREAD, bytes(4)), sys.byteorder)
        while left:
            data = await loop.sock_recv(source, left)
            await loop.sock_sendall(to, data)
            left -= len(data)
        to.shutdown(socket.SHUT_WR)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in (self._door, *self._sockets):
            one.close()


@asynccontextmanager
async def sinking(*, secure: bool) -> AsyncIterator[tuple[Sink, Valve, str]]:
    sink = Sink()
    context = None
    if secure:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=CA)
        context.load_cert_chain(CERTIFICATES / "server.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    server = await asyncio.start_server(sink, "127.0.0.1", 0, ssl=context)
    valve = Valve(server.sockets[0].getsockname()[1])
    try:
        scheme = "https" if secure else "http"
        yield sink, valve, f"{scheme}://127.0.0.1:{valve.port}/n.isml/Streams(a)"
    finally:
        await valve.close()
        server.close()


def courier(url: str, flood: Flood, access: Access) -> Courier:
    return Courier(url, flood, lambda: time.monotonic_ns() // 1_000_000, lambda: access)


@pytest.mark.parametrize("secure", [False, True])
async def test_delivered_is_what_the_peers_kernel_has_and_no_more(secure: bool) -> None:
    flood = Flood()
    access = Access(ca_file=CA, cert_file=CLIENT, key_file=KEY)
    async with sinking(secure=secure) as (sink, valve, url):
        assert not await asyncio.wait_for(courier(url, flood, access).run(), 30)
        assert flood.why == "the peer takes too little: send timeout"
        assert flood.delivered == sorted(flood.delivered)
        sink.ended.clear()
        await valve.spill()
        await asyncio.wait_for(sink.ended.wait(), 10)
        # Half a chunk at the end is not counted, and neither is half a record of TLS.
        assert 300_000 < flood.delivered[-1] <= sink.came + len(PIECE) + 16_384
        assert flood.delivered[-1] > sink.came - 2 * len(PIECE)
        assert flood.handed > flood.delivered[-1] + len(PIECE)
        assert bool(sink.peer) is secure


@pytest.mark.parametrize(
    ("access", "why"),
    [
        (Access(), "its certificate is not trusted"),
        (Access(ca_file=CERTIFICATES / "absent.pem"), "No such file"),
        (Access(ca_file=CA, cert_file=CLIENT), "PEM"),
    ],
)
async def test_who_is_not_trusted_gets_nothing(access: Access, why: str) -> None:
    flood = Flood()
    async with sinking(secure=True) as (_, _, url):
        assert not await asyncio.wait_for(courier(url, flood, access).run(), 30)
    assert why in flood.why
    assert flood.answer is None
    assert flood.handed == 0


@dataclass(frozen=True)
class Written:
    """What the library says that it has handed to the socket."""

    bytes_written: int


@pytest.mark.parametrize("lingers", [True, False])
def test_what_a_connection_held_when_it_was_reset_was_not_delivered(*, lingers: bool) -> None:
    """The kernel knows of the reset, the loop has not noticed it yet: the kernel still counts."""
    wire = Wire()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ours = wire._made((socket.AF_INET, socket.SOCK_STREAM, 0, "", server.getsockname()))
        ours.settimeout(10)
        ours.connect(server.getsockname())
        theirs, _ = server.accept()
        ours.setblocking(False)
        handed = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                handed += ours.send(PIECE)
        written = cast("UploadTracker", Written(handed))
        before = wire.acknowledged(written)
        if not lingers:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()  # with bytes that nobody has read: a reset, too
        closed, limit = 7, time.monotonic() + 10
        while ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != closed:
            assert time.monotonic() < limit, "the reset has not come"
            time.sleep(0.01)
        assert wire.acknowledged(written) == before < handed
        with contextlib.suppress(ConnectionResetError):
            ours.recv(1)  # now the loop has
        assert wire.acknowledged(written) == before
        ours.close()


@asynccontextmanager
async def reading(size: int, pause: float, most: int = 1 << 40) -> AsyncIterator[tuple[str, Sink]]:
    """A receiver that takes so many bytes at a time, from a small buffer; it ends behind `most`."""
    sink = Sink()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not await probed(reader, writer):
                while sink.came < most and (data := await reader.read(size)):
                    sink.came += len(data)
                    await asyncio.sleep(pause * len(data) / size)
                sink.ended.set()
        except ConnectionError:
            sink.ended.set()
        finally:
            writer.transport.abort()

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server = await asyncio.start_server(take, sock=listener, limit=4096)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/n.isml/Streams(a)", sink
        await asyncio.wait_for(sink.ended.wait(), 20)
    finally:
        server.close()


@pytest.mark.requirement("SVC-2a", role="client")
@pytest.mark.fault("F24")
async def test_a_receiver_that_crawls_is_given_up_though_it_moves() -> None:
    flood = Flood()
    async with reading(500, 0.05) as (url, sink):
        assert not await asyncio.wait_for(courier(url, flood, Access()).run(), 30)
    assert flood.why == "the peer takes too little: send timeout"
    assert 0 < sink.came < 2 * len(PIECE)
    assert len(set(flood.delivered)) > 2, "it did not move"


@pytest.mark.requirement("SVC-2a", role="client")
async def test_a_receiver_that_takes_a_piece_in_time_is_kept() -> None:
    flood = Flood()
    began = time.monotonic()
    async with reading(8192, 0.05, 12 * len(PIECE)) as (url, sink):
        assert not await asyncio.wait_for(courier(url, flood, Access()).run(), 60)
    assert "send timeout" not in flood.why
    assert sink.came >= 12 * len(PIECE)
    assert time.monotonic() - began > 2 * flood.send_timeout / 1000

"""What counts as delivered, over TCP and over TLS; and who is trusted."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.courier.access import Access
from relay.courier.courier import Courier
from relay.uplink.steps import Answer, End, Open, Probe, Send, Step
from tests.courier.misbehaving import probed
from tests.server.wire import eventually

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


class Sleeper:
    """Reads some, sleeps until it is told to wake, then reads all that had come."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.came: int | None = None
        self.peer: object = None

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await probed(reader, writer):
            writer.close()
            return
        self.peer = writer.get_extra_info("peercert")
        came = len(await reader.readexactly(300_000))
        await self.wake.wait()
        try:
            while data := await reader.read(1 << 20):
                came += len(data)
        except (ConnectionError, ssl.SSLError):
            pass
        self.came = came
        writer.transport.abort()


@asynccontextmanager
async def sleeping(*, secure: bool) -> AsyncIterator[tuple[Sleeper, str]]:
    sleeper = Sleeper()
    context = None
    if secure:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=CA)
        context.load_cert_chain(CERTIFICATES / "server.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    server = await asyncio.start_server(sleeper, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield sleeper, f"{'https' if secure else 'http'}://127.0.0.1:{port}/n.isml/Streams(a)"
    finally:
        server.close()


def courier(url: str, flood: Flood, access: Access) -> Courier:
    return Courier(url, flood, lambda: time.monotonic_ns() // 1_000_000, lambda: access)


@pytest.mark.parametrize("secure", [False, True])
async def test_delivered_is_what_the_peers_kernel_has_and_no_more(secure: bool) -> None:
    flood = Flood()
    access = Access(ca_file=CA, cert_file=CLIENT, key_file=KEY)
    async with sleeping(secure=secure) as (sleeper, url):
        assert not await asyncio.wait_for(courier(url, flood, access).run(), 30)
        assert flood.why == "the peer takes nothing: send timeout"
        assert flood.delivered == sorted(flood.delivered)
        sleeper.wake.set()
        assert await eventually(lambda: sleeper.came is not None)
        came = sleeper.came or 0
        assert 300_000 < flood.delivered[-1] <= came
        assert flood.handed > flood.delivered[-1]
        if secure:
            assert sleeper.peer


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
    async with sleeping(secure=True) as (_sleeper, url):
        assert not await asyncio.wait_for(courier(url, flood, access).run(), 30)
    assert why in flood.why
    assert flood.answer is None
    assert flood.handed == 0

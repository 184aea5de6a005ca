"""One accepted socket, from its first byte to its last.

What it adds to hypercorn's TCPServer, which it replaces:

* Time. A head is complete within `header_seconds` of its first byte (of the accept, for the first),
  a kept-alive connection without a new one is closed after `keep_alive_seconds`. A request being
  answered has no limit here: how long a body may be silent is the receiver's to say.
* The end. After the last answer only our half is closed (FIN follows the answer); what still comes
  is read and dropped until the peer closes too, for at most `LINGER_SECONDS` and `DISCARD_BYTES`;
  then the socket is closed whatever comes. Without the first half an encoder never sees the answer
  (TCP resets it away); without the second, one that only writes, as ffmpeg does, never learns that
  it is refused.
* A reader that takes next to nothing is ended, and what a reader that has gone had asked for in
  advance (pipelined) is not answered to nobody.
* A peer that closes an idle connection ends it at once: nothing is left to wait for in CLOSE_WAIT.
  One that closes its half behind a request, or in its midst, may still read: it has its answer, if
  there is one within `ANSWER_SECONDS`. Which of the two it is, TCP does not say.

What is over leaves no circle of references behind: with a thousand players that come and go, the
search for such garbage would hold up the encoders.

With TLS there is no half of ours to close: asyncio's ends both ways at once. So the answer goes
out, what comes is dropped for as long as without TLS, and then the connection says its last word.

TCP itself finds the peer that vanished without a word (`prepare`): probes after 10 s of silence,
and 30 s for anything unacknowledged, a reader that has stopped reading included.
"""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.typing import AppWrapper, WorkerContext

from relay.server.crowd import Guest, Standing
from relay.server.exchange import Address
from relay.server.protocol import Protocol
from relay.server.wire import WRITE_BYTES, Wire

LINGER_SECONDS = 1.0
ANSWER_SECONDS = 5.0
DISCARD_BYTES = 4 * 1024 * 1024  # more than one fragment, which an encoder may send in one piece
DISCARD_SECONDS = 0.025
"""Between two pieces of what is dropped (256 KiB): nobody waits for it, and others are served."""
LEAST_RATE = 4096
"""Bytes a second that a reader takes at least, beside the seconds that it has in any case."""
WAITING_BYTES = 16 * 1024
"""Of an answer that wait in this process, before the next part of it is made."""
PROBE_SECONDS = 10
UNACKNOWLEDGED_MS = 30_000


def prepare(accepted: socket.socket) -> None:
    """Set the options of an accepted socket. Raises OSError when the peer has gone already."""
    accepted.setblocking(False)
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", PROBE_SECONDS),
        ("TCP_KEEPINTVL", PROBE_SECONDS),
        ("TCP_USER_TIMEOUT", UNACKNOWLEDGED_MS),
        ("TCP_NOTSENT_LOWAT", WRITE_BYTES),  # else megabytes for each reader, however slow
    ):
        if hasattr(socket, name):  # Linux has them all
            accepted.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Connection:
    """Moves bytes between a Wire and a Protocol; `run` returns when both are closed.

    `guest` is told what the connection is busy with; `tls` as `relay.server.tls.identity` has it.
    """

    def __init__(
        self,
        app: AppWrapper,
        config: Config,
        context: WorkerContext,
        wire: Wire,
        guest: Guest,
        *,
        header_seconds: float,
        keep_alive_seconds: float,
        taking_seconds: float,
        tls: Mapping[str, Any] | None = None,
    ) -> None:
        self._app = app
        self._config = config
        self._context = context
        self._wire = wire
        self._wire.transport.set_write_buffer_limits(high=WAITING_BYTES)
        self._guest = guest
        self._tls = tls
        self._header_seconds = header_seconds
        self._keep_alive_seconds = keep_alive_seconds
        self._taking_seconds = taking_seconds
        self._protocol: Protocol
        self._send_lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._idle = True  # no request is being answered
        self._head_timed = True  # the timer that runs is that of a head
        self._finished = False  # our half is closed

    async def run(self) -> None:
        """Serve the connection to its end."""
        try:
            async with TaskGroup(asyncio.get_running_loop()) as task_group:
                self._protocol = Protocol(
                    app=self._app,
                    config=self._config,
                    context=self._context,
                    task_group=task_group,
                    client=self._address("peername"),
                    server=self._address("sockname"),
                    send=self._send,
                    expect=self._wire.expect,
                    tls=self._tls,
                )
                self._expire_in(self._header_seconds)
                await self._read()
        finally:
            self._disarm()
            self._wire.close()
            await self._wire.gone()
            del self._protocol  # which refers to us

    def finish(self) -> None:
        """The server stops: close now if nothing is being answered, else after the answer."""
        if self._idle:
            self._wire.close()

    def abort(self) -> None:
        """Close now, whatever is being answered."""
        self._wire.abort()

    def _address(self, which: str) -> Address | None:
        address = self._wire.about(which)
        return (address[0], address[1]) if address else None

    async def _read(self) -> None:
        allowance = DISCARD_BYTES
        while data := await self._wire.read():
            if self._protocol.discarding:
                allowance -= len(data)
                if allowance < 0:
                    break
                await self._wire.rest(DISCARD_SECONDS)
                continue
            await self._protocol.handle(RawData(data))
            if self._idle and self._protocol.head_started and not self._head_timed:
                self._head_timed = True
                self._expire_in(self._header_seconds)
        self._disarm()
        if not self._wire.closing:
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._protocol.end()
        await self._protocol.handle(Closed())

    async def _send(self, event: Event) -> None:
        """The protocol's way out."""
        if isinstance(event, RawData):
            await self._write(event.data)
        elif isinstance(event, Updated):
            self._idle = event.idle
            self._head_timed = False
            self._guest.standing = self._standing()
            if event.idle:
                self._expire_in(self._keep_alive_seconds)
            else:
                self._disarm()
        elif isinstance(event, Closed) and not self._finished:
            self._finished = True
            with suppress(OSError):
                self._wire.finish()
            self._expire_in(LINGER_SECONDS)

    def _standing(self) -> Standing:
        if self._idle:
            return Standing.IDLE
        return Standing.STREAM if self._protocol.carries_media else Standing.PLAYER

    async def _write(self, data: bytes) -> None:
        async with self._send_lock:
            if self._finished:
                return
            if self._wire.closing:  # the peer has gone: for whom would the rest be?
                await self._protocol.handle(Closed())
                return
            try:
                async with asyncio.timeout(self._taking_seconds + len(data) / LEAST_RATE):
                    await self._wire.write(data)
            except TimeoutError:
                self._wire.abort()
                await self._protocol.handle(Closed())
            except OSError:
                await self._protocol.handle(Closed())

    def _expire_in(self, seconds: float) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._wire.close)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

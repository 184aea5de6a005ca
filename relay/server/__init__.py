"""The HTTP server: hypercorn and h11, kept in hand. No other room imports them.

    Server       sockets: listens, accepts, stops                      this file
    Tls          the context of each handshake                         tls.py
    Crowd        all connections, and who goes when there are too many crowd.py
    Connection   one accepted socket: its time limits and its end      connection.py
    Protocol     its requests, one after the other (hypercorn, h11)    protocol.py
    Wire         its bytes, both ways                                  wire.py
    HeadReader   what a head may look like, before h11 sees it         head.py
    Chunks       the body of a request in chunks, without them         chunks.py
    Exchange     one request and its answer: receive and send          exchange.py
    Refused      an answer that the server gives itself                refusal.py

hypercorn 0.18 serves an application well; around long POSTs its own loop does not hold. So the
sockets are ours, its protocol is subclassed, and nothing of it is patched:

* An answer that comes before the end of the body leaks a connection for good there. Here every
  early answer is safe (protocol.py), so an application may refuse without reading.
* Its stop waits for `asyncio.Server.wait_closed()`, which since Python 3.12 waits for all clients:
  for ever, with an open POST. Here `stop` owns the connections and ends them within its time.
* asyncio's accept loop writes a traceback per attempt while there are no file descriptors. Here the
  socket pauses for a second, and the log gets one line.

hypercorn's access log (it can be forged by a request), its banners and its tracebacks are off; what
the server has to say goes to the logger `relay.server`.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config

from relay.server.connection import Connection, prepare
from relay.server.crowd import Crowd, Guest
from relay.server.tls import Tls, identity, reason
from relay.server.wire import Wire
from relay.throttle import Throttle

logger = logging.getLogger("relay.server")

ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]

ACCEPTS_PER_TURN = 4
"""Newcomers at once; each takes a dozen steps of the loop, and encoders have theirs between."""
PAUSE_SECONDS = 1.0
CANCEL_SECONDS = 1.0
HANDSHAKE_SECONDS = 10.0
SHUTDOWN_SECONDS = 1.0
"""For the peer's last word in TLS; asyncio would wait for half a minute."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An address to listen on; port 0 takes any free one. `tls`: None for none."""

    host: str
    port: int
    tls: Tls | None = None

    @classmethod
    def of(cls, address: str) -> Self:
        """That of `HOST:PORT`, `[::]:PORT` as in the configuration."""
        host, _, port = address.rpartition(":")
        return cls(host.strip("[]"), int(port))


class _Settings(Config):
    """What hypercorn's protocol asks its configuration for."""

    accesslog = None
    errorlog = None
    include_server_header = False

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        return [*super().response_headers(protocol), (b"server", b"relay")]


class Server:
    """One ASGI application on one or more sockets, HTTP/1.1, with TLS or without.

    There are no lifespan events and no signal handlers: who composes the process has both in hand.
    `header_seconds` is the time for a head, `keep_alive_seconds` that between two requests of a
    connection: more than two segments of an encoder that POSTs each by itself;
    `handshake_seconds` that for TLS, before any head; `taking_seconds` is what a peer may be late
    in taking a part of an answer. `crowd` may be shared with other servers.
    """

    def __init__(
        self,
        app: ASGIApp,
        listeners: Sequence[Listener],
        *,
        header_seconds: float = 5.0,
        keep_alive_seconds: float = 30.0,
        handshake_seconds: float = HANDSHAKE_SECONDS,
        taking_seconds: float = 30.0,
        backlog: int = 1024,
        crowd: Crowd | None = None,
    ) -> None:
        self._app = ASGIWrapper(app)
        self._handshake_seconds = handshake_seconds
        self._taking_seconds = taking_seconds
        self._crowd = Crowd() if crowd is None else crowd
        self._throttle = Throttle()
        self.handshakes_failed = 0
        self._listeners = tuple(listeners)
        self._header_seconds = header_seconds
        self._keep_alive_seconds = keep_alive_seconds
        self._backlog = backlog
        self._config = _Settings()
        self._context = WorkerContext(None)
        self._sockets: dict[socket.socket, Tls | None] = {}
        self._pauses: dict[socket.socket, asyncio.TimerHandle] = {}
        self._quick: set[Wire] = set()
        self._connections: dict[asyncio.Task[None], Connection | None] = {}

    async def start(self) -> list[tuple[str, int]]:
        """Listen on all addresses, or on none; returns them as (host, port), bound, in order.

        Raises OSError: an address is taken, or is not this machine's.
        """
        with ExitStack() as unless_all:
            bound = {
                unless_all.enter_context(self._bind(each)): each.tls for each in self._listeners
            }
            unless_all.pop_all()
        self._sockets = bound
        for listening in self._sockets:
            asyncio.get_running_loop().add_reader(listening, self._accept, listening)
        return self.addresses

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens, in order."""
        return [listening.getsockname()[:2] for listening in self._sockets]

    async def stop(self, grace: float) -> None:
        """Stop listening at once; give the requests in flight `grace` seconds; then close all.

        Idle connections are closed at once. Returns within `grace` + 1 s whatever the application
        does; one that ignores even its cancellation is left behind with a line in the log.
        """
        loop = asyncio.get_running_loop()
        for listening in self._sockets:
            loop.remove_reader(listening)
            listening.close()
        self._sockets.clear()
        for pause in self._pauses.values():
            pause.cancel()
        self._pauses.clear()
        await self._context.terminated.set()
        for connection in self._connections.values():
            if connection is not None:
                connection.finish()
        if await self._ended(grace):
            return
        for task, connection in list(self._connections.items()):
            if connection is not None:
                connection.abort()
            task.cancel()
        if not await self._ended(CANCEL_SECONDS):
            logger.error(
                "%d connections could not be ended.",
                len(self._connections),
                extra={"code": "CONNECTIONS_LEFT"},
            )

    async def _ended(self, seconds: float) -> bool:
        if self._connections:
            await asyncio.wait(set(self._connections), timeout=seconds)
        return not self._connections

    def _bind(self, listener: Listener) -> socket.socket:
        family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
        address = (listener.host, listener.port)
        listening = socket.create_server(address, family=family, backlog=self._backlog)
        listening.setblocking(False)
        return listening

    def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(ACCEPTS_PER_TURN):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no file descriptor or no memory for another one
                logger.error(  # noqa: TRY400
                    "Cannot accept a connection: %s.",
                    error.strerror,
                    extra={"code": "ACCEPT_FAILED"},
                )
                loop.remove_reader(listening)
                self._pauses[listening] = loop.call_later(PAUSE_SECONDS, self._resume, listening)
                return
            self._welcome(accepted, self._sockets[listening])

    def _welcome(self, accepted: socket.socket, tls: Tls | None) -> None:
        """Serve it, if there is room."""
        try:
            address = str(accepted.getpeername()[0])
        except OSError:  # it has gone already
            accepted.close()
            return
        guest = Guest(address, accepted.close)
        if not self._crowd.enter(guest):
            accepted.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(accepted, tls, guest))

        def over(task: asyncio.Task[None]) -> None:
            self._crowd.leave(guest)
            guest.drop = accepted.close  # that of a connection refers to it
            if self._connections.pop(task) is None:  # it never came to a connection that closes it
                accepted.close()

        def drop() -> None:
            task.cancel()

        guest.drop = drop
        self._connections[task] = None
        task.add_done_callback(over)

    def _resume(self, listening: socket.socket) -> None:
        del self._pauses[listening]
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    async def _serve(self, accepted: socket.socket, tls: Tls | None, guest: Guest) -> None:
        try:
            wire = await self._wire(accepted, tls, guest)
        except OSError:
            return
        connection = Connection(
            self._app,
            self._config,
            self._context,
            wire,
            guest,
            header_seconds=self._header_seconds,
            keep_alive_seconds=self._keep_alive_seconds,
            taking_seconds=self._taking_seconds,
            tls=None if tls is None else identity(wire.about("ssl_object")),
        )
        guest.drop = connection.abort
        task = asyncio.current_task()
        if task is not None:
            self._connections[task] = connection
        if self._context.terminated.is_set():
            connection.finish()
        try:
            await connection.run()
        except Exception:  # a fault of this room must not end others' connections
            logger.exception("A connection failed.", extra={"code": "CONNECTION_FAILED"})

    async def _wire(self, accepted: socket.socket, tls: Tls | None, guest: Guest) -> Wire:
        """The bytes of an accepted socket, both ways. Raises OSError."""
        loop = asyncio.get_running_loop()
        wire = Wire(loop, self._quick)
        seconds = (
            {}
            if tls is None
            else {
                "ssl_handshake_timeout": self._handshake_seconds,
                "ssl_shutdown_timeout": SHUTDOWN_SECONDS,
            }
        )
        try:
            prepare(accepted)
            await loop.connect_accepted_socket(
                lambda: wire, accepted, ssl=None if tls is None else tls.context(), **seconds
            )
        except OSError as error:
            if tls is not None:
                self._unshaken(guest, error)
            raise
        return wire

    def _unshaken(self, guest: Guest, error: OSError) -> None:
        """No handshake came about. asyncio sends no alert, so that only the log says why."""
        self.handshakes_failed += 1
        now = time.monotonic_ns() // 1_000_000
        if not self._throttle.passes(guest.address, now):
            return
        told = self._throttle.told()
        logger.warning(
            "No TLS handshake with %s: %s.%s",
            guest.address,
            reason(error),
            f" {told['left_out']} others are not listed." if told else "",
            extra={"code": "TLS_HANDSHAKE"},
        )

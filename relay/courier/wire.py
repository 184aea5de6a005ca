"""Connections, each used once, and what their peers have acknowledged.

"Delivered" is what the peer's kernel has acknowledged: the bytes that left for the socket less what
the socket still holds (SIOCOUTQ). A socket can hold a minute of audio, which two resent fragments
would not cover; so it also refuses to queue more unsent bytes than `UNSENT`. With TLS, what is
encrypted and waits in this process counts as not delivered, too.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
import termios
from fcntl import ioctl

import aiohttp

from relay.courier.hearing import Hearing
from relay.courier.resolver import LastingResolver

CONNECT = 10.0
"""Seconds for name, connection and handshake (SVC-1)."""
UNSENT = 512 * 1024
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))


class Wire:
    """The connections of one stream; at most one POST at a time. `connect`: seconds for each."""

    def __init__(self, connect: float = CONNECT) -> None:
        self._connect = connect
        self._resolver: LastingResolver | None = None
        self._sockets: list[socket.socket] = []  # of the last session; one of them connects
        self._delivered = 0
        self._transport: asyncio.Transport | None = None

    def session(
        self, trust: ssl.SSLContext | None, digest: aiohttp.DigestAuthMiddleware | None = None
    ) -> aiohttp.ClientSession:
        """A session for one request. A context, to be closed."""
        self._sockets.clear()
        self._delivered = 0
        self._transport = None
        self._resolver = self._resolver or LastingResolver()
        connector = aiohttp.TCPConnector(
            ssl=trust or True,
            socket_factory=self._made,
            resolver=self._resolver,
            force_close=True,
            use_dns_cache=False,
        )
        timeout = aiohttp.ClientTimeout(
            total=None, connect=self._connect, sock_connect=self._connect, sock_read=None
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            middlewares=(digest,) if digest else (),
            trust_env=False,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def acknowledged(self, tracker: aiohttp.UploadTracker) -> int:
        """Bytes of the body that the peer's kernel has acknowledged: a lower bound, which rises.

        A connection that closes says nothing any more: what it held may be lost. One that was reset
        and is not closed yet still says what it held (Linux keeps the count until it is closed).
        """
        waiting = self._waiting(tracker)
        if waiting is None:
            return self._delivered
        for open_ in self._open():
            with contextlib.suppress(OSError):
                queued = int.from_bytes(ioctl(open_, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
                self._delivered = max(self._delivered, tracker.bytes_written - queued - waiting)
        return self._delivered

    def _waiting(self, tracker: aiohttp.UploadTracker) -> int | None:
        """Bytes below a TLS layer that wait in this process; None: the connection is closing.

        Neither library has a public word for it, hence the look inside; should they change, the
        bound is weaker by at most asyncio's write buffer, with TLS.
        """
        writer = getattr(tracker, "_writer", None)
        self._transport = getattr(writer, "transport", None) or self._transport
        if self._transport is None:
            return 0
        if self._transport.is_closing():
            return None
        below = getattr(getattr(self._transport, "_ssl_protocol", None), "_transport", None)
        return 0 if below is None else int(below.get_write_buffer_size())

    def reset_at_close(self) -> None:
        """Have the kernel reset the connection when it is closed, as a crash would."""
        for open_ in self._open():
            open_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def abandon(self) -> None:
        """Have done with the connection, or what its peer does not take would hold it open."""
        for open_ in self._open():
            with contextlib.suppress(OSError):
                open_.shutdown(socket.SHUT_RDWR)

    def _made(self, address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, *_ = address
        made = Hearing(family, kind, protocol)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            made.setsockopt(socket.IPPROTO_TCP, option, value)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(CONNECT * 1000))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
        self._sockets.append(made)
        return made

    def _open(self) -> list[socket.socket]:
        return [made for made in self._sockets if made.fileno() >= 0]

"""A socket's bytes, both ways: pieces as they came, and what is written.

asyncio's StreamReader puts every piece into a bytearray and cuts it out again, which copies each
byte three times; an encoder's body is nothing but bytes. Here what the transport has read goes on
as the object that it is. Same flow control: over `HELD_BYTES`, or one piece of media, the transport
reads no more, and TCP holds the sender back.

What came is handed out before the end is, however the end came: a connection that is reset keeps
what it had brought.
"""

import asyncio
import socket
from collections import deque
from contextlib import suppress
from typing import Any, cast

from relay.media import Buffer

HELD_BYTES = 256 * 1024  # what asyncio reads at once
MEDIA_BYTES = 1024 * 1024
"""What is read at once where that much is known to come: each piece costs turns of the loop."""
WRITE_BYTES = 256 * 1024
"""What is written at once of a large answer, and what of it the kernel holds unsent."""
QUICK_BYTES = 1024 * 1024
"""The same for a reader that takes `QUICK_RATE` bytes a second, of whom `MOST_QUICK` are served so
at a time: each part costs turns of the loop, but what is written waits in memory."""
QUICK_RATE = 32 * 1024 * 1024
MOST_QUICK = 32
TOGETHER_SECONDS = 0.05
"""What a sender at its pace brings in that time is read at once, where it is known to be coming."""
_LOOK_SECONDS = 0.25
_LEAST, _MOST = 16 * 1024, 128 * 1024


class Wire(asyncio.Protocol):
    """One connection, from `connection_made` on. One reads at a time, one writes.

    `quick`: the wires of a server whose readers take their answers quickly, right now.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, quick: set["Wire"] | None = None) -> None:
        self._loop = loop
        self._quick = set() if quick is None else quick
        self._transport: asyncio.Transport
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._reading = True
        self._ended = False
        self._readable: asyncio.Future[None] | None = None
        self._full = False
        self._writable: asyncio.Future[None] | None = None
        self._gone = loop.create_future()
        self._came = 0  # bytes since the last look at the pace
        self._looked = loop.time()
        self._together = 0  # what came lately in TOGETHER_SECONDS
        self._lowest = 1  # bytes for which the kernel wakes us
        self._most = HELD_BYTES  # or `MEDIA_BYTES`: a piece does not stop the reading by itself

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A piece has been read."""
        self._pieces.append(data)
        self._held += len(data)
        self._came += len(data)
        if self._held > self._most and self._reading:
            self._reading = False
            self._transport.pause_reading()
        _wake(self._readable)

    def eof_received(self) -> bool:
        """The peer has closed its half. Ours stays open, where the transport can do that."""
        self._end()
        return self._transport.get_extra_info("sslcontext") is None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Both halves are closed."""
        self._end()
        _wake(self._writable)
        if not self._gone.done():
            self._gone.set_result(None)
        # By these asyncio's transport refers to itself, until garbage is searched for: always
        # before Python 3.12, after it when it was aborted.
        for callback in ("_read_ready_cb", "_write_ready"):
            getattr(self._transport, "__dict__", {}).pop(callback, None)

    def pause_writing(self) -> None:
        """The transport holds enough that the peer has not taken."""
        self._full = True

    def resume_writing(self) -> None:
        """It has taken most of that."""
        self._full = False
        _wake(self._writable)

    @property
    def transport(self) -> asyncio.Transport:
        """What the bytes go through."""
        return self._transport

    def about(self, what: str) -> Any:
        """What the transport knows (`asyncio.BaseTransport.get_extra_info`)."""
        return self._transport.get_extra_info(what)

    async def read(self) -> bytes:
        """The next piece; b"" at the end."""
        while not self._pieces:
            if self._ended:
                return b""
            self._readable = self._loop.create_future()
            try:
                await self._readable
            finally:
                self._readable = None
        piece = self._pieces.popleft()
        self._held -= len(piece)
        if not self._reading and self._held <= self._most // 2:
            self._reading = True
            self._transport.resume_reading()
        return piece

    async def rest(self, seconds: float) -> None:
        """Read nothing for so long: what comes waits in the kernel, and then with its sender."""
        if self._reading and not self.closing:
            self._reading = False
            self._transport.pause_reading()
        await asyncio.sleep(seconds)
        if not self.closing and self._held <= self._most // 2:
            self._reading = True
            self._transport.resume_reading()

    async def write(self, data: bytes) -> None:
        """Write; wait while the peer is behind. Raises ConnectionResetError: it has gone.

        The transport copies what the kernel does not take at once, so it is given a part at a time.
        """
        if len(data) <= WRITE_BYTES:
            await self._hand(data)
            return
        view, at = memoryview(data), 0
        try:
            while at < len(view):
                if self.closing:
                    raise ConnectionResetError("the peer has gone")
                size, begun = QUICK_BYTES if self in self._quick else WRITE_BYTES, self._loop.time()
                await self._hand(view[at : at + size])
                if at:  # the first part is taken by the kernel alone
                    self._judge(quick=size > QUICK_RATE * (self._loop.time() - begun))
                at += size
        finally:
            self._judge(quick=False)

    def _judge(self, *, quick: bool) -> None:
        """Write larger parts from now on, if there is room for one more, or small ones."""
        if quick is (self in self._quick) or (quick and len(self._quick) >= MOST_QUICK):
            return
        if quick:
            self._quick.add(self)
        else:
            self._quick.discard(self)
        with suppress(OSError, AttributeError):  # not everywhere, and not on a closed socket
            size = QUICK_BYTES if quick else WRITE_BYTES
            accepted = self.about("socket")
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, size)

    async def _hand(self, part: Buffer) -> None:
        self._transport.write(part)
        if self._full and not self._gone.done():
            self._writable = self._loop.create_future()
            try:
                await self._writable
            finally:
                self._writable = None
        if self._gone.done():
            raise ConnectionResetError("the peer has gone")

    @property
    def closing(self) -> bool:
        """Nothing more can be written."""
        return self._transport.is_closing()

    def expect(self, size: int) -> None:
        """So many bytes are still to come before anything can be done: wake us for a part of them.

        The kernel wakes a reader for each packet (SO_RCVLOWAT is 1), an encoder that sends evenly
        comes in dozens of them a second, and each costs turns of the loop. So it may wait until as
        much is there as comes in `TOGETHER_SECONDS`, never more than `size`. The end of the stream
        wakes us in any case. While something that was read is not dealt with, less than `size` is
        to come, and nothing may wait. With TLS nothing is changed.
        """
        large = size >= MEDIA_BYTES > self._most
        if large and hasattr(self._transport, "max_size"):
            self._most = self._transport.max_size = MEDIA_BYTES
        if self._pieces or self._readable is None:
            size = 0
        now = self._loop.time()
        if now - self._looked >= _LOOK_SECONDS:
            pace = self._came / (now - self._looked)
            self._together = int(pace * TOGETHER_SECONDS)
            self._came, self._looked = 0, now
        wanted = min(size, self._together, _MOST)
        wanted = wanted if wanted >= _LEAST else 1
        if wanted < self._lowest or wanted > 2 * self._lowest:
            self._wake_for(wanted)

    def _wake_for(self, size: int) -> None:
        if self.about("sslcontext") is None and not self.closing:
            with suppress(OSError):
                self.about("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
                self._lowest = size

    def finish(self) -> None:
        """Close our half behind what was written, where the transport can do that."""
        if not self.closing and self._transport.can_write_eof():
            self._transport.write_eof()

    def close(self) -> None:
        """Close behind what was written."""
        self._transport.close()

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()

    async def gone(self) -> None:
        """Wait until both halves are closed."""
        await asyncio.shield(self._gone)

    def _end(self) -> None:
        self._ended = True
        _wake(self._readable)


def _wake(waiting: "asyncio.Future[None] | None") -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)

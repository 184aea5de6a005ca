"""A socket that hears its peer out before it says that nothing more can be sent.

A server that refuses in the middle of a body answers and closes. What is still on its way to it is
then answered by a reset, and a sender that next writes is told of the reset alone: asyncio drops
the connection at the failed write, with the answer unread. That answer says why, and whether to
come again (HTTP-1b); "broken pipe" says neither. Linux keeps what came before a reset until it is
read. So a write that fails while something waits to be read is put off, once: the loop then has
the reader go first, and the writer be told behind it.
"""

import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Hearing(socket.socket):
    """A TCP socket for asyncio's transports, not blocking."""

    _put_off = False

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        """As a socket has it. BlockingIOError also when the peer's last words are unread."""
        try:
            return super().send(data, flags)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError:
            self._hear()
            raise

    def sendmsg(self, buffers: "Iterable[ReadableBuffer]", /, *more: Any) -> int:
        """As a socket has it. BlockingIOError also when the peer's last words are unread."""
        try:
            return super().sendmsg(buffers, *more)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError:
            self._hear()
            raise

    def _hear(self) -> None:
        """Raises BlockingIOError: something waits to be read, and the write was put off for it."""
        if self._put_off:
            return
        self._put_off = True
        try:
            waits = self.recv(1, socket.MSG_PEEK)
        except OSError:
            return
        if waits:
            raise BlockingIOError

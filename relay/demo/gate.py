"""The way to an upstream, which may be blocked: what is on it stays there, and no end is told.

A process that merely stands still would not do: its kernel goes on to acknowledge what comes, for
as long as its buffers last, which is up to a minute of such a channel. So the buffers here are
small.
"""

import asyncio
import contextlib
import socket

PIECE = 8_192


class Gate:
    """A port of this machine that leads to another one. `target`: that port."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        self._listening.bind(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, sock=self._listening, limit=PIECE)

    async def stop(self) -> None:
        """End every connection, and listen no more."""
        if self._server is not None:
            self._server.close()
        self._listening.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def block(self) -> None:
        """Let nothing pass."""
        self._open.clear()

    def clear(self) -> None:
        """Let all pass again, and first of all what has waited."""
        self._open.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far: asyncio.StreamWriter | None = None
        try:
            await self._open.wait()
            answers, far = await asyncio.open_connection("127.0.0.1", self._target, limit=PIECE)
            there = asyncio.create_task(self._pump(reader, far))
            back = asyncio.create_task(self._pump(answers, writer))
            try:
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (there, back):
                    task.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        except OSError:
            pass  # nobody is at the other end; who came is told by the end of the connection
        finally:
            for one in (writer, far):
                if one is not None:
                    one.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE):
                await self._open.wait()
                writer.write(data)
                await writer.drain()

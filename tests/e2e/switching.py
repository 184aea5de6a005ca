"""A reverse proxy before several relays that sends everything to one of them, then to the next.

What a geographical failover does once a year, a `Switch` does every few seconds: a player behind it
sees one site, and must not be able to tell which. It changes nothing of what passes, decides by the
clock alone, and one request a connection keeps it small. A request that has begun is finished where
it began.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

LONGEST_HEAD = 65536
"""Bytes of a request's head."""
BLOCK = 65536
LIMIT = 30.0
"""Seconds that a relay may take for an answer."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that was answered: by which site (from 0), for which path, how."""

    site: int
    path: str
    status: int


class Switch:
    """`async with Switch(ports, every=5) as switch:` listens at `switch.url`; a turn is 5 s.

    `passed`: all that was answered, in the order of the answers.
    """

    def __init__(self, ports: Sequence[int], every: float) -> None:
        self.passed: list[Passed] = []
        self.url = ""
        self._ports = tuple(ports)
        self._every = every
        self._began = 0.0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._began = asyncio.get_running_loop().time()
        self._server = await asyncio.start_server(
            self._accepted, "127.0.0.1", 0, limit=LONGEST_HEAD
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def turns(self) -> int:
        """How often it has switched."""
        return int((asyncio.get_running_loop().time() - self._began) / self._every)

    async def _accepted(self, asks: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            async with asyncio.timeout(LIMIT):
                await self._pass(asks, answers)
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
            pass  # the player has hung up, or the relay has, or we end: each sees that for itself
        finally:
            answers.close()
            with contextlib.suppress(OSError):
                await answers.wait_closed()
            self._open.discard(task)

    async def _pass(self, asks: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """One request to whose turn it is, and all of its answer back."""
        head = await asks.readuntil(b"\r\n\r\n")
        site = self.turns % len(self._ports)
        first, *fields = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        fields = [field for field in fields if not field.lower().startswith(b"connection:")]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._ports[site])
        try:
            writer.write(b"\r\n".join((first, *fields, b"Connection: close", b"", b"")))
            status = await reader.readline()
            answers.write(status)
            while block := await reader.read(BLOCK):
                answers.write(block)
                await answers.drain()
            path, code = first.split(b" ")[1], status.split(b" ")[1]
            self.passed.append(Passed(site, path.decode(), int(code)))
        finally:
            writer.close()

"""The relay without sockets: both doors, a channel on memory, and time that hurries.

What a request may never bring about is collected in `faults`: an exception that nobody declared, a
task that died, an error in the log.
"""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from fractions import Fraction
from typing import Any

import structlog
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.events import Closed, Event, RawData

from packagers.origin import Origin
from packagers.origin.waiting import Waiting
from relay.app import doors
from relay.channel import Channel
from relay.receiver import Receiver
from relay.rules import Rules
from relay.server import _Settings
from relay.server.protocol import Protocol
from relay.store.memory import MemoryStore
from tests.fuzz.hurry import Hurry

RULES = Rules(duration=Fraction(2), window=Fraction(60))
GRACE = 3_600.0
"""Seconds of hurried time after which whatever waits has to have ended."""


class _Listening(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record)


class HurriedClock:
    """The loop's time, in ms; UTC begins in 2027."""

    def __init__(self, loop: Hurry) -> None:
        self._loop = loop

    def now(self) -> int:
        return round(self._loop.time() * 1000)

    def utc(self) -> int:
        return 1_800_000_000_000 + self.now()


class House:
    """The doors of one channel, `news`; made anew for each input."""

    def __init__(self, loop: Hurry) -> None:
        self.clock = HurriedClock(loop)
        self.channel = Channel("news", MemoryStore(), RULES, self.clock)
        channels = {"news": self.channel}
        self.receiver = Receiver(channels, self.clock)
        origin = Origin(channels, lambda: self.clock.utc() / 1000)
        self.origin = origin
        self.app: Any = doors(self.receiver, Waiting(origin, channels))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["House"]:
        await self.channel.open()
        try:
            yield self
        finally:
            await self.channel.close()
        assert not self.channel.failed, "the channel died"

    async def talk(self, loop: Hurry, pieces: list[bytes]) -> bytes:
        """What the server answers on one connection that sends these pieces, and then closes."""
        answered = bytearray()

        async def send(event: Event) -> None:
            if isinstance(event, RawData):
                answered.extend(event.data)

        async with TaskGroup(loop) as tasks:
            protocol = Protocol(
                app=ASGIWrapper(self.app),
                config=_Settings(),
                context=WorkerContext(None),
                task_group=tasks,
                client=("127.0.0.1", 1),
                server=("127.0.0.1", 2),
                send=send,
                expect=lambda _: None,
            )
            for piece in pieces:
                if protocol.discarding:
                    break
                await protocol.handle(RawData(piece))
            await protocol.handle(Closed())
        return bytes(answered)


@contextmanager
def listening() -> Iterator[list[str]]:
    """What is logged at the level of an error meanwhile, with its traceback."""
    before = structlog.get_config()
    grave: list[str] = []

    def note(_logger: object, method: str, said: structlog.typing.EventDict) -> str:
        if method in ("error", "critical", "exception"):
            grave.append(repr(said))
        raise structlog.DropEvent

    server = _Listening()
    log = logging.getLogger("relay.server")
    propagate = log.propagate
    structlog.configure(processors=[note], cache_logger_on_first_use=False)
    log.addHandler(server)
    log.propagate = False
    try:
        yield grave
        shown = logging.Formatter()
        grave += [shown.format(record) for record in server.said]
    finally:
        log.removeHandler(server)
        log.propagate = propagate
        structlog.configure(**before)

"""What a relay makes of what is thrown at it: each on its own connection, a few at a time."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

CLIENTS = 12
PATIENCE = 8.0
"""Seconds that an answer may take: the relay waits five for the rest of a head."""


@dataclass(slots=True)
class Weather:
    """What a storm has met. `silent`: connections that ended without an answer."""

    answers: Counter[int] = field(default_factory=Counter)
    silent: int = 0
    hung: int = 0
    slowest: float = 0.0

    @property
    def sent(self) -> int:
        return self.answers.total() + self.silent + self.hung


async def throw(ports: Sequence[int], made: Callable[[], bytes], count: int) -> Weather:
    """Send so many, a few at a time, each on its own connection."""
    weather = Weather()
    left = iter(range(count))

    async def client(at: int) -> None:
        chance = random.Random(at)
        for _ in left:
            port = ports[0] if chance.random() < 0.8 else ports[-1]
            await _send(port, made(), weather)

    await asyncio.gather(*(client(at) for at in range(CLIENTS)))
    return weather


async def _send(port: int, data: bytes, weather: Weather) -> None:
    began = time.monotonic()
    answered = b""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                with contextlib.suppress(ConnectionError):
                    writer.write(data)
                    await writer.drain()
                    writer.write_eof()
                with contextlib.suppress(ConnectionError):
                    answered = await reader.read(64)
                    while await reader.read(65_536):
                        pass
            finally:
                writer.close()
    except TimeoutError:
        weather.hung += 1
        return
    weather.slowest = max(weather.slowest, time.monotonic() - began)
    if answered.startswith(b"HTTP/1.1 ") and answered[9:12].isdigit():
        weather.answers[int(answered[9:12])] += 1
    else:
        weather.silent += 1

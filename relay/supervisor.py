"""What a supervisor is told: ready, alive, stopping (sd_notify(3), the protocol of systemd).

Datagrams to the socket that NOTIFY_SOCKET names; without one there is nobody to tell. The watchdog
is fed from the event loop, so a relay that hangs is restarted, and one that only waits is not. Fed
at half of WATCHDOG_USEC, as sd_watchdog_enabled(3) asks.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping

from relay.channel import Channel

IDLE_SECONDS = 5.0
"""How often the status is renewed where no watchdog wants to be fed."""


class Supervisor:
    """Who started this process. `environment` as it was given; `status`: a line about now."""

    def __init__(self, environment: Mapping[str, str], status: Callable[[], str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # Linux: a name that begins with @ lives in the abstract namespace.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        fed = environment.get("WATCHDOG_USEC", "")
        self._watched = fed.isdecimal() and int(fed) > 0
        self._every = int(fed) / 2_000_000 if self._watched else IDLE_SECONDS
        self._status = status
        self._task: asyncio.Task[None] | None = None

    def ready(self) -> None:
        """It has started, and is alive from here on."""
        if self._address:
            self._tell("READY=1", self._line())
            self._task = asyncio.create_task(self._run(), name="supervisor")

    def stopping(self) -> None:
        """It has begun to end. Never waits."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._address:
            self._tell("STOPPING=1")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            self._tell(*(["WATCHDOG=1"] if self._watched else []), self._line())

    def _line(self) -> str:
        return f"STATUS={self._status()}"

    def _tell(self, *lines: str) -> None:
        with (
            contextlib.suppress(OSError),  # one that does not listen shall not hinder
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaker,
        ):
            speaker.setblocking(False)
            speaker.sendto("\n".join(lines).encode(), self._address)


def summary(channels: Mapping[str, Channel]) -> str:
    """A line about now."""
    standings = [each() for channel in channels.values() for each in channel.upstreams.values()]
    posts = sum(channel.posts.total() for channel in channels.values())
    parts = [_count(len(channels), "channel"), f"{_count(posts, 'POST')} from encoders"]
    if standings:
        failing = sum(standing.failing for standing in standings)
        parts.append(f"{_count(len(standings), 'upstream')}, {failing} failing")
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

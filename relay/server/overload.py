"""How near its end the process is, and what it gives up first.

What is scarcest counts: file descriptors, against what the process may have, or memory, against
what the configuration, the container or the machine has.

    80 %    no new streams: their POSTs are refused with 503 and come back (`busy`)
    95 %    players go, who come back by themselves; without descriptors one for each newcomer
            (`Crowd`), without memory a tenth of them a second
    98 %    of memory, with no player left, or a second time in turn: the newest stream, once a
            second

So who streams already is the last to suffer. The looks are cheap and a fraction of a second apart.
"""

import asyncio
import ctypes
import logging
import resource
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from relay.server.crowd import MOST_NEW, Crowd

logger = logging.getLogger("relay.server")

BUSY, FULL, LAST = 0.80, 0.95, 0.98
LOOK_SECONDS = 0.2
EVERY_SECONDS = 1.0
_MEMORY_OF_GROUP = Path("/sys/fs/cgroup/memory.max")
_MEMORY_OF_MACHINE = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Load:
    """Shares in use, from 0 to 1."""

    descriptors: float = 0.0
    memory: float = 0.0


class Overload:
    """Looks at the process, and at its `crowd`. `memory` in bytes, 0 for what there is."""

    def __init__(self, *, memory: int = 0, most_new: int = MOST_NEW) -> None:
        self.crowd = Crowd(most_new=most_new, full=self._full)
        self._memory = memory or available()
        self._load = Load()
        self._looked = float("-inf")
        self._counted = 0  # connections when we looked
        self._shedding = False
        self._lasts = False  # at the last look it was as bad
        self._watching: asyncio.Task[None] | None = None

    def load(self) -> Load:
        """What is in use now, or was a moment ago."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked, self._counted = now, len(self.crowd)
            self._load = Load(_descriptors() / _most_descriptors(), _resident() / self._memory)
            return self._load
        since = (len(self.crowd) - self._counted) / _most_descriptors()
        return Load(self._load.descriptors + since, self._load.memory)

    def busy(self) -> str:
        """Why there is no room for another stream, "" while there is."""
        load = self.load()
        share, what = max((load.descriptors, "file descriptors"), (load.memory, "memory"))
        return f"{round(share * 100)} % of its {what} are in use" if share >= BUSY else ""

    def open(self) -> None:
        """Begin to look after memory."""
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    def close(self) -> None:
        """End that."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def _watch(self) -> None:
        while True:
            if self.load().memory >= BUSY:
                give_back()
                self._looked = float("-inf")
            self.relieve(self.load().memory)
            await asyncio.sleep(EVERY_SECONDS)

    def relieve(self, memory: float) -> None:
        """Give up what there is to give up at this share of memory."""
        if memory < FULL:
            self._shedding = self._lasts = False
            return
        gone = self.crowd.shed(max(1, len(self.crowd) // 10))
        if memory >= LAST and (not gone or self._lasts):  # players come back as fast as they go
            gone += self.crowd.drop_newest_stream()
        self._lasts = memory >= LAST
        if gone and not self._shedding:
            self._shedding = True
            logger.error(
                "%d %% of memory are in use: players go.",
                round(memory * 100),
                extra={"code": "OVERLOAD_PLAYERS"},
            )

    def _full(self) -> bool:
        return self.load().descriptors >= FULL


def give_back() -> None:
    """Hand what is free in our heap back to the machine, where libc can.

    malloc keeps it, and it counts as ours: who was full once would refuse newcomers for ever.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def available() -> int:
    """Bytes of memory that the container may have, or the machine has."""
    try:
        said = _MEMORY_OF_GROUP.read_text().strip()
    except OSError:
        said = "max"
    machine = next(
        int(line.split()[1]) << 10
        for line in _MEMORY_OF_MACHINE.read_text().splitlines()
        if line.startswith("MemTotal:")
    )
    return min(machine, int(said)) if said.isdigit() else machine


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _most_descriptors() -> int:
    return max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

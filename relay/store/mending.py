"""The attempts to bring back to the disk what it refused, until the trouble is over.

One member at a time, in the order of the puts and under the `seq` that it has: a kill in between
leaves a disk that holds what was put up to some moment. A member that is trimmed while it is being
written is deleted again. What a read-only disk would not let go of is deleted when it lets it.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic

import structlog

from relay.media import Buffer
from relay.store.filed import Filed
from relay.store.folder import ChannelFolder
from relay.store.spill import TROUBLE, Spill

log = structlog.get_logger()

RETRY = 1.0
"""Seconds between two attempts."""

STEADY = 10
"""So many times that without a refusal end the trouble."""


class Mending:
    """The trouble of one folder. `lock` is held while a file of it is being written."""

    def __init__(
        self, folder: ChannelFolder, spill: Spill, writers: ThreadPoolExecutor, retry: float
    ) -> None:
        """`retry`: seconds between two attempts."""
        self.lock = asyncio.Lock()
        self._folder = folder
        self._spill = spill
        self._writers = writers
        self._retry = retry
        self._stayed: list[Filed] = []
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def refused(self, error: OSError) -> None:
        """The disk refuses. Raises `error` again when it is not the trouble of the whole disk."""
        if error.errno not in TROUBLE:
            raise error
        self._spill.refused(error, monotonic())
        self._begin()

    def keep(self, filed: Filed, data: Sequence[Buffer]) -> None:
        """A member is to wait in memory. Raises OSError when that is full."""
        self._spill.keep(filed, data)
        self._begin()

    async def remove(self, filed: Sequence[Filed]) -> None:
        """Delete files, and those that stayed before."""
        gone, self._stayed = [*self._stayed, *filed], []
        if gone:
            loop = asyncio.get_running_loop()
            stayed = await loop.run_in_executor(self._writers, self._folder.remove, gone)
            self._stayed.extend(stayed)

    def clear(self) -> None:
        """Nothing is to be written or deleted any more. Called under the lock."""
        self._spill.clear()
        self._stayed.clear()

    async def end(self) -> None:
        """One more attempt; what is in memory then is lost, and the log says so."""
        self._ending.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        await self._write_back()
        if self._spill:
            log.error(
                "store_lost", code="STORE_LOST", members=len(self._spill), reason=self._spill.why
            )

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._mend())

    async def _mend(self) -> None:
        while not self._spill.settled(monotonic(), STEADY * self._retry):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._retry):
                    await self._ending.wait()
                return  # `end` makes the last attempt
            await self._write_back()

    async def _write_back(self) -> None:
        """As far as the disk takes it."""
        loop = asyncio.get_running_loop()
        while self._spill:
            async with self.lock:
                if (oldest := self._spill.oldest()) is None:
                    break  # cleared while this waited
                filed, data = oldest
                try:
                    filed.crc = await loop.run_in_executor(
                        self._writers, self._folder.rewrite, filed, data
                    )
                except OSError as error:
                    self._spill.refused(error, monotonic())
                    return
                if not self._spill.forget(filed):
                    await self.remove([filed])
        await self.remove([])

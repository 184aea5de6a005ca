"""What the brokers need no longer keep, told to them now and then, all together.

A purge is an entry in their log, whatever it deletes; a window moves with each fragment of each
track. So they are told every few seconds how far it has moved. Every relay says so: that costs
little, and none of them has to be the one.
"""

import asyncio
from contextlib import suppress

from relay.store.jetstream.brokers import Silence
from relay.store.jetstream.link import Link

PAUSE = 5.0
"""Seconds between two times."""


class Tidying:
    """Of one channel."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._below: dict[str, int | None] = {}
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, subject: str, below: int | None = None) -> None:
        """What has these subjects may go: all, or what has a place below."""
        known = self._below.get(subject, 0)
        self._below[subject] = None if known is None or below is None else max(known, below)

    def open(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="tidy")

    async def close(self) -> None:
        """End, after one more time."""
        self._ending.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._ending.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await self._ending.wait()
            with suppress(Silence):  # what is left goes the next time
                await self._tell()

    async def _tell(self) -> None:
        while self._below and (session := self._link.session) is not None:
            subject, below = next(iter(self._below.items()))
            await session.purge(subject, below)
            if self._below.get(subject) == below:
                del self._below[subject]

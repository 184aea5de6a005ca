"""Work that nobody waits for: what fails is told once, and what is still due is tried again."""

import asyncio
from collections.abc import Awaitable, Callable

from relay.errors import StoreUnavailable

PAUSE = 1.0
"""Seconds after a failure, so that a disk which refuses is not asked all the time."""


class Unattended:
    """Awaits work, and never raises what a disk does. `tell`: of a channel."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._failing = False

    async def __call__(self, work: Awaitable[None]) -> None:
        """Do it; told when it fails and did not before."""
        try:
            await work
        except (StoreUnavailable, OSError) as error:
            if not self._failing:
                self._tell(StoreUnavailable.code, str(error), grave=True)
            self._failing = True
            await asyncio.sleep(PAUSE)
        else:
            self._failing = False

"""How late the event loop is: a task that sleeps and looks at how much longer it took.

Whatever holds the loop (a slow playlist, a large replay) delays every encoder and player by as
much, so it is measured where it hurts. The greatest of the last `KEPT` looks is what is told.
"""

import asyncio
from collections import deque

EVERY = 0.25
KEPT = 60


class Lag:
    """The measure. `worst` in seconds."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque([0.0], KEPT)
        self._task: asyncio.Task[None] | None = None

    def worst(self) -> float:
        """The latest that the loop was in the last 15 s."""
        return max(self._seen)

    def open(self) -> None:
        """Begin to measure."""
        self._task = asyncio.create_task(self._run(), name="lag")

    def close(self) -> None:
        """Measure no more. Never waits."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            self._seen.append(max(0.0, loop.time() - due))

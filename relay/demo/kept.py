"""A process of the demo that is kept running: what is killed comes back after a while.

It runs in a session of its own, so that Ctrl-C at the terminal ends the demo, which then ends it in
order. What it says goes to a file; of that, the last line is told when it has ended by itself.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LAST_CALL = 5
"""Seconds that an orderly end may take."""

Say = Callable[[str, str, str], None]
"""What kind of thing, which of them, and what happened to it."""


@dataclass(slots=True)
class Kept:
    """A process, kept running until `stop`.

    `what` it is, its `name`, and what it `does`, in words; `log`: where what it says goes.
    `command` is asked for anew at each start, and may wait for the moment to start at. `away`: the
    seconds that it stays away when it was killed.
    """

    what: str
    name: str
    does: str
    log: Path
    command: Callable[[], Awaitable[Sequence[str]]]
    say: Say
    away: int
    _process: asyncio.subprocess.Process | None = None
    _keeper: asyncio.Task[None] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Begin."""
        self._keeper = asyncio.create_task(self._keep(), name=self.name)

    async def stop(self) -> None:
        """End it with SIGINT, and wait for that."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(self._process.wait(), LAST_CALL)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def _keep(self) -> None:
        while True:
            command = await self.command()
            quiet = asyncio.subprocess.DEVNULL
            with self.log.open("wb") as log:
                self._process = process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=quiet,
                    stdout=quiet,
                    stderr=log,
                    start_new_session=True,
                    env={key: v for key, v in os.environ.items() if not key.startswith("RELAY_")},
                )
            self.say(self.what, self.name, f"{self.does}; to kill it: kill -9 {process.pid}")
            code = await process.wait()
            last = self.log.read_text("utf-8", errors="replace").strip().splitlines()[-1:]
            how = f"was killed by signal {-code}" if code < 0 else ": ".join(["ended", *last])
            self.say(self.what, self.name, f"{how}; comes back in {self.away} s")
            await asyncio.sleep(self.away)

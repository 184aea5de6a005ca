"""A process of the demo that is kept running: what is killed comes back after a while.

It runs in a session of its own, so that Ctrl-C at the terminal ends the demo, which then ends it in
order. What it says on standard error goes to a file; of that, the last line is told when it has
ended by itself. Lines come and go by its standard input and output where somebody hears them.

Whoever looks may also order it about:

    rest / wake      it ends in order, and stays away until it is woken
    again            it ends in order, and comes back at once
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
LONGEST_LINE = 1 << 20

Say = Callable[[str, str, str], None]
"""What kind of thing, which of them, and what happened to it."""


@dataclass(slots=True)
class Kept:
    """A process, kept running until `stop`.

    `what` it is, its `name`, and what it `does`, in words; `log`: where what it says goes.
    `command` is asked for anew at each start, and may wait for the moment to start at. `away`: the
    seconds that it stays away when it was killed. `hear`: takes each line of its standard output;
    `tell` then writes to its standard input.
    """

    what: str
    name: str
    does: str
    log: Path
    command: Callable[[], Awaitable[Sequence[str]]]
    say: Say
    away: int
    hear: Callable[[bytes], None] | None = None
    _process: asyncio.subprocess.Process | None = None
    _keeper: asyncio.Task[None] | None = field(default=None, repr=False)
    _ordered: bool = False  # that it ends
    _awake: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """Begin."""
        self._awake.set()
        self._keeper = asyncio.create_task(self._keep(), name=self.name)

    async def stop(self) -> None:
        """End it with SIGINT, and wait for that."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._end()

    @property
    def runs(self) -> bool:
        """There is a process."""
        return self._process is not None and self._process.returncode is None

    async def rest(self) -> None:
        """End it; it stays away."""
        self._awake.clear()
        await self.again()

    def wake(self) -> None:
        """Let it come back."""
        self._awake.set()

    async def again(self) -> None:
        """End it; unless it rests, it comes back at once."""
        self._ordered = True
        await self._end()

    def tell(self, line: bytes) -> None:
        """Write a line to it, if it is there."""
        stdin = self._process.stdin if self._process is not None else None
        if stdin is not None and not stdin.is_closing():
            stdin.write(line + b"\n")

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _end(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._signal(signal.SIGINT)
        try:
            await asyncio.wait_for(self._process.wait(), LAST_CALL)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._process.wait()

    async def _keep(self) -> None:
        while True:
            await self._awake.wait()
            command = await self.command()
            quiet, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
            with self.log.open("wb") as log:
                self._process = process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=pipe if self.hear else quiet,
                    stdout=pipe if self.hear else quiet,
                    stderr=log,
                    start_new_session=True,
                    limit=LONGEST_LINE,
                    env={key: v for key, v in os.environ.items() if not key.startswith("RELAY_")},
                )
            self._ordered = False
            self.say(self.what, self.name, f"{self.does}; to kill it: kill -9 {process.pid}")
            await self._heard(process)
            await self._left(await process.wait())

    async def _heard(self, process: asyncio.subprocess.Process) -> None:
        if self.hear is not None and process.stdout is not None:
            async for line in process.stdout:
                self.hear(line)

    async def _left(self, code: int) -> None:
        """It is gone: say how, and wait for as long as it stays away."""
        if self._ordered:
            after = "comes back at once" if self._awake.is_set() else "stays away until it is asked"
            self.say(self.what, self.name, f"was asked to end; {after}")
            return
        last = self.log.read_text("utf-8", errors="replace").strip().splitlines()[-1:]
        how = f"was killed by signal {-code}" if code < 0 else ": ".join(["ended", *last])
        self.say(self.what, self.name, f"{how}; comes back in {self.away} s")
        await asyncio.sleep(self.away)

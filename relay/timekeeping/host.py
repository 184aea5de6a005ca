"""Asks this machine about its clock, now and then, in a thread: the programs may be slow.

Only the programs of the system are run, by their full path, and never for longer than `SECONDS`.
"""

import asyncio
import struct
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from relay.timekeeping import ClockState, chrony, kernel, ntpd

EVERY = 30.0
SECONDS = 1.0

Asked = Sequence[tuple[Sequence[str], Callable[[str], ClockState | None]]]
PROGRAMS: Asked = (
    (("/usr/bin/chronyc", "-n", "-c", "tracking"), chrony),
    (("/usr/bin/ntpq", "-n", "-c", "rv"), ntpd),
)
TIMEX, TIMEX_BYTES = "@IllllI", 512
"""The head of struct timex (linux/timex.h): modes, offset, freq, maxerror, esterror, status;
and room for all of it."""
_PLAIN: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def ask(programs: Asked = PROGRAMS) -> ClockState:
    """What this machine knows of its clock. Blocks; never raises."""
    for command, read in programs:
        state = read(_run(command))
        if state is not None:
            return state
    return _kernel()


def _run(command: Sequence[str]) -> str:
    if not Path(command[0]).exists():
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a constant
            command, capture_output=True, timeout=SECONDS, env=_PLAIN, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout[:4096].decode("ascii", "replace")


def _kernel() -> ClockState:
    # Where memory is never both writable and executable (the unit's MemoryDenyWriteExecute), ctypes
    # itself may fail to load: it is wanted here only.
    try:
        import ctypes  # noqa: PLC0415
    except (ImportError, MemoryError, OSError):
        return ClockState()
    timex = ctypes.create_string_buffer(TIMEX_BYTES)  # modes 0: it only reads, which everybody may
    try:
        told = ctypes.CDLL(None).adjtimex(timex)
    except (OSError, AttributeError):
        return ClockState()
    _modes, _offset, _freq, maxerror, _esterror, status = struct.unpack_from(TIMEX, timex)
    return kernel(status, maxerror) if told >= 0 else ClockState()


class Timekeeper:
    """What is known of the clock, asked anew every `every` seconds."""

    def __init__(self, asking: Callable[[], ClockState] = ask, every: float = EVERY) -> None:
        self.state = ClockState()
        self._asking = asking
        self._every = every
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._run(), name="timekeeper")

    async def close(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            self.state = await asyncio.to_thread(self._asking)
            await asyncio.sleep(self._every)

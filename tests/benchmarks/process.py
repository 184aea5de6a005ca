"""A child process whose CPU is measured: that of itself, its threads and its children, in seconds.

The kernel keeps an exact clock of each process, of its ended threads too, that others may read
(clock_gettime, with an id made of the pid). Of a process that has ended, wait4 says the same.
What is measured runs on one core, what loads it on another, where there are two.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
MEASURED = {CORES[0]}
LOADING = {CORES[-1]}
PINNED = ["taskset", "-c", str(CORES[0])]
"""What to write before a command that is measured."""
SERVERS = [sys.executable, "-m", "tests.benchmarks.servers"]


def cpu_of(pid: int) -> float:
    """User and system time of a process and its children, in seconds."""
    return sum(time.clock_gettime((~each << 3) | 2) for each in family(pid))


def family(pid: int) -> list[int]:
    """A process and its children."""
    said = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [pid, *(each for child in said.split() for each in family(int(child)))]


def rss_of(pid: int) -> int:
    """Bytes in memory of a process and its children."""
    page = os.sysconf("SC_PAGE_SIZE")
    return (
        sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in family(pid)) * page
    )


def listens(port: int) -> bool:
    """Whether somebody listens there; no connection is made."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A" for row in rows)


def until_listening(*ports: int) -> None:
    """Wait until all of them are taken. Raises OSError."""
    deadline = time.monotonic() + 30
    while not all(map(listens, ports)):
        if time.monotonic() > deadline:
            raise OSError(f"nobody listens on {ports}")
        time.sleep(0.01)


class Process:
    """A running command. `said`: the first line that it wrote, where `speaks`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        speaks: bool = False,
        folder: Path | None = None,
        cores: set[int] = MEASURED,
    ) -> None:
        self.command = ["taskset", "-c", ",".join(map(str, sorted(cores))), *command]
        self._child = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE if speaks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if speaks else subprocess.DEVNULL,
            stderr=subprocess.PIPE if not speaks else None,
            cwd=folder,
        )
        self.pid = self._child.pid
        self.said = self._line() if speaks else ""

    def cpu(self) -> float:
        """So far."""
        return cpu_of(self.pid)

    def ask(self) -> str:
        """Its next line, for an empty line to it."""
        assert self._child.stdin is not None
        self._child.stdin.write(b"\n")
        self._child.stdin.flush()
        return self._line()

    def ended(self) -> float:
        """Wait for its end; its CPU in all."""
        _, status, usage = os.wait4(self.pid, 0)
        self._child.returncode = os.waitstatus_to_exitcode(status)
        self._close()
        return usage.ru_utime + usage.ru_stime

    def kill(self) -> None:
        """End it, with its children."""
        if self._child.returncode is None:
            for pid in reversed(family(self.pid)):
                os.kill(pid, signal.SIGKILL)
            self._child.wait()
            self._close()

    def _line(self) -> str:
        assert self._child.stdout is not None
        line = self._child.stdout.readline().decode().strip()
        if not line:
            raise OSError(f"{self.command} said nothing")
        return line

    def _close(self) -> None:
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            if stream is not None:
                stream.close()

"""What a good stream notices of storms: `python -m tests.benchmarks storm [SECONDS [NAME ...]]`.

One encoder pushes a fragment every 50 ms to a real relay. Measured is the time from its last byte
to the moment at which the media playlist has it, by asking for that again and again. Each storm is
measured between two calm spells of the same run; the ratio is its p99 by theirs. Storms come from
other machines than this one: so the relay has a core of its own, in the calm as in the storm, and
who storms stands behind who measures on the others. What has to hold whatever the ratio: every
fragment is published, in order, with no gap, and the encoder's POST is never refused.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.door import LAST, PATH, TRACK, header, request, video
from tests.e2e.relay_process import RelayProcess
from tests.server.wire import chunk

SECONDS = 8.0
PACE = 0.05
NAMES = ("idle", "players", "descriptors", "disk", "chunks", "bodies")
DISK_MIB = 64
PLAYLIST = f"GET /news.isml/{TRACK}/index.m3u8 HTTP/1.1\r\nHost: relay\r\n\r\n".encode()


@dataclass
class Stream:
    """The good encoder's POST, and who asks for what it has brought."""

    port: int
    index: int = 0
    lost: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Both connections; at the end the POST is answered 200."""
        answers, self._post = await asyncio.open_connection("127.0.0.1", self.port)
        self._reader, self._asking = await asyncio.open_connection("127.0.0.1", self.port)
        self._post.write(request(f"{PATH}?source=good") + chunk(header()))
        yield
        self._post.write(LAST)
        status = await asyncio.wait_for(answers.readline(), 30)
        if b" 200 " not in status:
            raise AssertionError(f"the good stream was answered {status!r}")
        for writer in (self._post, self._asking):
            writer.close()

    async def spell(self, seconds: float) -> list[float]:
        """Push for so long; ms of each fragment until it was listed."""
        took: list[float] = []
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            self._post.write(chunk(video(self.index)))
            await self._post.drain()
            began = time.perf_counter()
            while not await self._listed():
                if time.perf_counter() - began > 30:
                    raise AssertionError(f"fragment {self.index} is not listed after 30 s")
            took.append((time.perf_counter() - began) * 1000)
            self.index += 1
            await asyncio.sleep(max(0.0, PACE - took[-1] / 1000))
        return took

    async def _listed(self) -> bool:
        try:
            self._asking.write(PLAYLIST)
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            # Short of descriptors the relay lets players go before encoders; they come again.
            self._asking.close()
            self._reader, self._asking = await asyncio.open_connection("127.0.0.1", self.port)
            return False
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await self._reader.readexactly(size)
        if b"EXT-X-GAP" in body or b"EXT-X-DISCONTINUITY" in body:
            raise AssertionError("there is a hole in the good stream")
        return b"\n%d.m4s" % self.index in body


@contextmanager
def attacked(name: str, relay: RelayProcess, index: int) -> Iterator[None]:
    """One storm."""
    with ExitStack() as stack:
        if name == "disk":
            filler = Path(relay.folder) / "store" / "filler"
            stack.callback(filler.unlink, missing_ok=True)
            subprocess.run(
                ["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False
            )
            yield
            return
        if name == "descriptors":
            used = sum(1 for _ in Path(f"/proc/{relay.pid}/fd").iterdir())
            before = resource.prlimit(relay.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(relay.pid, resource.RLIMIT_NOFILE, (used + 100, before[1]))
            stack.callback(resource.prlimit, relay.pid, resource.RLIMIT_NOFILE, before)
        attack = [sys.executable, "-m", "tests.benchmarks.attacks", name, str(relay.port)]
        command = ["nice", "-n", "19", *attack]
        storm = subprocess.Popen(
            [*command, str(index)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        stack.callback(storm.wait)
        stack.callback(storm.kill)
        assert storm.stdout is not None
        if storm.stdout.readline() != b"begun\n":
            raise AssertionError(f"the storm {name} did not begin")
        yield


def apart(pid: int) -> None:
    """The last core is the relay's, the others are ours and of all whom we start from here on."""
    *ours, its = sorted(os.sched_getaffinity(0))
    if not ours:
        print("one core for all: the ratios are too high")
        return
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {its})
    os.sched_setaffinity(0, ours)


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """A small file system of its own in `folder`, where that is possible."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if not mounted:
        print("no file system of its own can be mounted here: no storm on the disk")
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def p99(took: list[float]) -> float:
    """The 99th percentile."""
    return sorted(took)[min(len(took) - 1, len(took) * 99 // 100)]


async def measured(relay: RelayProcess, names: list[str], seconds: float) -> dict[str, float]:
    """p99 in a storm by the worse p99 of the calm before and after it, by storm."""
    ratios: dict[str, float] = {}
    print(f"{'':12} {'calm p50':>9} {'p99':>7} {'storm p50':>10} {'p99':>7} {'ratio':>7}    n   ms")
    stream = Stream(relay.port)
    async with stream.open():
        await stream.spell(3)
        for name in names:
            before = await stream.spell(seconds)
            manager = attacked(name, relay, stream.index - 1)
            await asyncio.to_thread(manager.__enter__)
            try:
                during = await stream.spell(seconds)
            finally:
                await asyncio.to_thread(manager.__exit__, None, None, None)
            await stream.spell(2)
            after = await stream.spell(seconds / 2)
            calm = max(p99(before), p99(after))
            ratios[name] = p99(during) / calm
            print(
                f"{name:12} {median(before):9.1f} {calm:7.1f} {median(during):10.1f}"
                f" {p99(during):7.1f} {ratios[name]:7.2f} {len(during):4}"
            )
    return ratios


def main(arguments: list[str]) -> int:
    """Measure, print, and say whether nothing was lost."""
    seconds = float(arguments[0]) if arguments else SECONDS
    names = arguments[1:] or [*NAMES]
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        store.mkdir()
        settings = {"fragment_duration": "2", "dvr_window": 60, "patience": 60.0}
        with (
            disk(store),
            RelayProcess(Path(folder), {"news": settings}, "[limits]\nmemory_mib = 0\n") as relay,
        ):
            apart(relay.pid)
            asyncio.run(measured(relay, names, seconds))
            said = relay.text()
    broken = [line for line in said.splitlines() if "Traceback" in line]
    print(f"nothing lost, no gap; the log: {len(said) / 1e3:.0f} kB, {len(broken)} tracebacks")
    return 1 if broken else 0

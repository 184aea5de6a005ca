"""`relay demo` as a child process, on free ports, with a clip that was made before."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from relay.demo import clip
from tests.e2e import served
from tests.e2e.relay_process import free_port

LASTS = 240
"""Seconds; a test ends it before."""
LIMIT = 60
FIRST_PICTURE = 8
BUSY = 15
"""A busy machine may take so many times as long as `relay version` does; a calm one needs 6 s."""
KILL = re.compile(r"(relay|encoder|upstream) +(\w*) .*kill -9 (\d+)")


def clip_in(cache: Path) -> Path:
    """`cache` with the demo's clip, as after its first run."""
    clip.make(cache / "isml-relay" / clip.NAME)
    return cache


def first_picture() -> float:
    """Seconds within which the first picture is promised, on a machine as busy as this one."""
    version = [sys.executable, "-m", "relay", "version"]
    subprocess.run(version, check=True, capture_output=True)
    began = time.monotonic()
    subprocess.run(version, check=True, capture_output=True)
    return max(FIRST_PICTURE, BUSY * (time.monotonic() - began))


class DemoProcess:
    """A context: at its end it is gone. `cache`: a folder that holds the demo's clip."""

    def __init__(self, cache: Path, folder: Path, *options: str) -> None:
        self.port, self.admin = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.master = f"{self.url}/news.isml/master.m3u8"
        self.page = f"http://127.0.0.1:{self.admin}/ui/"
        self._log = folder / "demo.log"
        self._options = options
        self._environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "relay", "demo", "--for", str(LASTS), *self._options]
        command += ["--port", str(self.port), "--admin-port", str(self.admin)]
        with self._log.open("wb") as said:
            self._child = subprocess.Popen(
                command, stdout=said, stderr=subprocess.STDOUT, env=self._environment
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            self._child.wait()

    @property
    def runs(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    @property
    def pids(self) -> dict[str, int]:
        """The newest process of each name; the relay's is "relay"."""
        return {name or what: int(pid) for what, name, pid in KILL.findall(self.text)}

    def end(self) -> int:
        """Ctrl-C; its exit code."""
        assert self._child is not None
        self._child.send_signal(signal.SIGINT)
        return self._child.wait(LIMIT)

    def until(self, condition: Callable[[], bool], limit: float = LIMIT) -> None:
        """Wait until it holds. AssertionError with what it said, when it ends or never does."""
        deadline = time.monotonic() + limit
        while not condition():
            assert self.runs, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.1)

    def playable(self) -> bool:
        """A segment of every track can be fetched."""
        try:
            if served.get(self.master).status != 200:
                return False
        except OSError:
            return False
        texts = served.playlists(self.master)
        return len(texts) == 4 and all(
            served.rendition(url, text).segments for url, text in texts.items() if url
        )

"""`relay push` as a child process that can be killed and started again, as a supervisor would."""

import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self


class Push:
    """The model encoder, pushing `clip` to `url`. A context: at its end, it is gone.

    What all its lives say goes to one file in `folder`.
    """

    def __init__(self, clip: Path, url: str, source: str, folder: Path) -> None:
        self.source = source
        self._log = folder / f"{source}.log"
        self._command = [sys.executable, "-m", "relay", "push", str(clip), url]
        self._command += ["--source", source]
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self, *options: str) -> None:
        """Begin a life, with these options."""
        assert not self.running
        with self._log.open("ab") as said:
            self._child = subprocess.Popen(
                [*self._command, *options],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def kill(self) -> None:
        """SIGKILL: no last chunk, no farewell."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def end(self, limit: float = 20.0) -> int:
        """Ctrl-C; the exit code. AssertionError when it still pushes after `limit` seconds."""
        assert self._child is not None
        self._child.send_signal(signal.SIGINT)
        try:
            return self._child.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still pushes after {limit} s: {self.text()}") from None

    def text(self) -> str:
        """What it said."""
        return self._log.read_text(errors="replace")

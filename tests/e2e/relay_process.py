"""A real relay: `relay run` as a child process, on free ports, with a store of its own.

It can be killed and started again on the same ports and the same store, as a supervisor would. All
that its lives wrote goes to one log, which a failing test shows (see conftest) and which must hold
no traceback at the end.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

START_LIMIT = 120.0
STOP_LIMIT = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RelayProcess:
    """`with RelayProcess(folder, {"av": {"fragment_duration": "2"}}) as relay:` is up and ready.

    `channels`: settings of each channel by name, as in the configuration file, tables within tables
    too. `extra`: lines that go to the file's beginning as they are. `environment`: variables more;
    `before`: what to write before the command.
    """

    def __init__(
        self,
        folder: Path,
        channels: Mapping[str, Mapping[str, object]],
        extra: str = "",
        environment: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self._before = before
        self.port, self.admin = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin_url = f"http://127.0.0.1:{self.admin}"
        self.log = folder / "relay.log"
        self.conf = folder / "relay.toml"
        self.command = [sys.executable, "-m", "relay", "run", str(self.conf)]
        self._child: subprocess.Popen[bytes] | None = None
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RELAY_")}
        self._environment = {**kept, **(environment or {})}
        lines = [
            extra,
            "[server]",
            f'listen = "127.0.0.1:{self.port}"',
            f'admin = "127.0.0.1:{self.admin}"',
            "[store]",
            'kind = "disk"',
            f'path = "{folder / "store"}"',
        ]
        for name, settings in channels.items():
            lines += _table(f"channels.{name}", settings)
        self.conf.write_text("\n".join(lines) + "\n")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.running:
            self.kill()

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Start it and wait for /readyz; RuntimeError with the log when it does not get there."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*self._before, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )
        deadline = time.monotonic() + START_LIMIT
        while not self.ready():
            if not self.running or time.monotonic() > deadline:
                rc = self._child.poll()
                self.kill()
                raise RuntimeError(f"the relay is not ready (exit code {rc}):\n{self.text()}")
            time.sleep(0.05)

    def ready(self) -> bool:
        try:
            with urlopen(f"{self.admin_url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except HTTPError as error:
            error.close()
            return False
        except (URLError, OSError, http.client.HTTPException):
            return False

    def kill(self) -> None:
        """SIGKILL, as the out-of-memory killer does it."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def terminate(self) -> None:
        """SIGTERM, as a supervisor does it."""
        assert self._child is not None
        self._child.send_signal(signal.SIGTERM)

    def wait(self, limit: float = STOP_LIMIT) -> int:
        """Its exit code; AssertionError when it does not end in `limit` seconds."""
        assert self._child is not None
        try:
            return self._child.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the relay still runs after {limit} s") from None

    def text(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def _table(name: str, settings: Mapping[str, object]) -> list[str]:
    plain = {key: value for key, value in settings.items() if not isinstance(value, Mapping)}
    lines = [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in plain.items())]
    for key, value in settings.items():
        if isinstance(value, Mapping):
            lines += _table(f"{name}.{key}", value)
    return lines


def _toml(value: object) -> str:
    """A setting as TOML writes it; strings here need no escapes."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)

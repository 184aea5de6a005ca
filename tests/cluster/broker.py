"""Real brokers for tests: `nats-server` from the development dependencies, on free ports."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

BINARY = Path(sys.executable).with_name("nats-server")
LIMIT = 60.0
"""Seconds for anything."""


class Broker:
    """One server. It may be killed, stopped and started again: ports and folder stay."""

    def __init__(
        self,
        folder: Path,
        name: str = "n0",
        routes: dict[str, int] | None = None,
        host: str = "127.0.0.1",
        before: Sequence[str] = (),
    ) -> None:
        """`routes`: the ports at which the servers of one cluster meet, by name; None: alone.

        `host`: where it is asked for; `before`: what to write before the command.
        """
        self.name = name
        self.port = free_port()
        self._host, self._before = host, before
        self.folder = folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            f"server_name: {name}",
            f'listen: "0.0.0.0:{self.port}"',
            "max_payload: 16MB",
            "max_pending: 256MB",
            f'jetstream {{ store_dir: "{self.folder}/js", max_file_store: 4GB }}',
        ]
        if routes is not None:
            peers = ", ".join(f'"nats://127.0.0.1:{at}"' for at in routes.values())
            lines.append(
                f'cluster {{ name: c, listen: "127.0.0.1:{routes[name]}", routes: [{peers}] }}'
            )
        (self.folder / "conf").write_text("\n".join(lines) + "\n")

    @property
    def url(self) -> str:
        return f"nats://{self._host}:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; returns once it accepts connections."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._before, BINARY, "-c", self.folder / "conf"],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + LIMIT
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "the broker takes no connections"
            time.sleep(0.02)

    def up(self) -> None:
        """Start it, if it is not running."""
        if self._process is None:
            self.start()

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """It answers nothing, and its connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def wipe(self) -> None:
        """Forget all it had; it is down."""
        shutil.rmtree(self.folder / "js", ignore_errors=True)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self._host, self.port), 1):
            return True
        return False


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def brokers(
    folder: Path, count: int, host: str = "127.0.0.1", before: Sequence[str] = ()
) -> Iterator[list[Broker]]:
    """So many in one cluster, started; all end with the block."""
    routes = {f"n{n}": free_port() for n in range(count)} if count > 1 else None
    made = [Broker(folder, f"n{n}", routes, host, before) for n in range(count)]
    try:
        for broker in made:
            broker.start()
        yield made
    finally:
        for broker in made:
            broker.kill()

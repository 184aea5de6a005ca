"""The servers that a load is pushed at, each with the CPU of its processes. They stay up for a run.

The relay's side is the whole path: merge, durable disk store, one upstream, and the media playlist
asked for after each fragment. What counts of it ends when the upstream has everything. The upstream
itself is a sink, and no part of the side.
"""

import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self
from urllib.request import urlopen

from tests.benchmarks.load import TRACK, Push, Target
from tests.benchmarks.process import (
    LOADING,
    PINNED,
    SERVERS,
    Process,
    cpu_of,
    until_listening,
)
from tests.benchmarks.rounds import Spent
from tests.e2e.relay_process import RelayProcess

WINDOW = 10
"""Seconds of the DVR window: trimming is part of the path, and pages come back for the next."""
PAPERS = Path(__file__).parents[1] / "courier" / "certificates"


class Side(ABC):
    """One server. A context; `name` is what the table calls it."""

    name: str

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """End it."""

    @abstractmethod
    def targets(self, count: int) -> list[Target]:
        """Where so many encoders push."""

    @abstractmethod
    def cpu(self) -> float:
        """Seconds so far."""

    def settle(self, media: int) -> None:  # noqa: B027 - most are through when they have answered
        """Wait until what was pushed, so many bytes, is through."""

    def spent(self, push: Push) -> Spent:
        """Push, and say what a GB of it cost."""
        before, giga = self.cpu(), push.media / 1e9
        took = push.run()
        self.settle(push.media)
        return Spent((self.cpu() - before) / giga, took / giga)


class Server(Side):
    """One of `tests.benchmarks.servers`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process = Process([*SERVERS, name], speaks=True)
        until_listening(self.port)

    @property
    def port(self) -> int:
        return int(self._process.said)

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def targets(self, count: int) -> list[Target]:
        return [Target(self.port, f"/c{at}") for at in range(count)]

    def cpu(self) -> float:
        return self._process.cpu()

    def ask(self) -> str:
        """What it says to an empty line."""
        return self._process.ask()


@dataclass
class Relay(Side):
    """A relay with channels c0, c1 and so on.

    sources   how many push each fragment of each channel
    stock     on hypercorn as it is
    upstream  the port of a receiver that it forwards to, in place of a sink of its own
    settings  of each channel, beside those that every benchmark has
    """

    folder: Path
    channels: int
    sources: int = 1
    stock: bool = False
    tls: bool = False
    forwards: bool = True
    upstream: int = 0
    durable: bool = True
    settings: Mapping[str, object] = field(default_factory=dict)
    name: str = "relay"
    _sink: Process | None = None
    _expected: int = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in (2, 1, 0):
            try:
                self.relay.start()
                break
            except RuntimeError as fault:
                if "already in use" not in str(fault) or not left:
                    raise
                self.__exit__()
                del self.relay  # somebody took its port
        with urlopen(f"{self.relay.admin_url}/api/v1/openapi.json", timeout=60) as answer:
            answer.read()  # it is loaded late, and not to be measured
        return self

    @cached_property
    def relay(self) -> RelayProcess:
        """The process, before it has started."""
        channels: dict[str, dict[str, object]] = {
            f"c{at}": {"fragment_duration": "2", "dvr_window": WINDOW, **self.settings}
            for at in range(self.channels)
        }
        if self.forwards:
            if not self.upstream:
                self._sink = Process([*SERVERS, "sink"], speaks=True, cores=LOADING)
            to = self.upstream or (self._sink and self._sink.said)
            for name, settings in channels.items():
                url = f"http://127.0.0.1:{to}/{name}.isml"
                settings["upstreams"] = {"up": {"url": url, "catch_up": 100}}
        papers = f'cert_file = "{PAPERS}/server.pem"\nkey_file = "{PAPERS}/server.pem"'
        extra = ["[tls]", papers] if self.tls else []
        extra += ["[limits]", "memory_mib = 0", "posts_per_address = 500"]
        made = RelayProcess(self.folder, channels, "\n".join(extra), before=PINNED)
        if not self.durable:
            text = made.conf.read_text().replace("[store]", "[store]\ndurable = false")
            made.conf.write_text(text)
        if self.stock:
            made.command = [*SERVERS, "relay", str(made.conf)]
        return made

    def __exit__(self, *_: object) -> None:
        self.relay.kill()
        if self._sink is not None:
            self._sink.kill()

    def lose(self) -> None:
        """The upstream is gone."""
        if self._sink is not None:
            self._sink.kill()

    def targets(self, count: int) -> list[Target]:
        return [
            Target(
                self.relay.port,
                f"/c{at}.isml/Streams(main)?source=enc_{source}",
                playlist="" if source else f"/c{at}.isml/{TRACK}/index.m3u8",
            )
            for at in range(count)
            for source in range(self.sources)
        ]

    def cpu(self) -> float:
        return cpu_of(self.relay.pid)

    def spent(self, push: Push) -> Spent:
        """As for any, by the GB that is published."""
        found = super().spent(push)
        return Spent(found.cpu * self.sources, found.wall * self.sources)

    def settle(self, media: int) -> None:
        if self._sink is None:
            return
        self._expected += media // self.sources
        deadline = time.monotonic() + 60
        while int(self._sink.ask()) < self._expected:
            if time.monotonic() > deadline:
                raise OSError(f"the upstream has not got everything:\n{self.relay.text()[-2000:]}")
            time.sleep(0.02)


def trusting() -> ssl.SSLContext:
    """A client's TLS that asks no questions."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def named(sides: Sequence[Side]) -> dict[str, Side]:
    """By their names."""
    return {side.name: side for side in sides}

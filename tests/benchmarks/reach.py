"""How long a fragment takes from its last byte to the upstream, and to the page of an operator.

    python -m tests.benchmarks reach

At live pace. Upstream counts the moment at which the moof is there, the first of what goes up; the
page, that at which a server-sent event says that the index is whole. The page looks twice a second,
so half a second of its figure is meant. Both stand beside the relay's own server that sends the
same bodies, at the same pace, back.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

from relay.mp4.fragment import parse_moof
from relay.mp4.reader import BoxReader
from relay.server.chunks import Chunks
from tests.benchmarks.latency import PATIENCE, echoed
from tests.benchmarks.load import SECONDS, Push, Target, connected, said
from tests.benchmarks.rounds import Figure, Spent, interleaved
from tests.benchmarks.scale import Result, Scale, beginning
from tests.benchmarks.sides import Relay, Server
from tests.benchmarks.storm import p99

Place = tuple[str, int]
"""Channel and index."""
_DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Upstream:
    """A receiver. A context; `came`: when the first of each fragment did, `port`: where."""

    def __init__(self) -> None:
        self.came: dict[Place, float] = {}
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                taken, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(taken,), daemon=True).start()

    def _serve(self, taken: socket.socket) -> None:
        with taken, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                found = taken.recv(1 << 18)
                if not found:
                    return
                head += found
            head, _, body = head.partition(b"\r\n\r\n")
            if b"chunked" in head.lower():
                self._read(taken, head.split(b"/")[1].decode().removesuffix(".isml"), body)
            taken.sendall(_DONE)

    def _read(self, taken: socket.socket, channel: str, data: bytes) -> None:
        chunks, reader = Chunks(), BoxReader()
        scale = said().scale
        while not chunks.rest:
            chunks.feed(data)
            while pieces := chunks.take(1_000):
                for box in (box for piece in pieces for box in reader.feed(piece)):
                    if box.type == "moof":
                        begins = parse_moof(box.data).tracks[0].decode_time or 0
                        place = channel, round(begins / scale / SECONDS)
                        self.came.setdefault(place, time.perf_counter())
            if not chunks.rest:
                data = taken.recv(1 << 18)
                if not data:
                    return


class Page:
    """Who listens to the board. A context; `came`: when each index was whole on it."""

    def __init__(self, relay: Relay) -> None:
        self.came: dict[Place, float] = {}
        self._to = connected(relay.relay.admin)

    def __enter__(self) -> Self:
        self._to.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._to.shutdown(socket.SHUT_RDWR)
        self._to.close()

    def _listen(self) -> None:
        with suppress(OSError, ValueError), self._to.makefile("rb") as lines:
            for line in lines:
                if not line.startswith(b"data: "):
                    continue
                now = time.perf_counter()
                board = json.loads(line.removeprefix(b"data: "))["board"]
                for channel, shown in (board.get("channels") or {}).items():
                    for index in _whole(shown):
                        self.came.setdefault((channel, index), now)


def _whole(shown: Any) -> set[int]:
    """The indexes that some cells call whole."""
    found: set[int] = set()
    for name, value in shown.items() if isinstance(shown, dict) else ():
        if value == "whole" and name.isdigit():
            found.add(int(name))
        else:
            found |= _whole(value)
    return found


class Reaching:
    """Pushes, and how long each fragment took to where `came` tells of it."""

    def __init__(self, relay: Relay, came: dict[Place, float], first: int) -> None:
        self._relay = relay
        self._came = came
        self._first = first

    def __call__(self, streams: int, count: int) -> Spent:
        """The p99 as `wall`. Raises OSError: something does not get there."""
        to = [Target(each.port, each.path) for each in self._relay.targets(streams)]
        ends: dict[Place, float] = {}

        def sent(at: int, index: int) -> None:
            ends[f"c{at}", index] = time.perf_counter()

        Push(to, self._first, count, pace=1, sent=sent).run()
        self._first += count
        deadline = time.monotonic() + PATIENCE
        while missing := ends.keys() - self._came.keys():
            if time.monotonic() > deadline:
                raise OSError(f"this has not come: {sorted(missing)[:5]}")
            time.sleep(0.02)
        return Spent(0, p99([max(0.0, self._came[each] - ends[each]) for each in ends]))


def reached(scale: Scale, folder: Path) -> Result:
    """Last byte in to the first byte out upstream, and to the event on the page."""
    figures = []
    for streams in (20, 1) if scale.full else (2,):
        with (
            Upstream() as upstream,
            Server("echo") as echo,
            Relay(folder / f"relay{streams}", streams, upstream=upstream.port) as relay,
            Page(relay) as page,
        ):
            first = beginning()
            sides: dict[str, Callable[[], Spent]] = {
                "upstream": partial(Reaching(relay, upstream.came, first), streams, 3),
                "echo": partial(echoed, echo, streams, 3),
            }
            found = interleaved(sides, scale.rounds, warm=False)
            seen = Reaching(relay, page.came, first + 3 * scale.rounds)
            found |= interleaved({"page": partial(seen, streams, 3)}, scale.rounds, warm=False)
        for where in ("upstream", "page"):
            name = f"{where} after the last byte, K={streams}"
            pair = found[where], found["echo"]
            figures.append(Figure(name, (where, "echo"), *pair, "p99 s", by="wall"))
    return Result(figures)

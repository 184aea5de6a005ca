"""Ingest: what a GB costs the relay's whole path, beside others that take the same bytes.

    python -m tests.benchmarks ingest [--quick]

K encoders push fragments of 5 MB in chunks of 32 or 256 KiB, flat out, or twenty of them at live
pace, chunk by chunk. Others: a bare asyncio protocol that drops everything (the floor), Starlette
on hypercorn as it is that drops everything, nginx that PUTs to the same disk, `ffmpeg -listen` that
makes HLS.
"""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.benchmarks.load import MEDIA, SECONDS, Push
from tests.benchmarks.peers import Ffmpeg, Nginx, present
from tests.benchmarks.rounds import Figure, Spent, interleaved
from tests.benchmarks.scale import Result, Scale, beginning
from tests.benchmarks.sides import WINDOW, Relay, Server, Side, named, trusting

FILLED = WINDOW // SECONDS + 2
"""More fragments of the first push, which does not count: the window is full from then on."""
WIDE = 12 * WINDOW
"""One stream alone is taken in far faster than it goes up, and what leaves the window is lost."""
STREAMS, CHUNKS = (8, 1, 20), (32, 256)
"""How many push, and KiB of their chunks."""
GOALS = {"stock": (0.8, 0.5), "sink": (4, 2.5), "nginx": (1.5, 1.0), "ffmpeg": (0.5, 0.3)}


def run(scale: Scale, folder: Path) -> Result:
    """Flat out, against everybody."""
    figures: list[Figure] = []
    with ExitStack() as stack:
        others: list[Side] = [Server("sink"), Server("stock")]
        found, absent = present(partial(Nginx, folder / "nginx"))
        others += [*found, Ffmpeg(folder / "ffmpeg", WINDOW)]
        for side in others:
            stack.enter_context(side)
        for streams in STREAMS if scale.full else STREAMS[:1]:
            settings = {"dvr_window": WIDE} if streams == 1 else {}
            with Relay(folder / f"relay{streams}", streams, settings=settings) as relay:
                figures += _beside(relay, others, streams, scale)
    return Result(figures, absent)


def _beside(relay: Relay, others: Sequence[Side], streams: int, scale: Scale) -> Iterator[Figure]:
    """One relay, with so many encoders."""
    count, first = max(1, scale.bytes // MEDIA // streams), beginning()
    for kib in CHUNKS if scale.full else CHUNKS[:1]:
        push = Pushes(streams, count, kib << 10, first)
        found = interleaved({s.name: partial(push, s) for s in (relay, *others)}, scale.rounds)
        first = push.first
        for other in others:
            name = f"ingest K={streams} {kib} KiB / {other.name}"
            goals = GOALS[other.name] if (streams, kib) == (STREAMS[0], CHUNKS[0]) else (0, 0)
            what, pair = ("relay", other.name), (found["relay"], found[other.name])
            yield Figure(name, what, *pair, "CPU s/GB", *goals)
        name = f"load K={streams} {kib} KiB: the sink takes it faster than the relay"
        what, pair = ("sink", "relay"), (found["sink"], found["relay"])
        yield Figure(name, what, *pair, "wall s/GB", 0.8, 0.5, by="wall")


def live(scale: Scale, folder: Path) -> Result:
    """Twenty channels at the pace at which they play; beside the same on stock hypercorn."""
    streams, count = (20, 3) if scale.full else (4, 1)
    sides: Sequence[Side] = (
        Server("sink"),
        Relay(folder / "ours", streams),
        Relay(folder / "stock", streams, stock=True, name="relay on stock"),
    )
    with ExitStack() as stack:
        for side in sides:
            stack.enter_context(side)
        push = Pushes(streams, count, 32 << 10, beginning(), pace=1)
        runs: dict[str, Callable[[], Spent]] = {s.name: partial(push, s) for s in sides}
        found = interleaved(runs, scale.rounds)
    goals = {"relay on stock": (0.8, 0.5), "sink": (0, 0)}
    return Result(
        [
            Figure(
                f"live pace K={streams} 32 KiB / {other}",
                ("relay", other),
                found["relay"],
                found[other],
                "CPU s/GB",
                *goals[other],
            )
            for other in goals
        ]
    )


def twice(scale: Scale, folder: Path) -> Result:
    """Every fragment from two encoders, beside every fragment from one."""
    streams = 4
    sides = named(
        [
            Relay(folder / "two", streams, sources=2, name="two sources"),
            Relay(folder / "one", streams, name="one source"),
        ]
    )
    with ExitStack() as stack:
        for side in sides.values():
            stack.enter_context(side)
        count = max(1, scale.bytes // MEDIA // streams)
        push = Pushes(streams, count, 32 << 10, beginning())
        found = interleaved({n: partial(push, s) for n, s in sides.items()}, scale.rounds)
    pair = found["two sources"], found["one source"]
    what = ("two sources", "one source")
    return Result(
        [Figure(f"active-active K={streams}", what, *pair, "CPU s/published GB", 2.0, 1.6)]
    )


def tls(scale: Scale, folder: Path) -> Result:
    """The whole path with TLS, beside nginx that only ends it."""
    streams = 4
    count = max(1, scale.bytes // MEDIA // streams)
    found, absent = present(partial(Nginx, folder / "nginx", tls=True))
    if not found:
        return Result([], absent)
    sides = named([Relay(folder / "relay", streams, tls=True), *found])
    with ExitStack() as stack:
        for side in sides.values():
            stack.enter_context(side)
        push = Pushes(streams, count, 32 << 10, beginning(), tls=trusting())
        spent = interleaved({n: partial(push, s) for n, s in sides.items()}, scale.rounds)
    what, pair = ("relay", "nginx"), (spent["relay"], spent["nginx"])
    return Result([Figure(f"TLS ingest K={streams} / nginx", what, *pair, "CPU s/GB", 1.5, 1.0)])


class Pushes:
    """The same push at one side after the other; times go on, side by side."""

    def __init__(
        self,
        streams: int,
        count: int,
        chunk: int,
        first: int,
        *,
        pace: float = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._streams, self._count, self._chunk, self._pace = streams, count, chunk, pace
        self._tls = tls
        self._first: dict[str, int] = {}
        self._begun = first

    @property
    def first(self) -> int:
        """An index that no side has seen yet."""
        return max(self._first.values(), default=self._begun)

    def __call__(self, side: Side) -> Spent:
        first = self._first.get(side.name, self._begun)
        count = self._count if side.name in self._first or self._pace else self._count + FILLED
        self._first[side.name] = first + count
        to = side.targets(self._streams)
        return side.spent(Push(to, first, count, self._chunk, self._pace, tls=self._tls))

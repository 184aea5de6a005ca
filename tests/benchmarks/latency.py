"""How long a fragment takes from its last byte to the playlist, and what an outage changes of it.

    python -m tests.benchmarks latency, fairness, outage

The client asks for the playlist again and again from the moment at which the last byte is out. It
stands beside the relay's own server that sends the same body, at the same pace, back: from the last
byte out to the first of the answer in.

Fairness: one stream of small fragments, alone and beside one that pushes as fast as it is taken.
Outage: the same channels while the upstream takes everything and while it is gone.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.load import BITRATE, MEDIA, SECONDS, TRACK, Asking, Push, Target, connected
from tests.benchmarks.process import PINNED, rss_of
from tests.benchmarks.rounds import Figure, Spent, interleaved
from tests.benchmarks.scale import Result, Scale, beginning
from tests.benchmarks.sides import WINDOW, Relay, Server
from tests.benchmarks.storm import Stream, p99
from tests.e2e.relay_process import RelayProcess

PATIENCE = 30


class Listing:
    """What a push is told of: asks for the playlist until it has the fragment."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.first = beginning()
        self.took: list[float] = []

    def __call__(self, streams: int, count: int, pace: float = 1) -> Spent:
        """Push so many fragments; the p99 as `wall`, RSS in MB as `cpu`."""
        self.took.clear()
        port = self._relay.relay.port
        to = [Target(each.port, each.path) for each in self._relay.targets(streams)]
        lists = [
            Asking(connected(port), f"/c{at}.isml/{TRACK}/index.m3u8") for at in range(streams)
        ]

        def sent(at: int, index: int) -> None:
            begun = time.perf_counter()
            while b"\n%d.m4s" % index not in lists[at].ask():
                if time.perf_counter() - begun > PATIENCE:
                    raise OSError(f"fragment {index} is not listed")
            self.took.append(time.perf_counter() - begun)

        Push(to, self.first, count, pace=pace, sent=sent).run()
        self.first += count
        for each in lists:
            each.close()
        return Spent(rss_of(self._relay.relay.pid) / 1e6, p99(self.took))


def echoed(server: Server, streams: int, count: int) -> Spent:
    """The same bodies, each a POST of its own; the p99 as `wall`."""
    waited: list[float] = []

    def one(at: int) -> None:
        time.sleep(at * SECONDS / streams)
        for number in range(count):
            push = Push(server.targets(1), number, 1, pace=1)
            push.run()
            waited.extend(push.waited)

    threads = [threading.Thread(target=one, args=(at,)) for at in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Spent(0, p99(waited))


def listed(scale: Scale, folder: Path) -> Result:
    """Last byte in to listed, at live pace."""
    figures = []
    for streams in (20, 1) if scale.full else (2,):
        with Relay(folder / f"relay{streams}", streams) as relay, Server("echo") as echo:
            listing = Listing(relay)
            if scale.rounds > 1:
                listing(streams, 2, pace=8)
            found = interleaved(
                {
                    "relay": partial(listing, streams, 3),
                    "echo": partial(echoed, echo, streams, 3),
                },
                scale.rounds,
                warm=False,
            )
        name, pair = f"listed after the last byte, K={streams}", (found["relay"], found["echo"])
        must, aim = (3.0, 1.5) if streams == 20 else (0.0, 0.0)
        figures.append(Figure(name, ("relay", "echo"), *pair, "p99 s", must, aim, "wall"))
    return Result(figures)


def outage(scale: Scale, folder: Path) -> Result:
    """For twice the length of the window."""
    streams = 4 if scale.full else 1
    count = max(1, WINDOW if scale.full else scale.rounds)
    with ExitStack() as stack:
        relays = [Relay(folder / name, streams, name=name) for name in ("gone", "there")]
        for relay in relays:
            stack.enter_context(relay)
        gone, there = map(Listing, relays)
        relays[0].lose()
        found = interleaved(
            {
                "gone": partial(gone, streams, count, pace=4),
                "there": partial(there, streams, count, pace=4),
            },
            scale.rounds,
            warm=scale.rounds > 1,
        )
    what, pair = ("upstream gone", "upstream there"), (found["gone"], found["there"])
    return Result(
        [
            Figure("outage: listed after the last byte", what, *pair, "p99 s", by="wall"),
            Figure("outage: memory", what, *pair, "MB"),
        ]
    )


def fairness(scale: Scale, folder: Path) -> Result:
    """A paced stream beside one that pushes as fast as it is taken, and alone."""
    seconds = 4.0 if scale.full else scale.rounds / 2
    small = {"fragment_duration": "2", "dvr_window": 60, "patience": 60.0}
    wide = {"fragment_duration": "2", "dvr_window": WINDOW}
    channels = {"news": small, "c0": wide}
    with RelayProcess(folder, channels, "[limits]\nmemory_mib = 0", before=PINNED) as relay:
        found = asyncio.run(_spells(relay.port, scale.rounds, seconds))
    what = "beside a flat-out sender", "alone"
    beside, alone = (tuple(Spent(0, one / 1e3) for one in side) for side in found)
    name = "fairness: paced stream"
    return Result([Figure(name, what, beside, alone, "p99 s", 3, 1.5, by="wall")])


async def _spells(port: int, rounds: int, seconds: float) -> tuple[list[float], list[float]]:
    stream, beside, alone = Stream(port), [], []
    async with stream.open():
        await stream.spell(seconds / 2)
        for _ in range(rounds):
            alone.append(p99(await stream.spell(seconds)))
            with _flood(port):
                await stream.spell(0.3)
                beside.append(p99(await stream.spell(seconds)))
    return beside, alone


_flooded = beginning()


@contextmanager
def _flood(port: int) -> Iterator[None]:
    """One encoder, flat out, in POSTs of eight fragments."""
    over = threading.Event()

    def pour() -> None:
        global _flooded  # noqa: PLW0603 - times go on from flood to flood
        while not over.is_set():
            to = Target(port, "/c0.isml/Streams(main)?source=flood", bitrate=BITRATE)
            Push([to], _flooded, 8, size=MEDIA).run()
            _flooded += 8

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

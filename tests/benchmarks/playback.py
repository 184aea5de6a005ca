"""What players cost: segments beside nginx that has the same files, small answers beside hypercorn.

python -m tests.benchmarks playback, small
"""

import shutil
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.benchmarks.load import MEDIA, TRACK, Asking, Push, connected
from tests.benchmarks.peers import Nginx, present
from tests.benchmarks.rounds import Figure, Spent, interleaved
from tests.benchmarks.scale import Result, Scale, beginning
from tests.benchmarks.sides import Relay, Side

KEPT = 4
"""Segments that are asked for."""


def asked(side: Side, port: int, paths: list[str], clients: int, count: int) -> Spent:
    """Each client asks for so many of the paths, in turn; by request."""
    before = side.cpu()
    faults: list[OSError] = []

    def one(at: int) -> None:
        try:
            with connected(port) as to:
                for number in range(count):
                    Asking(to, paths[(at + number) % len(paths)]).ask()
        except OSError as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(at,)) for at in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    took, work = time.perf_counter() - begun, clients * count
    return Spent((side.cpu() - before) / work, took / work)


def segments(scale: Scale, folder: Path) -> Result:
    """Segments of 5 MB, to 1 and to 200 clients."""
    found, absent = present(partial(Nginx, folder / "nginx"))
    figures: list[Figure] = []
    with ExitStack() as stack:
        relay = stack.enter_context(Relay(folder / "relay", 1, forwards=False))
        first = beginning()
        Push(relay.targets(1), first, KEPT).run()
        base = f"/c0.isml/{TRACK}"
        paths = [f"{base}/{first + at}.m4s" for at in range(KEPT)]
        for nginx in found:
            stack.enter_context(nginx)
            assert isinstance(nginx, Nginx)
            (nginx.www / base[1:]).mkdir(parents=True)
            with connected(relay.relay.port) as to:
                for path in paths:
                    body = Asking(to, path).ask()
                    if len(body) < MEDIA:
                        raise OSError(f"{path} has {len(body)} bytes")
                    (nginx.www / path[1:]).write_bytes(body)
            for clients in (1, 200) if scale.full else (1,):
                count = max(1, scale.bytes // MEDIA // clients)
                spent = interleaved(
                    {
                        "relay": partial(asked, relay, relay.relay.port, paths, clients, count),
                        "nginx": partial(asked, nginx, nginx.port, paths, clients, count),
                    },
                    scale.rounds,
                )
                ours, other = (tuple(_by_giga(each) for each in spent[n]) for n in spent)
                name, what = f"playback 5 MB, {clients} clients / nginx", ("relay", "nginx")
                figures.append(Figure(name, what, ours, other, "CPU s/GB", 1.3, 0.8))
            shutil.rmtree(nginx.www / base[1:])
    return Result(figures, absent)


def small(scale: Scale, folder: Path) -> Result:
    """Playlists and the state of a channel, from eight clients."""
    count = 250 if scale.full else 20
    sides = [
        Relay(folder / "ours", 1, forwards=False),
        Relay(folder / "stock", 1, forwards=False, stock=True, name="relay on stock"),
    ]
    paths = [f"/c0.isml/{name}" for name in ("master.m3u8", f"{TRACK}/index.m3u8", "state")]
    with ExitStack() as stack:
        first = beginning()
        for side in sides:
            stack.enter_context(side)
            Push(side.targets(1), first, KEPT).run()
        found = interleaved(
            {s.name: partial(asked, s, s.relay.port, paths, 8, count) for s in sides}, scale.rounds
        )
    what, pair = ("relay", "relay on stock"), (found["relay"], found["relay on stock"])
    return Result([Figure("small GETs / stock", what, *pair, "CPU s/request", 0.75, 0.5)])


def _by_giga(spent: Spent) -> Spent:
    giga = MEDIA / 1e9
    return Spent(spent.cpu / giga, spent.wall / giga)

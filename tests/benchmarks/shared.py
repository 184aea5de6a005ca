"""`python -m tests.benchmarks.shared`: what the store of several relays costs beside that of one.

All on one machine and in one run, so ratios count and times do not: three brokers that keep three
copies, and relays as stores in this process, each with a disk store of its own.

    put     from `put` to its return, p50 and p99, and the CPU of this process for each; the disk
            store (which fsyncs) is 1
    nodes   one channel (or one for each relay), fed at one pace by two sources, as relays grow: the
            CPU of a relay and of the brokers for each second of the channel
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

import structlog

from relay.media import Copy
from relay.store import Store
from relay.store.disk import DiskStore
from relay.store.jetstream.brokers import Brokers
from relay.store.jetstream.store import JetStreamStore
from tests.cluster.broker import Broker, brokers

SIZES = (100_000, 1_000_000)
PUTS = 100
SECONDS, RATE, SIZE = 8.0, 12.0, 200_000
"""Of the growth: how long, fragments a second of a channel, and bytes of each."""
_TICK = os.sysconf("SC_CLK_TCK")


def copy(index: int, size: int, source: str) -> Copy:
    return Copy("video", 0, index, index * 20, 20, 2, source, 1_700_000_000_000, size)


async def opened(folder: Path, made: Sequence[Broker], channel: str, first: int = 0) -> Store:
    """A relay's store of a channel; its nearest broker is the `first` one."""
    own = await DiskStore.open(folder, channel)
    if not made:
        return own
    at = first % len(made)
    servers = [broker.url for broker in (*made[at:], *made[:at])]
    return await JetStreamStore.open(own, Brokers(tuple(servers)), channel)


async def puts(store: Store, size: int, first: int) -> tuple[float, float, float]:
    """p50 and p99 of a put in ms, and CPU ms of this process for each."""
    body, took, busy = bytes(size), [], time.process_time()
    for index in range(first, first + PUTS):
        began = time.perf_counter()
        await store.put(copy(index, size, "a"), [body])
        took.append((time.perf_counter() - began) * 1000)
    cuts = quantiles(took, n=100)
    return cuts[49], cuts[98], (time.process_time() - busy) * 1000 / PUTS


async def grown(folder: Path, made: Sequence[Broker], nodes: int, channels: int) -> list[float]:
    """CPU seconds of a relay, and of all brokers, for each second of a channel."""
    stores = {
        (node, channel): await opened(folder / str(node), made, f"{folder.name}-{channel}", node)
        for node in range(nodes)
        for channel in range(channels)
    }

    async def source(node: int, channel: int) -> None:
        began, body = time.monotonic(), bytes(SIZE)
        for index in range(int(SECONDS * RATE)):
            await asyncio.sleep(max(0.0, began + index / RATE + node / 50 - time.monotonic()))
            await stores[node % nodes, channel].put(copy(index, SIZE, str(node)), [body])

    relays, servers = time.process_time(), cpu(made)
    await asyncio.gather(*(source(n, channel) for n in range(2) for channel in range(channels)))
    spent = (time.process_time() - relays) / nodes, cpu(made) - servers
    await asyncio.gather(*(store.close() for store in stores.values()))
    return [each / SECONDS / channels for each in spent]


def cpu(made: Sequence[Broker]) -> float:
    """CPU seconds that the brokers have spent."""
    fields = [Path(f"/proc/{broker.pid}/stat").read_text().rpartition(")")[2] for broker in made]
    return sum(sum(map(int, each.split()[11:13])) for each in fields) / _TICK


async def measured(folder: Path, counts: Sequence[int]) -> None:
    with brokers(folder, 3) as made:
        alone = await opened(folder / "disk", (), "put")
        shared = await opened(folder / "shared", made, "put")
        print(f"put, {PUTS} of each        p50          p99      CPU here      (shared / disk, ms)")
        for at, size in enumerate(SIZES):
            pairs = zip(
                await puts(shared, size, at * PUTS), await puts(alone, size, at * PUTS), strict=True
            )
            ratios = (f"{one:5.1f}/{other:4.1f} ={one / other:5.1f}" for one, other in pairs)
            print(f"  {size // 1000:5} KB  ", "  ".join(ratios))
        await asyncio.gather(alone.close(), shared.close())
        print("CPU for each second of a channel, % of a core:    a relay   the brokers")
        for each in (False, True):
            for nodes in counts:
                many = nodes if each else 1
                told = "a channel for each" if each else "one channel"
                where = folder / f"grown-{nodes}-{many}-{each}"
                relay, servers = await grown(where, made, nodes, many)
                print(f"  {nodes} relays, {told:20}      {relay:10.1%}  {servers:10.1%}")


def main(counts: Sequence[str] = ()) -> int:
    """`counts`: numbers of relays; 1, 2 and 4 when none is said."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with tempfile.TemporaryDirectory(prefix="shared-") as made:
        asyncio.run(measured(Path(made), [*map(int, counts)] or [1, 2, 4]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

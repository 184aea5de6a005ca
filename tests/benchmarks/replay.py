"""How long a relay takes to be ready again: opening a full store and replaying it into the view.

    python -m tests.benchmarks.replay [FOLDER] [INDEXES ...]

Fills a store with five tracks of so many indexes of two seconds each (files of one byte, written as
the store names them), then opens it as a relay does at its start, each time in a process of its
own. The files are in the page cache, as after a restart of the relay alone.
"""

import asyncio
import gc
import logging
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from time import perf_counter, process_time
from zlib import crc32

import structlog

from relay.channel import Channel, Rules
from relay.media import Copy, Header, Member, Pin
from relay.numbering import Grid
from relay.store import filename
from relay.store.disk import DiskStore
from relay.system_clock import SystemClock
from tests.door import header, told

TRACKS = 5
D = 2


def wide() -> list[tuple[str, bytes]]:
    """The headers of five streams, each with one video track of another bitrate."""
    return [(f"s{n}", header().replace(b"150000", b"%d" % (150_000 + n))) for n in range(TRACKS)]


def fill(
    root: Path,
    indexes: int,
    channel: str = "news",
    streams: Sequence[tuple[str, bytes]] | None = None,
    first: int = 1_700_000_000 // D,
) -> None:
    """The folder of a channel, as if it had run for so long."""
    folder = root / channel
    pins = [Pin("grid", Grid(Fraction(D)).encode())]
    names = []
    for stream, data in wide() if streams is None else streams:
        pins.append(Pin(f"header/{stream}", data))
        (head,) = told(stream, data)
        assert isinstance(head, Header)
        names.append((head.tracks[0].track.name, head.tracks[0].track.timescale))
    (folder / filename.PINS).mkdir(parents=True)
    seq = 0
    for pin in pins:
        seq += 1
        body = filename.pin_body(pin)
        name = filename.pin_name(pin, seq, len(body), crc32(body))
        (folder / filename.PINS / name).write_bytes(body)
    for name, _ in names:
        (folder / name).mkdir()
    for index in range(first, first + indexes):
        for name, scale in names:
            seq += 1
            time, arrival = index * D * scale, (index + 1) * D * 1000
            copy = Copy(name, 0, index, time, D * scale, 48, "enc_a", arrival, 1)
            (folder / name / filename.member_name(copy, seq, 0)).write_bytes(b"x")


async def measure(root: Path, indexes: int) -> None:
    """Open and replay; one line."""
    gc.disable()  # as `relay.app` does meanwhile
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    begun = perf_counter(), process_time()
    store = await DiskStore.open(root, "news")
    opened = perf_counter(), process_time()
    past: list[Member] = list(store.follow().past)
    rules = Rules(duration=Fraction(D), window=Fraction(indexes * D))
    channel = Channel("news", store, rules, SystemClock())
    await channel.open()
    replayed = perf_counter(), process_time()
    await channel.close()
    kept = sum(len(r.segments) for r in channel.presentation.renditions)
    assert kept >= indexes * TRACKS - TRACKS, kept
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    steps = {"open": (begun, opened), "replay": (opened, replayed)}
    said = [
        f"{name} {end[0] - start[0]:6.2f} s, CPU {end[1] - start[1]:6.2f} s"
        for name, (start, end) in steps.items()
    ]
    print(f"{len(past):7} members   {'   '.join(said)}   RSS {peak} MiB")


def main(folder: str | None, counts: list[int]) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as made:
        for indexes in counts:
            root = Path(made) / str(indexes)
            fill(root, indexes)
            this = [sys.executable, "-m", "tests.benchmarks.replay"]
            command = [*this, "--one", str(root), str(indexes)]
            for _ in range(2):
                subprocess.run(command, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        asyncio.run(measure(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        said = sys.argv[1:]
        where = said.pop(0) if said and not said[0].isdigit() else None
        main(where, [int(count) for count in said] or [60, 3_600, 43_200])

"""What grows with the window, with the number of tracks and with time, and how long a start takes.

    python -m tests.benchmarks growth, day, start

A store is filled as a relay would have filled it in so many seconds, with files of one byte. Then
small fragments are pushed and each playlist is asked for, as a delta update, so that what is
measured is the work for a fragment and not for its bytes.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.benchmarks.load import SECONDS, Push, Target, said
from tests.benchmarks.process import PINNED, cpu_of, rss_of
from tests.benchmarks.replay import fill
from tests.benchmarks.rounds import Figure, Spent, interleaved
from tests.benchmarks.scale import Result, Scale, beginning
from tests.benchmarks.sides import Relay
from tests.e2e.relay_process import RelayProcess
from tests.streams import Stream

SHORT, HOUR, DAY = 120, 3_600, 86_400
SIZE = 20_000
BITRATE = 80_000
LEAST_EACH = 10
"""Fragments of a POST, or what it costs to begin one is what is measured."""
PER_CHANNEL = 50
"""Tracks, each in a stream of its own; a channel takes 64."""


class Window(Relay):
    """A relay with so many tracks, whose window, of so many seconds, is full."""

    def __init__(self, folder: Path, window: int, tracks: int = 1) -> None:
        name = f"{window} s, {tracks} tracks"
        settings = {"dvr_window": window}
        channels = -(-tracks // PER_CHANNEL)
        super().__init__(folder, channels, forwards=False, settings=settings, name=name)
        self._bitrates = [BITRATE + at for at in range(tracks)]
        self.first = beginning()
        streams = [(f"s{at}", Stream([said(rate)]).header()) for at, rate in self._numbered]
        indexes = window // SECONDS
        for channel in range(channels):
            its = streams[channel * PER_CHANNEL : (channel + 1) * PER_CHANNEL]
            fill(folder / "store", indexes, f"c{channel}", its, self.first - indexes)

    @property
    def _numbered(self) -> list[tuple[int, int]]:
        return list(enumerate(self._bitrates))

    def pushed(self, count: int) -> Spent:
        """So many fragments in all; by fragment."""
        each = max(LEAST_EACH, count // len(self._bitrates))
        port = self.relay.port
        to = [
            Target(
                port,
                f"/c{n // PER_CHANNEL}.isml/Streams(s{n})?source=enc",
                playlist=f"/c{n // PER_CHANNEL}.isml/video-{rate}/index.m3u8?_HLS_skip=YES",
                bitrate=rate,
            )
            for n, rate in self._numbered
        ]
        before = self.cpu()
        took = Push(to, self.first, each, size=SIZE).run()
        self.first += each
        work = each * len(to)
        return Spent((self.cpu() - before) / work, took / work)

    def megabytes(self) -> Spent:
        """Its RSS."""
        return Spent(rss_of(self.relay.pid) / 1e6, 1)


def windows(scale: Scale, folder: Path) -> Result:
    """A window of a day beside one of two minutes, and of an hour; 100 tracks beside one."""
    day, many, count = (DAY, (10, 100), 200) if scale.full else (HOUR, (10,), 40)
    with ExitStack() as stack:

        def opened(name: str, window: int, tracks: int = 1) -> Window:
            return stack.enter_context(Window(folder / name, window, tracks))

        short, hour, long = opened("short", SHORT), opened("hour", HOUR), opened("long", day)
        wide = [opened(f"wide{tracks}", SHORT, tracks) for tracks in many]
        sides = {each.name: each for each in (short, hour, long, *wide)}
        pushes = {name: partial(each.pushed, count) for name, each in sides.items()}
        found = interleaved(pushes, scale.rounds)
        memory = {name: (each.megabytes(),) for name, each in sides.items()}
    what = long.name, short.name
    pair = found[long.name], found[short.name]
    figures = [Figure(f"growth: {day} s window / {SHORT} s", what, *pair, "CPU s", 1.2, 1.05)]
    for each, tracks in zip(wide, many, strict=True):
        what, pair = (each.name, short.name), (found[each.name], found[short.name])
        figures.append(Figure(f"growth: {tracks} tracks / 1", what, *pair, "CPU s", 1.2, 1.05))
    if scale.full:
        what, pair = (long.name, hour.name), (memory[long.name], memory[hour.name])
        figures.append(Figure(f"memory: {day} s window / {HOUR} s", what, *pair, "MB", 1.3, 1.1))
    return Result(figures)


def day(scale: Scale, folder: Path) -> Result:
    """A day of media at full speed: its last hours beside its first, after one that fills all."""
    hours, part = (24, HOUR // SECONDS) if scale.full else (4, SHORT // SECONDS)
    with Window(folder / "day", SHORT) as relay:
        relay.pushed(part)
        early = [relay.pushed(part)]
        memory = [relay.megabytes()]
        while len(early) < hours - 1:
            early.append(relay.pushed(part))
        memory.append(relay.megabytes())
    few = max(1, len(early) // 5)
    first, last = tuple(early[:few]), tuple(early[-few:])
    what = f"last of {hours} spells", "first"
    return Result(
        [
            Figure("day: cost of a fragment", what, last, first, "CPU s", 1.2, 1.05),
            Figure("day: memory", what, (memory[1],), (memory[0],), "MB", 1.3, 1.1),
        ]
    )


def start(scale: Scale, folder: Path) -> Result:
    """From exec until it is ready: with a full window of a day, and empty."""
    window = DAY if scale.full else SHORT
    streams = [("s0", Stream([said()]).header())]
    channels = {"c0": {"fragment_duration": "2", "dvr_window": window}}

    def made(name: str) -> RelayProcess:
        (folder / name).mkdir()
        return RelayProcess(folder / name, channels, before=PINNED)

    full, empty = made("full"), made("empty")
    indexes = window // SECONDS
    fill(folder / "full" / "store", indexes, "c0", streams, beginning() - indexes)

    def begun(relay: RelayProcess) -> Spent:
        at = time.perf_counter()
        relay.start()
        took, cpu = time.perf_counter() - at, cpu_of(relay.pid)
        relay.kill()
        return Spent(cpu, took)

    sides: dict[str, Callable[[], Spent]] = {
        f"{window} s": partial(begun, full),
        "empty": partial(begun, empty),
    }
    found = interleaved(sides, scale.rounds, warm=scale.rounds > 1)
    what, pair = (f"{window} s", "empty"), (found[f"{window} s"], found["empty"])
    return Result(
        [
            Figure("start, CPU", what, *pair, "CPU s"),
            Figure("start, until ready", what, *pair, "s", by="wall"),
        ]
    )

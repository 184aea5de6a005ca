"""A programme of which a part is recorded as the program `evening`, told in two ways.

    encoder a   0 1 2 3 4-              the program begins with 2; a dies amid 4
    encoder b       2 3 4 5 . 7 | 7 8 9 10 11 12 ...    nobody sends 6; | is a kill of the relay
    program         2 3 4 5 . 7   8 9 10                 stopped; the channel goes on

`at_once` sends all that as fast as it goes, up to the present: so what the program has to hold is
known beforehand, to the frame. `in_real_time` has two `relay push`, and the holes are as wide as
the clocks make them: what is lost is what the program's playlists call gaps, and these may lie
only where nobody sent, or nobody was there to hear it.

Each is a context that yields what was recorded when the program has been stopped, and ends the
encoders with itself.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tests.e2e import served
from tests.e2e.conftest import LOOP
from tests.e2e.orders import begin_program, end_program
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.e2e.scripted import Scripted
from tests.encoder.clips import ISML, Shape

SHORT = Shape("short.ismv", Fraction(25), 24, 48000, cells=25, options=ISML, rates=(100,))
"""24 s in fragments of 0.96 s: 24 pictures, 45 AAC frames. LOOP is for `in_real_time`."""
LIMIT = 60
"""Seconds, of a busy machine."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The program from `first` to `last`; nobody sent what is in `lost`."""

    first: int
    last: int
    lost: frozenset[int]

    @property
    def indexes(self) -> list[int]:
        return [n for n in range(self.first, self.last + 1) if n not in self.lost]


@asynccontextmanager
async def at_once(relay: RelayProcess, clip: Path, _: Path) -> AsyncIterator[Recorded]:
    """Flat out up to the program's end; then a fragment whenever its time has come."""
    zero = int(time.time() / SHORT.cell) - 12
    path = "/news.isml/Streams(main)?source="

    def several(first: int, last: int) -> range:
        return range(zero + first, zero + last + 1)

    async with (
        Scripted(clip, SHORT.cell, relay.port, f"{path}enc_a") as a,
        Scripted(clip, SHORT.cell, relay.port, f"{path}enc_b") as b,
    ):
        await a.send(several(0, 1))
        await _reached(relay, zero + 1)
        await asyncio.to_thread(begin_program, relay.admin_url, "news", "evening")
        await a.send(several(2, 3))
        await b.send(several(2, 3))
        await a.die(zero + 4)
        await b.send([*several(4, 5), *several(7, 7)])
        await _reached(relay, zero + 7)
        relay.kill()
        await b.lose()
        await asyncio.to_thread(relay.start)
        await b.send(several(8, 10))
        await _reached(relay, zero + 10)
        await asyncio.to_thread(end_program, relay.admin_url, "news", "evening")

        async def go_on() -> None:
            for index in several(11, 1000):
                await asyncio.sleep(max(0.0, float((index + 1) * SHORT.cell) - time.time()))
                await b.send([index])

        going = asyncio.create_task(go_on())
        try:
            yield Recorded(zero + 2, zero + 10, frozenset({zero + 6}))
            assert not going.done(), going
        finally:
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)


@asynccontextmanager
async def in_real_time(relay: RelayProcess, clip: Path, folder: Path) -> AsyncIterator[Recorded]:
    """Two model encoders in processes of their own."""
    url, cell = f"{relay.url}/news.isml/Streams(main)", float(LOOP.cell)
    with Push(clip, url, "enc_a", folder) as a, Push(clip, url, "enc_b", folder) as b:
        a.start()
        b.start()
        await _until("both deliver", lambda: "CHANNEL_PROTECTED" in relay.text())
        await asyncio.to_thread(begin_program, relay.admin_url, "news", "evening")
        await _reached(relay, await _edge(relay) + 3)
        a.kill()
        await _reached(relay, await _edge(relay) + 3)
        b.kill()
        empty = await _edge(relay)
        await asyncio.sleep(max(0.0, (empty + 4) * cell - time.time()))
        a.start()
        await _reached(relay, empty + 7)
        relay.kill()
        down = int(time.time() / cell)
        await asyncio.to_thread(relay.start)
        await _reached(relay, int(time.time() / cell) + 3)
        await asyncio.to_thread(end_program, relay.admin_url, "news", "evening")
        (track, *_) = served.channel(relay.url, "news.evening").values()
        nobody = {n for n in track.gaps if empty < n < down - 1}
        assert empty + 2 in nobody
        assert nobody == set(range(min(nobody), max(nobody) + 1))
        assert all(n in nobody or n >= down - 1 for n in track.gaps)
        yield Recorded(track.indexes[0], track.indexes[-1], track.gaps)


async def _until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, f"{what}: not after {LIMIT} s"
        await asyncio.sleep(0.1)


async def _edge(relay: RelayProcess) -> int:
    """The newest index that every track has; -1: none."""
    return await asyncio.to_thread(_newest, f"{relay.url}/news.isml/master.m3u8")


def _newest(url: str) -> int:
    if served.get(url).status != 200:
        return -1
    texts = [text for at, text in served.playlists(url).items() if at]
    found = [re.findall(r"^(\d+)\.m4s$", text, re.MULTILINE) for text in texts]
    return min((int(each[-1]) for each in found), default=-1)


async def _reached(relay: RelayProcess, index: int) -> None:
    url = f"{relay.url}/news.isml/master.m3u8"
    await _until(f"{index} is there", lambda: _newest(url) >= index)

"""Kills at random bytes: of encoders, one of two at a time; and of the relay under two encoders.

    encoders   two legs, each `relay push` as a process behind its proxy. When the byte that was
               drawn is next, the process gets SIGKILL, and nothing after that byte arrives. It is
               started anew after a random while; the other one is killed only when this one is back
    relay      two legs; when a random byte of one of them is next, the relay gets SIGKILL, and is
               started anew on its store

What must hold of both: nothing lost, nothing twice, nothing changed, no gap, no discontinuity.
A seed decides everything that is drawn.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from relay.encoder.stamp import Stamper
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.faults import invariants
from tests.faults.legs import Channel, D
from tests.faults.proxy import Manner, Proxy
from tests.faults.tap import Aim

LIMIT = 60.0
"""Seconds within which each single thing has to happen, on the busiest machine."""
BACK = 4
"""Fragments that a leg delivers before it counts as back."""
AWAY = 1.0
"""Seconds that a killed encoder stays away, at most."""
OTHER = "slate=1-1000000"
"""The second leg shows other pictures under the same times, so that a mixture would be seen."""


@dataclass(slots=True)
class Outcome:
    """What a story has shown. `broken`: sentences; none is good. `starts`: seconds to /readyz."""

    kills: int = 0
    delivered: int = 0
    published: int = 0
    broken: list[str] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """The sum of two stories."""
        self.kills += other.kills
        self.delivered += other.delivered
        self.published += other.published
        self.broken += other.broken
        self.starts += other.starts


@dataclass(slots=True)
class _Process:
    """A leg that can be killed."""

    push: Push
    proxy: Proxy

    def start(self) -> None:
        wrong = ("--fault", OTHER) if self.push.source == "b" else ()
        self.push.start("--duration", "12/25", *wrong)


@asynccontextmanager
async def _process(
    channel: Channel, clip: Path, name: str, folder: Path
) -> AsyncIterator[_Process]:
    async with Proxy(channel.port, channel.ledger, name) as proxy:
        url = f"{proxy.url}/{channel.name}.isml/Streams(main)"
        with Push(clip, url, name, folder) as push:
            leg = _Process(push, proxy)
            leg.start()
            yield leg


def drawn(rng: random.Random) -> Aim:
    """A random byte: of one of the next fragments' mdat, or one time in four somewhere else."""
    part = rng.choice(("mdat", "mdat", "mdat", rng.choice(("moof", "moof-size", "seam", "edge"))))
    assert part in ("mdat", "moof", "moof-size", "seam", "edge")
    return Aim(part, rng.randint(1, 9), rng.random())  # type: ignore[arg-type]


async def encoders(channel: Channel, clip: Path, folder: Path, kills: int, seed: int) -> Outcome:
    """So many kills of encoders on one channel of a running relay."""
    rng = random.Random(seed)
    async with (
        channel.watched(),
        _process(channel, clip, "a", folder) as a,
        _process(channel, clip, "b", folder) as b,
    ):
        for leg in (a, b):
            await _back(channel, leg.proxy.leg, 0)
        for _ in range(kills):
            victim = rng.choice((a, b))

            async def kill(victim: _Process = victim) -> None:
                victim.push.kill()

            async with asyncio.timeout(LIMIT):
                await victim.proxy.cut(drawn(rng), Manner.FIN, kill)
            await asyncio.sleep(rng.random() * AWAY)
            before = channel.ledger.count(victim.proxy.leg)
            victim.start()
            await _back(channel, victim.proxy.leg, before)
        await channel.witness.until(2, limit=LIMIT)
    return _judged(channel, kills)


async def relay(
    process: RelayProcess, channel: Channel, made: Stamper, kills: int, seed: int
) -> Outcome:
    """So many kills of a running relay, each followed by a start on the same store."""
    rng = random.Random(seed)
    starts = []
    async with (
        channel.watched(),
        channel.leg(made, "a") as a,
        channel.leg(made, "b", OTHER) as b,
    ):
        for leg in (a, b):
            await _back(channel, leg.name, 0)

        async def kill() -> None:
            process.kill()

        for _ in range(kills):
            await _caught_up(channel)
            async with asyncio.timeout(LIMIT):
                await rng.choice((a, b)).proxy.cut(drawn(rng), Manner.FIN, kill)
            before = {leg.name: channel.ledger.count(leg.name) for leg in (a, b)}
            began = time.monotonic()
            await asyncio.to_thread(process.start)
            starts.append(time.monotonic() - began)
            for name, count in before.items():
                await _back(channel, name, count)
        await _caught_up(channel)
    found = _judged(channel, kills)
    found.starts = starts
    return found


async def _back(channel: Channel, leg: str, before: int) -> None:
    """Wait until a leg has delivered some more."""
    async with asyncio.timeout(LIMIT):
        while channel.ledger.count(leg) < before + BACK * len(channel.ledger.tracks() or (1,)):
            await asyncio.sleep(float(D) / 8)


async def _caught_up(channel: Channel) -> None:
    """Wait until what was delivered is published: the next kill is to be a single fault.

    What lies in the relay's kernel when it is killed counts for the encoder as delivered. While a
    backlog comes, that may be more than the two fragments that are sent again.
    """
    await channel.witness.until(2, limit=LIMIT)
    last = max(sent.index for sent in channel.ledger.sent)
    await channel.witness.past(last, limit=LIMIT)


def _judged(channel: Channel, kills: int) -> Outcome:
    """Everything, and stricter: with two legs there is no gap at all."""
    broken = invariants.published(channel.ledger, channel.witness)
    broken += invariants.edges(channel.ledger, channel.witness)
    for name, track in channel.witness.tracks.items():
        if track.gaps:
            broken.append(f"{name}: gaps: {invariants.spans(track.gaps)}")
        unseen = set(track.listed) - track.gaps - set(track.bodies)
        if unseen:
            broken.append(f"{name}: listed and not fetched: {invariants.spans(unseen)}")
    published = sum(len(track.bodies) for track in channel.witness.tracks.values())
    prefixed = [f"{channel.name}: {text}" for text in broken]
    return Outcome(kills, len(channel.ledger.sent), published, prefixed)

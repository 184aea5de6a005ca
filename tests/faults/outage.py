"""F20 at full length: one of two upstreams is killed, and comes back when the outage is over.

Several channels, each from one encoder, go to two relays. What is measured while one of these is
away: how far the other lags behind, and what everyone's memory does; and when it is back, how much
faster than it plays the backlog goes up.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from tests.e2e.relay_process import RelayProcess
from tests.encoder.clips import Shape
from tests.faults import chain, invariants, legs
from tests.faults.invariants import Footprint
from tests.faults.legs import Channel, Leg

CELL = Fraction(48, 25)
CLIP = Shape("outage.mp4", Fraction(25), 48, 48000, 5, legs.PLAIN, rates=(120,))
"""120 kbit/s of pictures and 64 of sound, so that eight channels are no burden to two cores."""
AFTER = 10.0
"""Seconds that all goes on when what was missed has gone up."""
SLOWEST = 3.0
"""Times as fast as it plays: a backlog must go up no slower."""
ABREAST = 3 * CELL
"""Seconds that an upstream which nothing is wrong with may be behind."""


@dataclass(slots=True)
class Outage:
    """What it was like.

    delivered, repeated  fragments that encoders brought; that an upstream got more than once
    missed               seconds of each channel that were left to send when it was back
    lasted               seconds until they were sent
    lag                  most seconds that the other upstream was behind, at any look
    memory               MB of each relay when the outage began, when it ended, and at the end
    """

    delivered: int = 0
    missed: float = 0
    lasted: float = 0
    lag: float = 0
    memory: dict[str, list[float]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """How many times faster than it plays the backlog went up."""
        return (self.missed + self.lasted) / self.lasted if self.lasted else 0

    def slow(self) -> list[str]:
        """Sentences on what took too long."""
        broken = []
        if self.speed < SLOWEST:
            broken.append(f"the backlog went up {self.speed:.1f} times as fast as it plays")
        if self.lag > ABREAST:
            broken.append(f"the other upstream was {self.lag:.1f} s behind")
        return broken


async def outage(folder: Path, seconds: float, channels: int) -> Outage:
    """Play it."""
    path = legs.clip(folder, CLIP)
    made = legs.stamper(path, cell=CELL)
    found = Outage()
    names = [f"news{at}" for at in range(channels)]
    plain = {"fragment_duration": "1.92", "dvr_window": int(2 * seconds) + 300, "patience": 6}
    with ExitStack() as stack:
        eu, us = (
            stack.enter_context(RelayProcess(_made(folder / name), dict.fromkeys(names, plain)))
            for name in ("eu", "us")
        )
        tables = {
            name: {
                **plain,
                "upstreams": {
                    "eu": {"url": f"{eu.url}/{name}.isml"},
                    "us": {"url": f"{us.url}/{name}.isml"},
                },
            }
            for name in names
        }
        hub = stack.enter_context(RelayProcess(_made(folder / "hub"), tables))
        relays = {"hub": hub, "eu": eu, "us": us}
        ours = [Channel.of(name, hub.port, CELL) for name in names]
        async with AsyncExitStack() as running:
            encoders = [
                await running.enter_async_context(channel.leg(made, "a", patient=True))
                for channel in ours
            ]
            await _through(hub, names, found, sent=6)
            _weigh(relays, found)
            eu.kill()
            await _away(hub, names, found, seconds)
            _weigh({"hub": hub, "us": us}, found)
            await asyncio.to_thread(eu.start)
            _weigh({"eu": eu}, found)
            await _back(hub, names, found)
            await _away(hub, names, found, AFTER)
            _weigh(relays, found)
            found.broken += _unmoved(encoders)
        await _through(hub, names, found)
        for channel in ours:
            await _judge(channel, relays, found)
    for name, relay in relays.items():
        found.broken += [f"{name}: {text}" for text in invariants.quiet(relay.text())]
    return found


async def _away(hub: RelayProcess, names: Sequence[str], found: Outage, seconds: float) -> None:
    """Look at the other upstream, for so long."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        told = await chain.status(hub)
        for name in names:
            found.lag = max(found.lag, told[name]["upstreams"]["us"]["seconds"])
        await asyncio.sleep(1)


async def _back(hub: RelayProcess, names: Sequence[str], found: Outage) -> None:
    """Until what was missed is sent. The clock runs from its first byte."""
    began = 0.0
    async with asyncio.timeout(600):
        while True:
            told = await chain.status(hub)
            left = [told[name]["upstreams"]["eu"] for name in names]
            now = time.monotonic()
            if not began and all(one["state"] in ("catching_up", "streaming") for one in left):
                began, found.missed = now, max(one["seconds"] for one in left)
            found.lag = max([found.lag, *(told[n]["upstreams"]["us"]["seconds"] for n in names)])
            if began and max(one["seconds"] for one in left) <= CELL:
                found.lasted = now - began
                return
            await asyncio.sleep(0.1)


async def _through(
    hub: RelayProcess, names: Sequence[str], found: Outage, *, sent: int = 0
) -> None:
    """Until both upstreams have all that there is."""
    for name in names:
        for upstream in ("eu", "us"):
            told = await chain.stands(
                hub,
                name,
                upstream,
                lambda one: one["sent"] >= sent and not one["backlog"],
            )
            if told["lost"]:
                found.broken.append(f"I1: {name}: {told['lost']} are lost to {upstream}")


async def _judge(channel: Channel, relays: dict[str, RelayProcess], found: Outage) -> None:
    """Each relay's window against what the encoder brought."""
    found.delivered += len(channel.ledger.sent)
    for name, relay in relays.items():
        witness = await chain.seen(relay, channel.name, channel.ledger)
        broken = chain.arrived(channel.ledger, witness)
        found.broken += [f"{channel.name} at {name}: {text}" for text in broken]


def _unmoved(encoders: Sequence[Leg]) -> list[str]:
    """The encoders have noticed nothing: each is in its first POST."""
    return [
        f"{leg.name} had to begin {leg.posts} POSTs: {leg.answers}"
        for leg in encoders
        if leg.posts != len(leg.plans)
    ]


def _weigh(relays: dict[str, RelayProcess], found: Outage) -> None:
    for name, relay in relays.items():
        memory = Footprint.of(relay.pid).memory / (1 << 20)
        found.memory.setdefault(name, []).append(round(memory, 1))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder

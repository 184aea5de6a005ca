"""A slow link to an upstream, cut at random moments, again and again.

What is left to send fills the hub's socket: seconds of sound that were written, that no one has
got, and that are gone when the link is cut. Only what the other end has acknowledged may count as
sent. The link is little faster than the sound, so that its buffers are full at nearly every cut.
A seed decides when is cut, and how.
"""

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.encoder.clips import Shape
from tests.faults import chain, invariants, legs
from tests.faults.gate import Gate
from tests.faults.kills import Outcome
from tests.faults.legs import Channel

CELL = Fraction(48, 25)
CLIP = Shape("sound.mp4", Fraction(25), 48, 48000, 5, legs.PLAIN, rates=(60,), tone=128)
LINK = 20_000
"""Bytes a second, of which the sound takes 16,000."""
LONGEST = 8.0
"""Seconds that a connection lasts, at most."""
DEAF = 1.0
"""Seconds for which the link takes nothing before a cut, at most."""


async def cuts(
    folder: Path, count: int, seed: int, channels: int, *, longest: float = LONGEST
) -> Outcome:
    """So many cuts, spread over so many channels of one hub. `longest`: see `LONGEST`."""
    made = legs.stamper(legs.clip(folder, CLIP), cell=CELL)
    plain = {"fragment_duration": "1.92", "dvr_window": 7200, "patience": 6}
    names = [f"sound{at}" for at in range(channels)]
    total = Outcome()
    for name in ("eu", "hub"):
        (folder / name).mkdir()
    with RelayProcess(folder / "eu", dict.fromkeys(names, plain)) as eu:
        async with AsyncExitStack() as stack:
            gates = [await stack.enter_async_context(Gate(eu.port)) for _ in names]
            tables = {
                name: {
                    **plain,
                    "upstreams": {"eu": {"url": f"http://127.0.0.1:{gate.port}/{name}.isml"}},
                }
                for name, gate in zip(names, gates, strict=True)
            }
            hub = stack.enter_context(RelayProcess(folder / "hub", tables))
            shares = [count // channels + (at < count % channels) for at in range(channels)]
            found = await asyncio.gather(
                *(
                    _Link(hub, eu, Channel.of(name, hub.port, CELL), gate, longest).cut(
                        made, share, seed + at
                    )
                    for at, (name, gate, share) in enumerate(zip(names, gates, shares, strict=True))
                )
            )
            for outcome in found:
                total.add(outcome)
            for relay in (eu, hub):
                total.broken += invariants.quiet(relay.text())
    return total


@dataclass(frozen=True, slots=True)
class _Link:
    """One channel on its way up."""

    hub: RelayProcess
    eu: RelayProcess
    channel: Channel
    gate: Gate
    longest: float

    async def cut(self, made: Stamper, count: int, seed: int) -> Outcome:
        rng, channel, gate = random.Random(seed), self.channel, self.gate
        gate.rate = LINK
        async with channel.leg(made, "a", streams="each", only="audio", patient=True) as leg:
            for _ in range(count):
                posts = await self._post(0)
                await asyncio.sleep(rng.random() * self.longest)
                if rng.random() < 0.5:
                    gate.stall()  # what comes now is acknowledged, and goes nowhere
                    await asyncio.sleep(rng.random() * DEAF)
                gate.reset()
                gate.flow()
                await self._post(posts + 1)
            gate.rate = 0
            await chain.stands(
                self.hub,
                channel.name,
                "eu",
                lambda one: one["state"] == "streaming" and one["backlog"] <= 2,
                limit=300,
            )
            noticed = leg.posts - 1
        theirs = await chain.seen(self.eu, channel.name, channel.ledger)
        broken = [f"{channel.name}: {text}" for text in chain.arrived(channel.ledger, theirs)]
        if noticed:
            broken.append(f"{channel.name}: the encoder had to begin {noticed} more POSTs")
        published = sum(len(track.bodies) for track in theirs.tracks.values())
        return Outcome(count, len(channel.ledger.sent), published, broken)

    async def _post(self, least: int) -> int:
        """Wait until a POST is open, and it is at least this one; which it is."""
        told = await chain.stands(
            self.hub,
            self.channel.name,
            "eu",
            lambda one: one["posts"] >= least and one["state"] in ("streaming", "catching_up"),
        )
        return int(told["posts"])

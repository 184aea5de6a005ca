"""F24: an upstream that stops reading costs the hub no memory: what it misses stays in the store.

The programme is a heavy one, so that what is left to send is many times what memory may grow by.
"""

import asyncio
from fractions import Fraction
from pathlib import Path

import pytest

from tests.e2e.relay_process import RelayProcess
from tests.encoder.clips import Shape
from tests.faults import chain, legs
from tests.faults.gate import Gate
from tests.faults.invariants import Footprint
from tests.faults.legs import Channel

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.fault("F24"),
    pytest.mark.long,
    pytest.mark.timeout(300),
]

HEAVY = Shape("heavy.mp4", Fraction(25), 12, 48000, 20, legs.PLAIN, rates=(4000,), size="1280x720")
GROWTH = 4.0
"""MB by which the hub may grow."""
WARM = 20
"""Fragments of each track that have gone up before it is weighed."""
MISSED = 80
"""Fragments of each track that the upstream does not read."""


def test_an_upstream_that_does_not_read_costs_no_memory(tmp_path: Path) -> None:
    made = legs.stamper(legs.clip(tmp_path, HEAVY))
    for name in ("eu", "hub"):
        (tmp_path / name).mkdir()

    async def story(eu: RelayProcess) -> tuple[float, float, float]:
        async with Gate(eu.port) as gate:
            url = f"http://127.0.0.1:{gate.port}/news.isml"
            table = {**legs.SETTINGS, "upstreams": {"eu": {"url": url}}}
            with RelayProcess(tmp_path / "hub", {"news": table}) as hub:
                channel = Channel.of("news", hub.port)
                async with channel.leg(made, "a", patient=True):
                    await chain.stands(hub, "news", "eu", lambda one: one["sent"] >= 2 * WARM)
                    before = Footprint.of(hub.pid)
                    gate.stall()
                    told = await chain.stands(hub, "news", "eu", lambda one: one["retries"] > 0)
                    assert "send timeout" in told["reason"]
                    told = await chain.stands(
                        hub, "news", "eu", lambda one: one["backlog"] >= 2 * MISSED
                    )
                    behind = Footprint.of(hub.pid)
                    gate.reset()
                    gate.flow()
                    await chain.stands(
                        hub, "news", "eu", lambda one: one["backlog"] <= 2 and one["sent"] > 0
                    )
                    after = Footprint.of(hub.pid)
                theirs = await chain.seen(eu, "news", channel.ledger)
                assert chain.arrived(channel.ledger, theirs) == []
                size = sum(map(len, theirs.tracks[min(theirs.tracks)].bodies.values()))
                size += sum(map(len, theirs.tracks[max(theirs.tracks)].bodies.values()))
                count = sum(len(track.bodies) for track in theirs.tracks.values())
                missed = told["backlog"] * size / count / (1 << 20)
                grown = (behind.memory - before.memory) / (1 << 20)
                return missed, grown, (after.memory - before.memory) / (1 << 20)

    with RelayProcess(tmp_path / "eu", {"news": legs.SETTINGS}) as eu:
        missed, grown, later = asyncio.run(story(eu))
    print(f"\n{missed:.1f} MB were left to send, memory grew by {grown:.1f}, {later:.1f} MB later")  # noqa: T201
    assert missed > 3 * GROWTH
    assert grown <= GROWTH

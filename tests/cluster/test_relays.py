"""Relays and brokers as processes: what is lost, and what players notice of it: nothing."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.cluster import judge
from tests.cluster.faults import FAULTS, all_gone_for_a_minute, sender_killed
from tests.cluster.plant import Plant, plant
from tests.faults.witness import newest

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(600)]


async def test_each_fault_once(tmp_path: Path) -> None:
    async with plant(tmp_path, 1) as built:
        for name, fault in FAULTS.items():
            if built.lines or name != "relay cut off":
                assert await judge.suffered(built, fault) == [], name


async def test_where_the_one_that_forwarded_died_in_mid_fragment_the_next_one_goes_on(
    tmp_path: Path,
) -> None:
    async with plant(tmp_path, 3) as built:
        for _ in range(4):
            assert await judge.suffered(built, sender_killed) == []
        assert {sent.leg for sent in built.went.sent} == {"one", "two"}


async def test_without_brokers_for_a_minute_everything_goes_on(tmp_path: Path) -> None:
    async with plant(tmp_path, 2, alone_after=5) as built:
        before = built.edges(), built.received()
        outage = asyncio.create_task(judge.suffered(built, all_gone_for_a_minute))
        await _goes_on(built, max(before[0]) + 12, before[1] + 12)
        assert not outage.done(), "that was no outage"
        for name in built.relays:
            assert "do not answer" in await asyncio.to_thread(built.degraded, name)
        assert await outage == []


async def _goes_on(built: Plant, published: int, received: int) -> None:
    """Each relay publishes, and the receiver gets it, so far."""
    deadline = time.monotonic() + 55
    while min(built.edges()) < published or built.received() < received:
        known = {
            name: [newest(t) for t in w.tracks.values()] for name, w in built.witnesses.items()
        }
        assert time.monotonic() < deadline, known
        await asyncio.sleep(0.2)

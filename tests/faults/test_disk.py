"""F21, F28: the hub's disk is really full, while one of its upstreams is away.

The encoder notices nothing, the other upstream gets everything from memory, and so does the one
that was away when it comes back, although the disk is still full; when there is room again, the hub
recovers alone, and a kill then costs nothing.

A disk that is merely slow holds its senders up, and that is all it does.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from relay.encoder.stamp import Stamper
from relay.media import Buffer, Copy, Member
from relay.store.memory import MemoryStore
from tests.door import published
from tests.e2e import served
from tests.e2e.relay_process import RelayProcess
from tests.faults import chain, invariants, legs
from tests.faults.gate import Gate
from tests.faults.legs import Channel
from tests.faults.test_clocks import QUICK
from tests.faults.twins import CELL, A, B, cut, twins

SLOW = 5_000
"""ms that the disk takes."""


@pytest.mark.e2e
@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.fault("F21", "F28")
def test_a_full_disk_costs_neither_encoder_nor_upstreams_anything(
    made: Stamper, tmp_path: Path, small_disk: Path
) -> None:
    for name in ("eu", "us", "hub"):
        (tmp_path / name).mkdir()
    (tmp_path / "hub" / "store").symlink_to(small_disk, target_is_directory=True)
    with (
        RelayProcess(tmp_path / "eu", {"news": legs.SETTINGS}) as eu,
        RelayProcess(tmp_path / "us", {"news": legs.SETTINGS}) as us,
    ):
        asyncio.run(_full(made, tmp_path / "hub", small_disk, eu, us))


async def _full(
    made: Stamper, folder: Path, disk: Path, eu: RelayProcess, us: RelayProcess
) -> None:
    async with Gate(eu.port) as gate:
        urls = {"eu": {"url": f"http://127.0.0.1:{gate.port}/news.isml"}}
        urls["us"] = {"url": f"{us.url}/news.isml"}
        with RelayProcess(folder, {"news": {**legs.SETTINGS, "upstreams": urls}}) as hub:
            channel = Channel.of("news", hub.port)
            async with channel.watched(), channel.leg(made, "a", patient=True) as leg:
                for name in urls:
                    await chain.stands(hub, "news", name, lambda one: one["sent"] >= 6)
                gate.shut()
                ballast = disk / "ballast"
                await asyncio.to_thread(_fill, ballast)
                await chain.until(lambda: bool(_degraded(hub)), "it says that it is degraded")
                mark = channel.ledger.count("a") + 24
                await chain.until(lambda: channel.ledger.count("a") >= mark, "the encoder goes on")
                assert "No space left" in _degraded(hub)
                assert 'relay_channel_store_degraded{channel="news"} 1.0' in _metrics(hub)
                await gate.reopen()
                await chain.stands(
                    hub, "news", "eu", lambda one: one["sent"] and not one["backlog"]
                )
                assert _degraded(hub), "there was room"
                ballast.unlink()
                await chain.until(lambda: not _degraded(hub), "it recovers")
                await channel.witness.until(3)
                assert leg.posts == 1
            assert invariants.published(channel.ledger, channel.witness) == []
            assert not any(track.gaps for track in channel.witness.tracks.values())
            for upstream in (eu, us):
                theirs = await chain.seen(upstream, "news", channel.ledger)
                assert chain.arrived(channel.ledger, theirs) == []
            codes = [line.get("code") for line in chain.lines(hub, "news")]
            assert "STORE_DEGRADED" in codes
            assert "STORE_RECOVERED" in codes
            assert invariants.quiet(hub.text()) == []
            # What was in memory is on the disk now.
            hub.kill()
            await asyncio.to_thread(hub.start)
            again = await chain.seen(hub, "news", channel.ledger)
            assert chain.arrived(channel.ledger, again) == []


def _fill(ballast: Path) -> None:
    """Write until nothing more goes in."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def _degraded(hub: RelayProcess) -> str:
    said = json.loads(served.fetch(f"{hub.admin_url}/readyz")).get("degraded", {})
    return str(said.get("news", ""))


def _metrics(hub: RelayProcess) -> str:
    return served.fetch(f"{hub.admin_url}/metrics").decode()


class Slow(MemoryStore):
    """One that takes its time: until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.goes = asyncio.Event()
        self.goes.set()

    async def put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        if isinstance(member, Copy):
            await self.goes.wait()
        return await super().put(member, data)


@pytest.mark.fault("F28")
async def test_a_disk_that_takes_five_seconds_costs_five_seconds_and_nothing_else() -> None:
    store = Slow()
    async with twins(QUICK, store) as stage:
        await stage.header(A, B)
        for index in range(3):
            for sender in (A, B):
                await stage.send(sender, cut(index))
            await stage.tick()
        await stage.shows(2)
        store.goes.clear()
        sending = [
            asyncio.create_task(stage.send(sender, *(cut(index) for index in range(3, 8))))
            for sender in (A, B)
        ]
        for _ in range(SLOW // CELL + 1):
            await stage.tick()
        assert not any(task.done() for task in sending), "nobody waits for the disk"
        assert published(stage.channel) == [0, 1, 2]
        store.goes.set()
        await asyncio.gather(*sending)
        await stage.shows(7)
        assert published(stage.channel) == list(range(8))
        assert not any(segment.discontinuity for segment in stage.segments)
        assert not stage.channel.gaps

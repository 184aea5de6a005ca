"""F30, F31, F32: a hub is told to end, or to reload, and upstream nothing is missing.

The stories of `test_processes`; each raises AssertionError.
"""

import asyncio
import os
import signal
import time
from pathlib import Path

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.faults import chain, invariants, legs
from tests.faults.legs import Channel

MOST = float(legs.D) + 2 + 10
"""Seconds within which a hub that is told to end has ended: a fragment and two, and ten in which a
loaded machine may do something else. One that waits for its encoders never ends."""


def hub_to(eu: RelayProcess, folder: Path, name: str = "hub") -> RelayProcess:
    """One that sends its channel there, under its own name."""
    (folder / name).mkdir()
    url = f"{eu.url}/news.isml?source={name}"
    table = {**legs.SETTINGS, "upstreams": {"eu": {"url": url}}}
    return RelayProcess(folder / name, {"news": table})


def upstream(folder: Path) -> RelayProcess:
    (folder / "eu").mkdir()
    return RelayProcess(folder / "eu", {"news": legs.SETTINGS})


async def _sends(hub: RelayProcess) -> None:
    """Wait until it has sent something in this life, and has nothing left to send."""
    await chain.stands(hub, "news", "eu", lambda one: one["sent"] >= 6 and one["backlog"] <= 2)


async def _arrived(channel: Channel, eu: RelayProcess) -> None:
    assert chain.arrived(channel.ledger, await chain.seen(eu, "news", channel.ledger)) == []


def told_to_end(made: Stamper, folder: Path) -> None:
    """A hub drops nothing when it is told to reload, and ends in order when it is told to end."""
    with upstream(folder) as eu, hub_to(eu, folder) as hub:

        async def story() -> None:
            channel = Channel.of("news", hub.port)
            async with channel.leg(made, "a", patient=True) as leg:
                await _sends(hub)
                os.kill(hub.pid, signal.SIGHUP)
                await chain.until(lambda: "RELOAD" in hub.text(), "it says what became of it")
                mark = (await chain.upstream(hub, "news", "eu"))["sent"] + 4
                await chain.stands(hub, "news", "eu", lambda one: one["sent"] >= mark)
                assert leg.posts == 1
                began = time.monotonic()
                hub.terminate()
                assert await asyncio.to_thread(hub.wait) == 0
                assert time.monotonic() - began < MOST
                await chain.until(lambda: "503" in leg.answers[0], "the encoder gets its 503")
                await chain.until(lambda: '"clean": true' in eu.text(), "its POST has an end")
                await asyncio.to_thread(hub.start)
                await _sends(hub)
            await _arrived(channel, eu)

        asyncio.run(story())
        assert invariants.quiet(hub.text(), {"INGEST_DRAINING"}) == []
        hub.terminate()
        assert hub.wait() == 0


def in_turn(made: Stamper, folder: Path) -> None:
    """Two hubs are restarted, one after the other, and the upstream misses nothing."""
    with (
        upstream(folder) as eu,
        hub_to(eu, folder, "one") as one,
        hub_to(eu, folder, "two") as two,
    ):

        async def story() -> None:
            first = Channel.of("news", one.port)
            second = Channel("news", two.port, first.ledger, first.witness)
            async with first.leg(made, "a"), second.leg(made, "b"):
                for hub in (one, two):
                    await asyncio.gather(_sends(one), _sends(two))
                    hub.terminate()
                    assert await asyncio.to_thread(hub.wait) == 0
                    await asyncio.to_thread(hub.start)
                await asyncio.gather(_sends(one), _sends(two))
            await _arrived(first, eu)

        asyncio.run(story())
        for hub in (one, two):
            assert invariants.quiet(hub.text(), {"INGEST_DRAINING"}) == []
        assert "differs" not in eu.text()

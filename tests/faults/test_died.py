"""An upstream that dies with what its kernel has acknowledged, and comes back late (F24, F31).

A process that hangs reads nothing, and its kernel takes what still comes; when it is killed, that
is gone. However long it is away, it gets that again.
"""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.faults import chain, legs
from tests.faults.legs import Channel

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.long
@pytest.mark.fault("F24")
def test_what_a_dead_upstream_had_acknowledged_and_not_read_goes_up_again(
    made: Stamper, tmp_path: Path
) -> None:
    for name in ("eu", "hub"):
        (tmp_path / name).mkdir()
    with RelayProcess(tmp_path / "eu", {"news": legs.SETTINGS}) as eu:
        table = {**legs.SETTINGS, "upstreams": {"eu": {"url": f"{eu.url}/news.isml"}}}
        with RelayProcess(tmp_path / "hub", {"news": table}) as hub:
            asyncio.run(_killed(made, hub, eu))


async def _killed(made: Stamper, hub: RelayProcess, eu: RelayProcess) -> None:
    channel = Channel.of("news", hub.port)
    async with channel.leg(made, "a", patient=True) as leg:
        told = await chain.stands(hub, "news", "eu", lambda one: one["sent"] >= 6)
        os.kill(eu.pid, signal.SIGSTOP)
        mark = told["sent"] + 10
        await chain.stands(hub, "news", "eu", lambda one: one["sent"] >= mark)
        eu.kill()
        await chain.stands(hub, "news", "eu", lambda one: one["retries"] >= 3)
        await asyncio.to_thread(eu.start)
        await chain.stands(hub, "news", "eu", lambda one: one["state"] == "streaming")
        assert leg.posts == 1
    assert chain.arrived(channel.ledger, await chain.seen(eu, "news", channel.ledger)) == []

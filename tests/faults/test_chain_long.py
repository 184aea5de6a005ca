"""The chain for minutes: what is drawn happens to an upstream, to an encoder, or to the hub itself.

Two encoders, a hub, two upstreams behind networks of their own. One thing is broken at a time, and
the next only when all is well again, since what lies in two kernels at once may be lost. At the end
both upstreams have all that the hub has. `FAULTS_SEED` repeats a run.
"""

import asyncio
import os
import random
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path

import pytest

from tests.e2e import chain
from tests.e2e.conftest import LOOP
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.e2e.test_chain import faults
from tests.encoder.clips import make
from tests.faults.ledger import Ledger
from tests.faults.proxy import Proxy

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(1800)]

D = Fraction("1.92")
SETTINGS: dict[str, object] = {"fragment_duration": "1.92", "dvr_window": 3600, "patience": 3}
ROUNDS = int(os.environ.get("CHAIN_ROUNDS", "16"))
AWAY = 2
"""Fragments that come while an encoder, or the hub, is away."""


@pytest.mark.requirement("REGION-2b", role="client")
@pytest.mark.fault("F29")
async def test_whatever_happens_on_the_way_both_upstreams_have_all_in_the_end(
    tmp_path: Path,
) -> None:
    seed = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"\nFAULTS_SEED={seed}")  # noqa: T201 - to repeat it
    rng = random.Random(seed)
    clip, ledger = make(LOOP, tmp_path), Ledger(D)
    async with AsyncExitStack() as stack:
        relays: dict[str, RelayProcess] = {}
        proxies: dict[str, Proxy] = {}
        for name in ("eu", "us"):
            relays[name] = stack.enter_context(_relay(tmp_path / name))
            proxies[name] = await stack.enter_async_context(Proxy(relays[name].port, ledger, name))
        ways = {name: {"url": f"{proxy.url}/news.isml"} for name, proxy in proxies.items()}
        hub = stack.enter_context(_relay(tmp_path / "hub", upstreams=ways))
        pushes = [
            stack.enter_context(Push(clip, f"{hub.url}/news.isml", name, tmp_path))
            for name in ("enc_a", "enc_b")
        ]
        for push in pushes:
            push.start()
        await chain.until(lambda: min(map(chain.newest, relays.values())), "nothing arrives")
        for _ in range(ROUNDS):
            what = rng.choice(("encoder", "hub", "upstream", "upstream"))
            if what == "upstream":
                name = rng.choice(sorted(relays))
                fault = rng.choice([*faults(relays[name], proxies[name]).values()])
                await chain.trouble(hub, name, relays[name], fault)
            elif what == "encoder":
                push = rng.choice(pushes)
                await asyncio.to_thread(push.kill)
                await _goes_on(AWAY, hub, *relays.values())
                push.start()
            else:
                await asyncio.to_thread(hub.kill)
                await asyncio.sleep(rng.random() * float(D))
                await asyncio.to_thread(hub.start)
            await _goes_on(AWAY, hub, *relays.values())
            for name in relays:
                await chain.settled(hub, name)
            await chain.until(lambda: _protected(hub), "one encoder does not come back")
        ours, *theirs = await chain.snapshots(hub, *relays.values())
        assert chain.broken(ours, **dict(zip(relays, theirs, strict=True))) == []
        for told in chain.status(hub)["upstreams"].values():
            assert (told["lost"], told["gaps"]) == (0, 0)
        for relay in (hub, *relays.values()):
            assert "Traceback" not in relay.text()


def _relay(folder: Path, **more: object) -> RelayProcess:
    folder.mkdir()
    return RelayProcess(folder, {"news": {**SETTINGS, **more}})


def _protected(hub: RelayProcess) -> bool:
    return bool(chain.status(hub)["protection"] == "PROTECTED")


async def _goes_on(count: int, *relays: RelayProcess) -> None:
    """Wait until each has so many more fragments."""
    mark = await asyncio.to_thread(lambda: max(map(chain.newest, relays)))
    await chain.until(lambda: min(map(chain.newest, relays)) >= mark + count, "it stands still")

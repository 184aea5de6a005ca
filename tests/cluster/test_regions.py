"""Two regions, each a cluster with brokers and an encoder of its own, which forward to each other.

    enc a ──► eu one ══ broker ══ eu two        enc b ──► us one ══ broker ══ us two
                 └────────────────── one of each region ──────────────────┘

Each encoder loses what the other one delivers. No relay may have a gap, and all the same bytes.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.cluster.broker import brokers
from tests.cluster.plant import CHANNEL, CLIP, SETTINGS
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.faults import chain, invariants, legs
from tests.faults.witness import Witness, newest

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(300)]

LOST = {"eu": (9, 11), "us": (14, 15)}
"""Which fragments of its encoder, counted from 1, never leave it."""
LAST = 20
"""Fragments that are looked at."""


async def test_what_one_region_lost_comes_from_the_other_and_is_no_gap(tmp_path: Path) -> None:
    clip = legs.clip(tmp_path, CLIP)
    async with AsyncExitStack() as stack:
        relays = {name: _made(tmp_path / name) for name in ("eu-one", "eu-two", "us-one", "us-two")}
        for region, other in (("eu", "us"), ("us", "eu")):
            (broker,) = stack.enter_context(brokers(tmp_path / region, 1))
            for name in ("one", "two"):
                relay = _with(
                    relays[f"{region}-{name}"], broker.url, relays[f"{other}-two"], region
                )
                relays[f"{region}-{name}"] = relay
                stack.callback(relay.kill)
        for relay in relays.values():
            await asyncio.to_thread(relay.start)
        seen = {}
        for name, relay in relays.items():
            seen[name] = Witness(f"{relay.url}/{CHANNEL}.isml", every=1.0)
            await stack.enter_async_context(seen[name].watching())
        for region, (first, last) in LOST.items():
            url = f"{relays[f'{region}-one'].url}/{CHANNEL}.isml/Streams(main)"
            push = stack.enter_context(Push(clip, url, f"enc-{region}", tmp_path))
            push.start("--fault", f"drop={first}-{last}")
        await chain.until(lambda: _shown(seen) >= LAST, f"not {LAST} of each track")
        for region in LOST:
            assert _missed(relays[f"{region}-one"], f"enc-{region}") > 0, "it has lost nothing"
        for name, relay in relays.items():
            assert invariants.quiet(relay.text()) == [], name
    for name, witness in seen.items():
        assert witness.complaints == [], name
        for track, known in witness.tracks.items():
            assert known.gaps == set(), (name, track)
            assert sorted(known.listed) == list(range(min(known.listed), newest(known) + 1))
            assert not any(line.broken for line in known.listed.values())
            for index, body in seen["eu-one"].tracks[track].bodies.items():
                assert known.bodies.get(index, body) == body, (name, track, index)


def _made(folder: Path) -> RelayProcess:
    """Only its ports, so that the others can name it."""
    folder.mkdir()
    return RelayProcess(folder, {CHANNEL: SETTINGS})


def _with(relay: RelayProcess, broker: str, to: RelayProcess, region: str) -> RelayProcess:
    """A relay of a region's cluster, at the ports that it was given."""
    environment = {
        "RELAY_STORE__KIND": "jetstream",
        "RELAY_CLUSTER__SERVERS": json.dumps([broker]),
        "RELAY_CLUSTER__REPLICAS": "1",
    }
    upstream = {"other": {"url": f"{to.url}/{CHANNEL}.isml?source={region}"}}
    made = RelayProcess(
        relay.folder, {CHANNEL: {**SETTINGS, "upstreams": upstream}}, environment=environment
    )
    text = made.conf.read_text()
    for mine, given in ((made.port, relay.port), (made.admin, relay.admin)):
        text = text.replace(f":{mine}", f":{given}")
    made.conf.write_text(text)
    made.port, made.admin, made.url, made.admin_url = (
        relay.port,
        relay.admin,
        relay.url,
        relay.admin_url,
    )
    return made


def _shown(seen: dict[str, Witness]) -> int:
    """How many fragments every track of every relay has at least."""
    tracks = [[len(t.bodies) for t in witness.tracks.values()] for witness in seen.values()]
    return min((min(counts) for counts in tracks if len(counts) == 2), default=0) * all(tracks)


def _missed(relay: RelayProcess, source: str) -> int:
    return sum(track["gap"] for track in _tracks(relay, source))


def _tracks(relay: RelayProcess, source: str) -> Iterator[dict[str, Any]]:
    with urlopen(f"{relay.admin_url}/api/v1/status", timeout=10) as answer:
        told = json.load(answer)["channels"][CHANNEL]["sources"][source]
    yield from told["tracks"].values()

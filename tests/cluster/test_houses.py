"""Two relays that share a channel: whatever reaches the one, players find at the other."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

from relay.app import House
from relay.config import Config
from relay.uplink.attempt import State
from relay.uplink.standing import Standing
from tests.cluster.broker import Broker
from tests.courier.misbehaving import served
from tests.door import TRACK, published, shown
from tests.forwarder.test_forwarder import Upstream
from tests.operating import FREE, PLAIN, get, push
from tests.server.wire import eventually

PLAYLIST = f"/news.isml/{TRACK}/index.m3u8"


@asynccontextmanager
async def pair(
    broker: Broker,
    folder: Path,
    upstreams: Mapping[str, object] = MappingProxyType({}),
    **more: str,
) -> AsyncIterator[list[House]]:
    """Two of them, in a cluster of their own. `more`: of its settings."""
    cluster = uuid4().hex[:12]
    async with AsyncExitStack() as stack:
        houses = []
        for name in ("one", "two"):
            config = Config.model_validate(
                {
                    "server": {"listen": FREE, "admin": FREE},
                    "store": {"kind": "jetstream", "path": folder / name, "durable": False},
                    "cluster": {
                        "servers": [broker.url],
                        "replicas": 1,
                        "name": cluster,
                        "node": name,
                        **more,
                    },
                    "channels": {"news": {**PLAIN, "upstreams": upstreams}},
                }
            )
            house = House(config)
            stack.push_async_callback(house.close)
            await house.open()
            houses.append(house)
        yield houses


async def test_what_is_pushed_to_the_one_is_played_from_the_other(
    broker: Broker, tmp_path: Path
) -> None:
    async with pair(broker, tmp_path) as (one, two):
        assert (await push(one, 0, 3)).status == 200
        await shown(two.channels["news"], [0, 1, 2])
        # The other encoder has more, and what it has too is the same.
        assert (await push(two, 1, 5)).status == 200
        for house in (one, two):
            await shown(house.channels["news"], [0, 1, 2, 3, 4])
        path = f"/news.isml/{TRACK}/4.m4s"
        for asked in (path, PLAYLIST, "/news.isml/manifest.mpd"):
            answers = [await get(house, asked) for house in (one, two)]
            assert [answer.status for answer in answers] == [200, 200]
            assert answers[0].body == answers[1].body
        told = json.loads((await get(one, "/readyz", admin=True)).body)
        assert "degraded" not in told


async def test_a_reset_of_the_one_is_a_reset_of_both(broker: Broker, tmp_path: Path) -> None:
    async with pair(broker, tmp_path) as (one, two):
        assert (await push(one, 7, 9)).status == 200
        assert await eventually(lambda: published(two.channels["news"]) == [7, 8])
        before = two.channels["news"]
        await one.reset("news")
        assert await eventually(lambda: two.channels["news"] is not before)
        assert published(two.channels["news"]) == []
        assert (await push(two, 0, 2)).status == 200
        await shown(one.channels["news"], [0, 1])
        assert await eventually(lambda: published(two.channels["news"]) == [0, 1])


async def test_one_of_them_forwards_and_after_its_end_the_other(
    broker: Broker, tmp_path: Path
) -> None:
    upstream = Upstream()
    async with served(upstream) as address:
        url = f"http://127.0.0.1:{address[1]}/news.isml"
        async with pair(broker, tmp_path, {"eu": {"url": url}}) as houses:
            assert (await push(houses[0], 0, 3)).status == 200
            assert await eventually(lambda: sorted(_eu(house).sent for house in houses) == [0, 3])
            other, one = sorted(houses, key=lambda house: _eu(house).sent)
            assert await eventually(lambda: _eu(other).holder != "")
            assert _eu(other).state is State.STANDBY
            assert _eu(other).reason == f"{_eu(one).holder} sends to it"
            assert _eu(other).holder == _eu(one).holder in ("one", "two")
            assert len(upstream.bodies) == 1
            await one.close()
            assert (await push(other, 1, 5)).status == 200
            assert await eventually(lambda: _eu(other).sent >= 2)


async def test_all_of_them_forward_where_that_is_wanted(broker: Broker, tmp_path: Path) -> None:
    upstream = Upstream()
    async with served(upstream) as address:
        url = f"http://127.0.0.1:{address[1]}/news.isml"
        async with pair(broker, tmp_path, {"eu": {"url": url}}, forward="all") as houses:
            assert (await push(houses[0], 0, 3)).status == 200
            assert await eventually(lambda: [_eu(house).sent for house in houses] == [3, 3])
            assert {_eu(house).holder for house in houses} == {""}


def _eu(house: House) -> Standing:
    return house.channels["news"].upstreams["eu"]()


def test_a_cluster_without_its_library_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    conf = tmp_path / "relay.toml"
    conf.write_text(f'[store]\nkind = "jetstream"\npath = "{tmp_path}/s"\n[channels.news]\n')
    script = (
        "import sys; sys.modules['nats'] = None;"
        f"sys.argv = ['relay', 'run', '{conf}'];"
        "from relay.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 78, done.stderr
    assert "isml-relay[cluster]" in done.stderr + done.stdout

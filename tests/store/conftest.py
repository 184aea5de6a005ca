"""Every kind of store; the one that several relays share has a real broker."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from relay.store import Store
from relay.store.disk import DiskStore
from relay.store.jetstream.brokers import Brokers
from relay.store.jetstream.store import JetStreamStore
from relay.store.memory import MemoryStore
from tests.cluster.broker import Broker, brokers


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with brokers(tmp_path_factory.mktemp("broker"), 1) as made:
        yield made[0]


@pytest.fixture(params=["memory", "disk", "jetstream"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    else:
        made = await DiskStore.open(tmp_path, "news")
        if request.param == "jetstream":
            broker: Broker = request.getfixturevalue("broker")
            shared = Brokers((broker.url,), replicas=1)
            made = await JetStreamStore.open(made, shared, tmp_path.name, tmp_path / "news")
            assert made.degraded == ""
    yield made
    await made.close()

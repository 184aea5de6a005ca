"""A broker for each file of tests, and stores of several relays on it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.cluster.broker import Broker, brokers
from tests.cluster.nodes import Nodes


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with brokers(tmp_path_factory.mktemp("broker"), 1) as made:
        yield made[0]


@pytest.fixture
async def nodes(broker: Broker, tmp_path: Path) -> AsyncIterator[Nodes]:
    made = Nodes((broker.url,), tmp_path.name, tmp_path)
    yield made
    broker.up()
    await made.aclose()

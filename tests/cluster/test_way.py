"""A relay whose way to the receiver is broken gives its turn up to one that has a way."""

import pytest

from relay.store.memory import MemoryStore
from relay.uplink.attempt import State
from tests.courier.misbehaving import served
from tests.forwarder.seats import Claims, both, started
from tests.forwarder.test_forwarder import Upstream, state, to
from tests.server.wire import eventually

pytestmark = pytest.mark.long  # it has to fail for a quarter of a minute


async def test_one_without_a_way_to_the_receiver_lets_the_other_one_send() -> None:
    upstream, claims = Upstream(), Claims()
    async with served(upstream) as address:
        async with served(upstream) as nobody:
            pass
        one = await started(claims, "one", to(nobody), store=MemoryStore())
        assert await eventually(lambda: one.holder() == "one")
        other = await started(claims, "two", to(address), store=MemoryStore())
        try:
            await both((one, other), 100, 104)
            assert await eventually(lambda: state(one.channel) is State.RETRYING)
            assert await eventually(lambda: other.channel.upstreams["eu"]().sent == 4, 60)
            assert await eventually(lambda: one.holder() == "two")
            assert state(one.channel) is State.STANDBY
        finally:
            await one.close()
            await other.close()

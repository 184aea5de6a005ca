"""Relays that take turns, when one of them cannot do what it should."""

import asyncio

import pytest

from relay.forwarder.forwarder import Forwarder
from relay.forwarder.turn import Seat
from relay.store.memory import MemoryStore
from relay.uplink.attempt import State
from relay.uplink.lease import LOOK
from tests import door
from tests.courier.misbehaving import served
from tests.forwarder.seats import DEAD, KEY, Claims, Door, both, indexes, last, started, two
from tests.forwarder.test_forwarder import Upstream, push, state, to
from tests.server.wire import eventually


async def test_a_relay_whose_channel_has_failed_leaves_the_turn_to_the_other_one() -> None:
    upstream, claims = Upstream(), Claims()
    async with served(upstream) as address, two(claims, to(address)) as relays:
        one, other = relays
        await both(relays, 100, 103)
        assert await eventually(lambda: one.channel.upstreams["eu"]().sent == 3)
        one.channel.failed = True
        assert await eventually(lambda: claims.claim().name == "two")
        await push(other.channel, 103, 106)
        assert await eventually(lambda: last(upstream) == 105)


async def test_a_principal_that_is_paused_takes_no_backup_with_it() -> None:
    us, claims = Upstream(), Claims()
    async with served(us) as elsewhere:
        fed = [to(DEAD), to(elsewhere, "us", backup_of="eu")]
        async with two(claims, *fed) as relays:
            one, _ = relays
            await both(relays, 100, 103)
            assert await eventually(lambda: last(us) == 102)
            for relay in relays:
                relay.forwarder.hold("eu", held=True)
            await both(relays, 103, 106)
            assert await eventually(lambda: last(us) == 105)
            assert one.channel.upstreams["eu"]().reason == "paused by an operator"


async def test_one_that_keeps_apart_sends_what_it_has_and_leaves_the_turn() -> None:
    class Apart(MemoryStore):
        alone = ""

        @property
        def degraded(self) -> str:
            return self.alone

    upstream, claims, store = Upstream(), Claims(), Apart()
    async with served(upstream) as address:
        one = await started(claims, "one", to(address), store=store)
        other = await started(claims, "two", to(address), store=MemoryStore())
        try:
            assert await eventually(lambda: KEY in claims.kept and bool(other.holder()))
            store.alone = "the brokers do not answer"
            assert await eventually(lambda: claims.claim().name == "two")
            await push(one.channel, 100, 102)
            await push(other.channel, 102, 105)
            sent = {*range(100, 105)}
            assert await eventually(
                lambda: sent <= {at for body in upstream.bodies for at in indexes(body)}
            )
            store.alone = ""
            assert await eventually(lambda: state(one.channel) is State.STANDBY)
        finally:
            await one.close()
            await other.close()


async def test_a_defect_while_it_holds_the_turn_ends_in_order() -> None:
    class Breaking(Door):
        broken = False

        async def write(self, channel: str, name: str, record: bytes, revision: int) -> int | None:
            if self.broken:
                raise RuntimeError("a fault of our own")
            return await super().write(channel, name, record, revision)

    upstream, claims, channel = Upstream(), Claims(), (await door.started(MemoryStore()))[0]
    async with served(upstream) as address:
        claimed = Breaking("one", claims)
        seat = Seat(claimed, "one", "one", 60_000)
        forwarder = Forwarder(channel, [to(address)], None, seat=seat)
        forwarder.open()
        assert await eventually(lambda: KEY in claims.kept)
        claimed.broken = True
        written = claims.kept[KEY]
        await asyncio.sleep(2 * LOOK / 1000)
        await forwarder.close()
        await channel.close()
    assert claims.kept[KEY] == written


async def test_a_defect_lets_it_send() -> None:
    class Broken(Door):
        async def read(self, channel: str, name: str) -> tuple[int, bytes]:
            raise RuntimeError("a fault of our own")

    upstream, channel = Upstream(), (await door.started(MemoryStore()))[0]
    async with served(upstream) as address:
        seat = Seat(Broken("one", Claims()), "one", "one", 60_000)
        forwarder = Forwarder(channel, [to(address)], None, seat=seat)
        forwarder.open()
        try:
            await push(channel, 100, 102)
            assert await eventually(lambda: channel.upstreams["eu"]().sent == 2)
        finally:
            await forwarder.close()
            await channel.close()


@pytest.mark.parametrize("record", [b"{", b"[]", b'{"id": 1}', b"\xff"])
async def test_a_claim_that_cannot_be_read_is_as_none(record: bytes) -> None:
    upstream, claims = Upstream(), Claims()
    claims.kept[KEY] = 7, record
    async with served(upstream) as address:
        relay = await started(claims, "two", to(address), store=MemoryStore())
        try:
            assert await eventually(lambda: relay.holder() == "two")
        finally:
            await relay.close()
    assert claims.claim().id == "", "it is given up at the end"

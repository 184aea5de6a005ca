"""Relays of a cluster take turns: two forwarders of one channel's media, before one receiver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from relay.channel import Channel
from relay.forwarder.destination import Destination
from relay.forwarder.forwarder import Forwarder
from relay.forwarder.turn import Seat
from relay.media import Fragment
from relay.store.memory import MemoryStore
from relay.uplink.attempt import State
from relay.uplink.claim import Claim
from relay.uplink.lease import LOOK
from tests import door
from tests.courier.misbehaving import served
from tests.forwarder.test_forwarder import Upstream, push, state, to
from tests.server.wire import eventually

KEY = ("news", "eu")
DEAD = ("127.0.0.1", 9)


@dataclass
class Claims:
    """The claims at brokers. `cut`: names of relays that do not reach them."""

    kept: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)

    def claim(self) -> Claim:
        return Claim.of(self.kept[KEY][1])


@dataclass
class Door:
    """The way of one relay to them."""

    name: str
    claims: Claims
    closed: bool = False

    async def read(self, channel: str, name: str) -> tuple[int, bytes]:
        await self._asked()
        return self.claims.kept.get((channel, name), (0, b""))

    async def write(self, channel: str, name: str, record: bytes, revision: int) -> int | None:
        await self._asked()
        if self.claims.kept.get((channel, name), (0, b""))[0] != revision:
            return None
        self.claims.kept[channel, name] = revision + 1, record
        return revision + 1

    async def close(self) -> None:
        self.closed = True

    async def _asked(self) -> None:
        await asyncio.sleep(0)
        if self.name in self.claims.cut:
            raise OSError("no answer")


@dataclass
class Relay:
    channel: Channel
    forwarder: Forwarder

    def holder(self) -> str:
        return self.channel.upstreams["eu"]().holder

    async def close(self) -> None:
        await self.forwarder.close()
        await self.channel.close()


async def started(
    claims: Claims, name: str, *to: Destination, patience: int = 60_000, store: MemoryStore
) -> Relay:
    channel, _ = await door.started(store)
    forwarder = Forwarder(channel, to, None, seat=Seat(Door(name, claims), name, name, patience))
    forwarder.open()
    return Relay(channel, forwarder)


@asynccontextmanager
async def two(
    claims: Claims, *to: Destination, patience: int = 60_000
) -> AsyncIterator[tuple[Relay, Relay]]:
    """One, which has its turn, and two."""
    one = await started(claims, "one", *to, patience=patience, store=MemoryStore())
    assert await eventually(lambda: KEY in claims.kept)
    other = await started(claims, "two", *to, patience=patience, store=MemoryStore())
    try:
        yield one, other
    finally:
        await one.close()
        await other.close()


async def both(relays: tuple[Relay, Relay], first: int, stop: int) -> None:
    for relay in relays:
        await push(relay.channel, first, stop)


def _indexes(body: bytearray) -> list[int]:
    found = door.told("main", bytes(body))[1:]
    return [one.time // door.D for one in found if isinstance(one, Fragment)]


async def test_one_sends_and_the_other_names_it_and_goes_on_where_it_ends() -> None:
    upstream, claims = Upstream(), Claims()
    async with served(upstream) as address, two(claims, to(address)) as relays:
        one, other = relays
        await both(relays, 100, 105)
        assert await eventually(lambda: one.channel.upstreams["eu"]().sent == 5)
        assert await eventually(lambda: other.holder() == "one")
        stands = other.channel.upstreams["eu"]()
        assert stands.state is State.STANDBY
        assert stands.reason == "one sends to it"
        assert (stands.backlog, stands.failing) == (0, False)
        assert one.holder() == "one"
        assert len(upstream.bodies) == 1
        await one.forwarder.close()
        assert await eventually(lambda: claims.claim().name == "two")
        await push(other.channel, 105, 107)
        assert await eventually(lambda: other.channel.upstreams["eu"]().sent > 0)
        assert await eventually(lambda: len(upstream.bodies) == 2)
        assert await eventually(lambda: _indexes(upstream.bodies[1])[-1:] == [106])
    assert _indexes(upstream.bodies[0]) == [100, 101, 102, 103, 104]
    again = _indexes(upstream.bodies[1])
    assert again == list(range(again[0], 107))
    assert 100 <= again[0] <= 103, "the last two before the seam, and what is in doubt"
    events = [event.code for event in other.channel.journal.events.values()]
    assert "UPSTREAM_STANDBY" in events


async def test_what_is_sure_is_not_sent_again() -> None:
    upstream, claims = Upstream(), Claims()
    claims.kept[KEY] = 7, _claim("gone", 104)
    async with served(upstream) as address:
        relay = await started(claims, "two", to(address), store=MemoryStore())
        try:
            await push(relay.channel, 100, 106)
            assert await eventually(lambda: relay.holder() == "gone")
            assert upstream.bodies == []
            assert await eventually(lambda: relay.holder() == "two", 30)
            assert await eventually(lambda: relay.channel.upstreams["eu"]().sent == 1, 20)
        finally:
            await relay.close()
    assert _indexes(upstream.bodies[0]) == [103, 104, 105]


async def test_how_far_one_came_before_a_reset_says_nothing_of_what_comes_afterwards() -> None:
    upstream, claims = Upstream(), Claims()
    claims.kept[KEY] = 7, _claim("", 104)

    class Emptied(MemoryStore):
        @property
        def generation(self) -> int:
            return 1

    async with served(upstream) as address:
        relay = await started(claims, "two", to(address), store=Emptied())
        try:
            await push(relay.channel, 100, 106)
            assert await eventually(lambda: relay.channel.upstreams["eu"]().sent == 6)
        finally:
            await relay.close()
    assert _indexes(upstream.bodies[0]) == [100, 101, 102, 103, 104, 105]
    assert claims.claim().generation == 1


async def test_without_brokers_both_send_and_afterwards_one() -> None:
    upstream, claims = Upstream(), Claims()
    async with served(upstream) as address, two(claims, to(address), patience=1_000) as relays:
        await both(relays, 100, 103)
        assert await eventually(lambda: relays[0].channel.upstreams["eu"]().sent == 3)
        claims.cut |= {"one", "two"}
        assert await eventually(lambda: state(relays[1].channel) is State.STREAMING, 20)
        assert state(relays[0].channel) is State.STREAMING
        claims.cut.clear()
        assert await eventually(lambda: state(relays[1].channel) is State.STANDBY, 20)
        assert state(relays[0].channel) is State.STREAMING


async def test_one_that_an_operator_has_paused_lets_the_other_one_send() -> None:
    upstream, claims = Upstream(), Claims()
    async with served(upstream) as address, two(claims, to(address)) as relays:
        one, other = relays
        one.forwarder.hold("eu", held=True)
        assert await eventually(lambda: claims.claim().name == "two")
        assert one.channel.upstreams["eu"]().reason == "paused by an operator"
        await push(other.channel, 100, 103)
        assert await eventually(lambda: other.channel.upstreams["eu"]().sent == 3)
        one.forwarder.hold("eu", held=False)
        assert await eventually(lambda: state(one.channel) is State.STANDBY)


async def test_a_backup_goes_with_its_principal_and_an_exchange_keeps_the_turn() -> None:
    eu, us, claims = Upstream(), Upstream(), Claims()
    async with served(eu) as there, served(us) as elsewhere:
        fed = [to(there), to(elsewhere, "us", backup_of="eu")]
        async with two(claims, *fed) as relays:
            one, other = relays
            await both(relays, 100, 103)
            assert await eventually(lambda: one.channel.upstreams["eu"]().sent == 3)
            assert set(claims.kept) == {KEY}
            assert await eventually(lambda: other.holder() == "one")
            assert state(other.channel, "us") is State.STANDBY
            assert state(one.channel, "us") is State.PAUSED
            await one.forwarder.alter([replace(fed[0], speed=9), fed[1]])
            await push(one.channel, 103, 105)
            assert await eventually(lambda: _last(eu) == 104)
            assert claims.claim().name == "one"
            await one.forwarder.alter([])
            assert await eventually(lambda: claims.claim().name == "two", 30)
    assert us.bodies == []


async def test_a_relay_whose_channel_has_failed_leaves_the_turn_to_the_other_one() -> None:
    upstream, claims = Upstream(), Claims()
    async with served(upstream) as address, two(claims, to(address)) as relays:
        one, other = relays
        await both(relays, 100, 103)
        assert await eventually(lambda: one.channel.upstreams["eu"]().sent == 3)
        one.channel.failed = True
        assert await eventually(lambda: claims.claim().name == "two")
        await push(other.channel, 103, 106)
        assert await eventually(lambda: _last(upstream) == 105)


async def test_a_principal_that_is_paused_takes_no_backup_with_it() -> None:
    us, claims = Upstream(), Claims()
    async with served(us) as elsewhere:
        fed = [to(DEAD), to(elsewhere, "us", backup_of="eu")]
        async with two(claims, *fed) as relays:
            one, _ = relays
            await both(relays, 100, 103)
            assert await eventually(lambda: _last(us) == 102)
            for relay in relays:
                relay.forwarder.hold("eu", held=True)
            await both(relays, 103, 106)
            assert await eventually(lambda: _last(us) == 105)
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
                lambda: sent <= {at for body in upstream.bodies for at in _indexes(body)}
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


def _claim(name: str, index: int) -> bytes:
    found = Claim(name, name).written(0).decode()
    reached = (
        f'{{"eu":{{"main":{{"sequence":9,"reached":{{"{door.TRACK}":{index}}},"events":{{}}}}}}}}'
    )
    return found.replace('"upstreams":{}', f'"upstreams":{reached}').encode()


def _last(upstream: Upstream) -> int:
    return max((index for body in upstream.bodies for index in _indexes(body)), default=0)

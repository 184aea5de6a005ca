"""Relays of a cluster take turns: two forwarders of one channel's media, before one receiver."""

from dataclasses import replace

from relay.store.memory import MemoryStore
from relay.uplink.attempt import State
from tests.courier.misbehaving import served
from tests.forwarder.seats import KEY, Claims, both, claim, indexes, last, started, two
from tests.forwarder.test_forwarder import Upstream, push, state, to
from tests.server.wire import eventually


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
        assert await eventually(lambda: indexes(upstream.bodies[1])[-1:] == [106])
    assert indexes(upstream.bodies[0]) == [100, 101, 102, 103, 104]
    again = indexes(upstream.bodies[1])
    assert again == list(range(again[0], 107))
    assert 100 <= again[0] <= 103, "the last two before the seam, and what is in doubt"
    events = [event.code for event in other.channel.journal.events.values()]
    assert "UPSTREAM_STANDBY" in events


async def test_what_is_sure_is_not_sent_again() -> None:
    upstream, claims = Upstream(), Claims()
    claims.kept[KEY] = 7, claim("gone", 104)
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
    assert indexes(upstream.bodies[0]) == [103, 104, 105]


async def test_how_far_one_came_before_a_reset_says_nothing_of_what_comes_afterwards() -> None:
    upstream, claims = Upstream(), Claims()
    claims.kept[KEY] = 7, claim("", 104)

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
    assert indexes(upstream.bodies[0]) == [100, 101, 102, 103, 104, 105]
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
            assert await eventually(lambda: last(eu) == 104)
            assert claims.claim().name == "one"
            await one.forwarder.alter([])
            assert await eventually(lambda: claims.claim().name == "two", 30)
    assert us.bodies == []

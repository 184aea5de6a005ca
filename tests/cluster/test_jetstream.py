"""Relays that share their set through a real broker: what each of them sees."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from relay.errors import StoreRefused
from relay.media import Member, Pin
from relay.store.jetstream.brokers import Brokers
from relay.store.jetstream.session import Session
from relay.store.jetstream.subjects import Subjects
from tests.cluster.broker import Broker
from tests.cluster.nodes import TRACK, Nodes, copy, gap, members, playable, until


async def test_of_two_relays_one_is_first_under_each_key(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    bodies = {"a": b"a" * 3000, "b": b"b" * 5000}

    async def race(index: int) -> tuple[bool, bool]:
        copies = {source: copy(index, body, source) for source, body in bodies.items()}
        return await asyncio.gather(
            one.put(copies["a"], [bodies["a"]]), two.put(copies["b"], [bodies["b"]])
        )

    won = await asyncio.gather(*(race(index) for index in range(100)))
    assert all(sum(each) == 1 for each in won)
    assert await nodes.messages() == len(members(one)) == 100
    assert members(one) == members(two)
    assert await playable(one) == await playable(two)
    for index, (first, _) in enumerate(won):
        assert await two.get(TRACK, 0, index) == bodies["a" if first else "b"]


async def test_what_one_puts_the_other_follows_in_its_order(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    feed = two.follow()
    put: list[Member] = [Pin("grid", b"2"), Pin("header/é 1", bytes(range(256)) * 50), gap(1)]
    event = replace(copy(7, b"event"), event=True)
    await one.put(put[0])
    await one.put(put[1])
    await one.put(put[2])
    await one.put(replace(copy(1, b"fill"), fill=True), [b"fill"])
    await one.put(event, [b"event"])
    await one.put(copy(2, b"x" * 100), [b"x" * 50, memoryview(b"x" * 50)])
    seen = []
    async with asyncio.timeout(60):
        async for member in feed:
            seen.append(member)
            if len(seen) == 6:
                break
    assert seen == members(one)
    assert seen[:3] == put
    assert await two.get(TRACK, 0, 1) == b"fill"
    assert await two.get(TRACK, 0, 7, event.time) == b"event"


async def test_a_relay_that_was_away_catches_up_and_goes_on(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    await one.put(copy(1, b"1"), [b"1"])
    await until(lambda: len(members(two)) == 1)
    await nodes.close("two")
    for index in range(2, 30):
        await one.put(copy(index, b"%d" % index), [b"%d" % index])
    two = await nodes.open("two")
    assert two.degraded == ""
    assert members(two) == members(one)
    assert await playable(two) == await playable(one)
    assert not await two.put(copy(5, b"other", "b"), [b"other"])
    assert await two.put(copy(30, b"30", "b"), [b"30"])
    await until(lambda: members(one) == members(two))


async def test_a_fragment_of_ten_megabytes_is_one_message(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    body = bytes(range(256)) * 40_000
    assert await one.put(copy(1, body), [body])
    await until(lambda: members(two))
    assert await two.get(TRACK, 0, 1) == body


async def test_what_is_larger_than_a_message_stays_here(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    body = bytes(17 << 20)
    assert await one.put(copy(1, body), [body])
    assert await one.put(copy(2, b"2"), [b"2"])
    assert await one.get(TRACK, 0, 1) == body
    await until(lambda: members(two))
    assert members(two) == [copy(2, b"2")]


async def test_what_is_trimmed_goes_at_the_brokers_too_and_pins_stay(
    nodes: Nodes, broker: Broker
) -> None:
    one = await nodes.open("one")
    await one.put(Pin("grid", b"2"))
    for index in range(20):
        await one.put(copy(index, b"x" * 1000), [b"x" * 1000])
        await one.put(copy(index, b"y", track="audio"), [b"y"])
    assert await one.trim(TRACK, 0, 15) == 15
    await nodes.close("one")  # the last of the tidying is done at the end
    fresh = await nodes.open("two")
    left = members(fresh)
    assert left[0] == Pin("grid", b"2")
    assert [m.index for m in left[1:] if not isinstance(m, Pin) and m.track == TRACK] == [
        *range(15, 20)
    ]
    assert len(left) == 1 + 5 + 20


async def test_what_was_trimmed_here_and_is_put_again_is_not_first(nodes: Nodes) -> None:
    one = await nodes.open("one")
    await one.put(copy(1, b"1"), [b"1"])
    await one.trim(TRACK, 0, 2)
    assert not await one.put(copy(1, b"again", "b"), [b"again"])
    assert await one.put(copy(2, b"2"), [b"2"])


async def test_what_others_have_trimmed_is_not_brought_back(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    for index in range(20):
        await one.put(copy(index, b"x"), [b"x"])
    await until(lambda: members(two) == members(one))
    await nodes.close("two")
    await one.trim(TRACK, 0, 15)
    await nodes.close("one")
    two = await nodes.open("two")
    await until(lambda: two.degraded == "")
    fresh = await nodes.open("three")
    assert [m.index for m in members(fresh) if not isinstance(m, Pin)] == [*range(15, 20)]


async def test_one_empties_it_for_all(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    await one.put(copy(1, b"old"), [b"old"])
    await until(lambda: members(two))
    feed = two.follow()
    await nodes.open("away")
    await nodes.close("away")
    await one.clear()
    assert members(one) == []
    async with asyncio.timeout(60):
        assert [member async for member in feed] == []  # it ends
    await until(lambda: two.emptied)
    with pytest.raises(OSError, match="cleared"):
        await two.put(copy(2, b"old"), [b"old"])
    assert not one.emptied
    assert await one.put(copy(1, b"new!"), [b"new!"])
    await two.clear()  # takes note of it
    await until(lambda: members(two) == [copy(1, b"new!")])
    assert not two.emptied
    assert await two.put(copy(2, b"more"), [b"more"])
    away = await nodes.open("away")
    assert not away.emptied  # nobody has seen what it had
    await until(lambda: members(away) == members(one))
    assert await playable(away) == {(TRACK, 0, 1): b"new!", (TRACK, 0, 2): b"more"}


async def test_two_that_empty_it_at_once_empty_it_once(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    await one.put(copy(1, b"old"), [b"old"])
    await until(lambda: members(two))
    await asyncio.gather(one.clear(), two.clear())
    assert members(one) == members(two) == []
    assert await one.put(copy(1, b"new"), [b"new"])
    await until(lambda: members(two) == members(one))


async def test_more_copies_than_servers_are_refused(nodes: Nodes) -> None:
    with pytest.raises(StoreRefused, match="3 copies") as refused:
        await nodes.open("one", replicas=3)
    assert "[cluster]" in refused.value.hint


async def test_a_message_that_is_none_of_ours_is_passed_over(nodes: Nodes, broker: Broker) -> None:
    one = await nodes.open("one")
    names = Subjects("relay", nodes.channel)
    session = await Session.open(broker.url, Brokers((broker.url,), replicas=1), names)
    await session.put(f"{names.root}.0.m.x.0.1", {"Relay-Member": "nonsense"}, b"")
    await session.put(f"{names.root}.bogus", {}, b"")
    await session.close()
    assert await one.put(copy(1, b"1"), [b"1"])
    assert members(one) == [copy(1, b"1")]


async def test_a_store_without_brokers_opens_alone(tmp_path: Path) -> None:
    nodes = Nodes(("nats://127.0.0.1:1",), "news", tmp_path)
    one = await nodes.open("one", patience=0.2)
    assert await one.put(copy(1, b"1"), [b"1"])
    assert "127.0.0.1:1" in one.degraded
    with pytest.raises(OSError, match="do not answer"):
        await one.clear()
    await nodes.aclose()

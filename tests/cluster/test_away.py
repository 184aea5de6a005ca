"""The brokers are away: each relay goes on alone, and what they have is one set afterwards."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from relay.media import Copy, Pin
from relay.store.jetstream.store import JetStreamStore
from tests.cluster.broker import Broker
from tests.cluster.nodes import TRACK, Nodes, copy, gap, members, playable, until


@pytest.mark.parametrize("how", ["killed", "silent"])
async def test_each_goes_on_alone_and_then_they_are_equal(
    nodes: Nodes, broker: Broker, how: str
) -> None:
    one = await nodes.open("one", patience=0.5, attempt=0.3)
    two = await nodes.open("two", patience=0.5, attempt=0.3)
    await one.put(copy(1, b"before"), [b"before"])
    await until(lambda: members(two))
    _cut(broker, how)
    for index in range(2, 12):  # the first waits, and then nobody does
        store = one if index % 2 else two
        assert await store.put(copy(index, b"%d" % index), [b"%d" % index])
    assert one.degraded
    assert two.degraded
    assert await one.get(TRACK, 0, 3) == b"3"
    _mend(broker, how)
    await until(lambda: not one.degraded and not two.degraded, "they do not come back")
    assert await one.put(copy(12, b"after"), [b"after"])
    await until(lambda: len(members(two)) == len(members(one)) == 12)
    assert await playable(one) == await playable(two)
    assert len(await playable(one)) == 12


async def test_a_put_that_waits_for_a_new_leader_is_not_answered_before(
    nodes: Nodes, broker: Broker
) -> None:
    one = await nodes.open("one", patience=60, attempt=0.3)
    broker.kill()
    put = asyncio.create_task(one.put(copy(1, b"1"), [b"1"]))
    await asyncio.wait([put], timeout=1)
    assert not put.done()
    assert one.degraded == ""
    broker.start()
    assert await put
    two = await nodes.open("two")
    assert members(two) == members(one)


async def test_what_was_published_apart_stays_and_gaps_are_filled(
    nodes: Nodes, broker: Broker
) -> None:
    one = await nodes.open("one", patience=0.3, attempt=0.3)
    two = await nodes.open("two", patience=0.3, attempt=0.3)
    broker.kill()
    for store, source in ((one, "a"), (two, "b")):
        assert await store.put(copy(1, source.encode(), source), [source.encode()])
    assert await one.put(gap(2))
    assert await two.put(copy(2, b"2"), [b"2"])
    assert await one.put(copy(3, b"3"), [b"3"])
    assert await two.put(gap(3))
    assert await one.put(Pin("grid", b"2"))
    assert await two.put(Pin("grid", b"2"))
    broker.start()
    await until(lambda: not one.degraded and not two.degraded)
    for store in (one, two):
        await until(partial(_has, store, 2))
        await until(partial(_has, store, 3))
    assert await one.get(TRACK, 0, 1) == b"a"
    assert await two.get(TRACK, 0, 1) == b"b"
    assert one.unlike + two.unlike == 1
    both = await playable(one), await playable(two)
    assert both[0].keys() == both[1].keys()
    assert both[0][TRACK, 0, 2] == both[1][TRACK, 0, 2] == b"2"
    assert both[0][TRACK, 0, 3] == both[1][TRACK, 0, 3] == b"3"
    assert gap(2) in members(one)
    assert gap(3) in members(two)
    assert replace(copy(2, b"2"), fill=True) in members(one)


async def test_a_kill_while_alone_loses_nothing(nodes: Nodes, broker: Broker) -> None:
    one = await nodes.open("one", patience=0.3, attempt=0.3)
    await one.put(copy(1, b"1"), [b"1"])
    broker.kill()
    await one.put(copy(2, b"2"), [b"2"])
    await nodes.close("one")
    one = await nodes.open("one", patience=0.3, attempt=0.3)
    assert one.degraded
    await one.put(copy(3, b"3"), [b"3"])
    broker.start()
    await until(lambda: not one.degraded)
    two = await nodes.open("two")
    assert [m.index for m in members(two) if isinstance(m, Copy)] == [1, 2, 3]


async def test_brokers_that_were_replaced_get_all_there_is(nodes: Nodes, broker: Broker) -> None:
    one = await nodes.open("one", patience=0.3, attempt=0.3)
    await one.clear()
    for index in range(1, 9):
        await one.put(copy(index, b"x"), [b"x"])
    broker.kill()
    broker.wipe()
    await one.put(copy(9, b"x"), [b"x"])
    await nodes.close("one")
    broker.start()
    one = await nodes.open("one")
    assert one.degraded == ""
    two = await nodes.open("two")
    assert len(members(one)) == 9
    assert members(two) == members(one)


async def test_brokers_that_were_replaced_while_it_runs(nodes: Nodes, broker: Broker) -> None:
    one = await nodes.open("one", patience=0.3, attempt=0.3)
    for index in range(1, 9):
        await one.put(copy(index, b"x"), [b"x"])
    broker.kill()
    broker.wipe()
    await one.put(copy(9, b"x"), [b"x"])
    broker.start()
    await until(lambda: not one.degraded)
    two = await nodes.open("two")
    assert len(members(two)) == 9


async def test_closing_while_a_put_waits_keeps_it(nodes: Nodes, broker: Broker) -> None:
    one = await nodes.open("one", patience=60, attempt=0.3)
    broker.kill()
    put = asyncio.create_task(one.put(copy(1, b"1"), [b"1"]))
    await asyncio.sleep(0)
    await nodes.close("one")
    assert await put
    broker.start()
    one = await nodes.open("one")
    assert members(one) == [copy(1, b"1")]


async def test_a_store_that_was_closed_says_nothing_more(
    nodes: Nodes, capsys: pytest.CaptureFixture[str]
) -> None:
    await nodes.open("one", patience=0.1)
    await nodes.close("one")
    await asyncio.sleep(0.3)
    assert "STORE_ALONE" not in "".join(capsys.readouterr())


def _has(store: JetStreamStore, index: int) -> bool:
    return store.find(TRACK, 0, index) is not None


def _cut(broker: Broker, how: str) -> None:
    if how == "killed":
        broker.kill()
    else:
        broker.pause()


def _mend(broker: Broker, how: str) -> None:
    if how == "killed":
        broker.start()
    else:
        broker.resume()

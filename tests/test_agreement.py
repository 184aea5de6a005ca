"""Two relays of a channel look at each other, and say when they number otherwise."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from packagers import pins
from relay.agreement import Agreement
from relay.app import House
from relay.headers import Change
from relay.media import Pin
from relay.numbering import Grid
from relay.runs import Run
from relay.store.disk import DiskStore
from tests.door import TRACK, header, shown
from tests.operating import opened, push
from tests.server.wire import eventually

GRID = Grid(Fraction(2))
RUN = Run(1, 100, 100, 1_795_000_000)
FACTS = {"grid": GRID.encode(), "run/1": RUN.pin().value}


def codes(house: House) -> list[str]:
    return [event.code for event in house.channels["news"].journal.events.values()]


@asynccontextmanager
async def looking(house: House) -> AsyncIterator[None]:
    agreement = Agreement(house.channels, every=0.05)
    agreement.open()
    try:
        yield
    finally:
        await agreement.close()


async def test_a_relay_that_began_alone_and_agrees_needs_no_warning(tmp_path: Path) -> None:
    async with opened({"news": {}}) as one:
        assert (await push(one, 0, 3)).status == 200
        await shown(one.channels["news"], range(3), TRACK)
        store = await DiskStore.open(tmp_path, "news")
        await store.put(Pin("grid", one.channels["news"].presentation.facts["grid"]))
        await store.close()
        host, port = one.addresses[0]
        async with opened({"news": {"peer": f"http://{host}:{port}"}}, tmp_path) as two:
            channel = two.channels["news"]
            assert channel.alone
            async with looking(two):
                assert await eventually(lambda: not channel.alone)
            assert not channel.unlike
            assert not [code for code in codes(two) if code.startswith("PEER_")]


async def test_a_difference_is_told_once_and_its_end_too() -> None:
    async with opened({"news": {}}) as one:
        assert (await push(one, 0, 3)).status == 200
        await shown(one.channels["news"], range(3), TRACK)
        host, port = one.addresses[0]
        async with opened({"news": {"peer": f"http://{host}:{port}"}}) as two:
            channel = two.channels["news"]
            assert codes(two)[-1] == "PEER_JOINED"
            await one.channels["news"].store.put(RUN.pin())
            assert await eventually(lambda: bool(one.channels["news"].presentation.breaks))
            await Agreement(two.channels).look(channel)
            assert not channel.unlike  # it may be about to say so, too
            async with looking(two):
                assert await eventually(lambda: channel.unlike == "run/1 only there")
                await asyncio.sleep(0.3)
                await channel.store.put(RUN.pin())
                assert await eventually(lambda: not channel.unlike)
            told = [code for code in codes(two) if code.startswith("PEER_")]
            assert told == ["PEER_JOINED", "PEER_DIFFERS", "PEER_AGREES"]


async def test_a_peer_that_goes_away_is_no_news() -> None:
    async with opened({"news": {}}) as one:
        assert (await push(one, 0, 3)).status == 200
        await shown(one.channels["news"], range(3), TRACK)
        host, port = one.addresses[0]
        joined = opened({"news": {"peer": f"http://{host}:{port}"}})
        two = await joined.__aenter__()
    try:
        async with looking(two):
            await asyncio.sleep(0.3)
        assert not two.channels["news"].unlike
        assert [code for code in codes(two) if code.startswith("PEER_")] == ["PEER_JOINED"]
    finally:
        await joined.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (FACTS, FACTS, ""),
        (FACTS, {"grid": Grid(GRID.D, learnt=True).encode(), "run/1": FACTS["run/1"]}, ""),
        ({**FACTS, "bandwidth/a-1": b"5", "peer": b""}, FACTS, ""),
        (FACTS, {"grid": GRID.encode()}, "run/1 only here"),
        ({"grid": GRID.encode()}, FACTS, "run/1 only there"),
        (FACTS, {**FACTS, "run/1": Run(1, 99, 100).pin().value}, "run/1 is another one there"),
        (FACTS, {"grid": Grid(Fraction(48, 25)).encode()}, "fragments of 2 here, 48/25 there"),
        (FACTS, {"grid": Grid(GRID.D, base=1).encode()}, "first index 0 here, 1 there"),
        (FACTS, {"grid": Grid(GRID.D, Fraction(1, 2)).encode()}, "phase 0 here, 1/2 there"),
        (FACTS, {"grid": Grid(GRID.D, epoch=7).encode()}, "a local timeline that begins 7 s apart"),
        (
            {**FACTS, "change/1": Change(1, 7, "main", header()).pin().value},
            {**FACTS, "change/1": Change(1, 7, "b", header() + b"\0").pin().value},
            "",
        ),
        (
            {**FACTS, "change/1": Change(1, 7, "main", header()).pin().value},
            {**FACTS, "change/1": Change(1, 8, "main", header()).pin().value},
            "change/1 is another one there",
        ),
    ],
)
def test_what_is_a_difference(ours: dict[str, bytes], theirs: dict[str, bytes], said: str) -> None:
    assert pins.unlike(ours, [Pin(name, value) for name, value in theirs.items()]) == said

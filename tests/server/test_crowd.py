"""Too many connections: who goes, and who never does."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from relay.server.crowd import Crowd, Guest, Standing
from tests.server.wire import CHUNKED, GET, Census, chunk, connected, echo, eventually, serving


class Room:
    """A crowd with guests that remember when they were dropped."""

    def __init__(self, most_new: int = 1_000) -> None:
        self.full = False
        self.crowd = Crowd(most_new=most_new, full=lambda: self.full)
        self.gone: list[str] = []

    def guest(self, name: str, standing: Standing = Standing.NEW) -> Guest:
        guest = Guest(name, lambda: self.gone.append(name))
        self.entered = self.crowd.enter(guest)
        guest.standing = standing
        return guest


@pytest.mark.threat("T18")
def test_who_floods_loses_the_oldest_and_others_nothing() -> None:
    room = Room(most_new=4)
    for name in ("flood", "flood", "flood", "encoder", "flood"):
        room.guest(name)
    assert room.gone == ["flood"]
    room.guest("player")
    assert room.gone == ["flood"] * 2
    assert len(room.crowd) == 4
    assert room.crowd.dropped == {"new": 2}


def test_who_has_sent_a_head_is_no_newcomer() -> None:
    room = Room(most_new=1)
    for standing in (Standing.STREAM, Standing.PLAYER, Standing.IDLE, Standing.NEW):
        room.guest(standing.name, standing)
    assert room.gone == []


@pytest.mark.threat("T37")
def test_when_all_is_used_up_streams_stay_and_players_go() -> None:
    room = Room()
    for name, standing in (
        ("stream", Standing.STREAM),
        ("player", Standing.PLAYER),
        ("idle", Standing.IDLE),
        ("silent", Standing.NEW),
    ):
        room.guest(name, standing)
    room.full = True
    for expected in (["silent"], ["silent", "idle"], ["silent", "idle", "player"]):
        room.guest("stream", Standing.STREAM)
        assert room.entered
        assert room.gone == expected
    room.guest("late")
    assert not room.entered
    assert room.gone == ["silent", "idle", "player"]
    assert room.crowd.dropped == {"new": 1, "idle": 1, "player": 1, "refused": 1}
    assert len(room.crowd) == 4


@pytest.mark.threat("T18")
async def test_a_thousand_silent_connections_keep_nobody_out() -> None:
    crowd = Crowd(most_new=20)
    async with serving(echo, crowd=crowd) as address, AsyncExitStack() as stack:
        census = Census()
        silent = [await stack.enter_async_context(connected(address)) for _ in range(100)]
        async with connected(address) as encoder:
            await encoder.send(CHUNKED + chunk(b"media "))
            silent += [await stack.enter_async_context(connected(address)) for _ in range(100)]
            assert await eventually(lambda: len(crowd) <= 21)
            assert crowd.dropped["new"] >= 180
            await encoder.send(chunk(b"goes on") + b"0\r\n\r\n")
            assert (await encoder.answer()).body == b"media goes on"
        assert await silent[0].ended()
        async with connected(address) as player:
            await player.send(GET)
            assert (await player.answer()).status == 200
        for each in silent:
            await each.close()
        assert await census.restored()


async def test_a_connection_dropped_before_it_is_served_is_closed() -> None:
    """Accepted and dropped in one turn of the loop: nothing ran for it yet."""
    crowd = Crowd(most_new=1)
    async with serving(echo, crowd=crowd) as address:
        census = Census()
        opening = (asyncio.open_connection(*address) for _ in range(30))
        opened = await asyncio.gather(*opening)
        assert await eventually(lambda: crowd.dropped["new"] == 29)
        for _, writer in opened:
            writer.close()
            await asyncio.wait({asyncio.ensure_future(writer.wait_closed())})
        assert await census.restored()

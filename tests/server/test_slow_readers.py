"""Peers that take an answer slowly, ask for many and go, or send in tiny chunks."""

import asyncio
import socket
import struct
from typing import Any

import pytest

from tests.server.wire import (
    CHUNKED,
    GET,
    Census,
    chunk,
    connected,
    eventually,
    give,
    serving,
)

PART = bytes(40_000)


@pytest.mark.fault("F40")
async def test_what_was_asked_for_in_advance_is_not_made_for_one_that_has_gone() -> None:
    made: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        made.append(1)
        await give(send, 200, PART)

    async with serving(app) as address:
        census = Census()
        async with connected(address) as player:
            await player.send(GET * 200)
            assert await eventually(lambda: len(made) > 1)
            end = player.writer.get_extra_info("socket")
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            player.writer.transport.abort()
        assert await census.restored()
    assert len(made) < 100


@pytest.mark.fault("F40")
async def test_a_reader_that_takes_nothing_is_ended_and_costs_one_answer() -> None:
    """The kernel acknowledges for it, so that TCP itself sees nothing amiss."""
    made: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        made.append(1)
        await give(send, 200, bytes(8_000_000))

    # With what so many bytes may take besides, an eighth of a second in all.
    async with serving(app, taking_seconds=-1_953.0) as address:
        census = Census()
        _, writer = await asyncio.open_connection(*address, limit=1_024)
        writer.write(GET * 200)
        assert await eventually(lambda: made == [1])
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        assert await eventually(lambda: len(asyncio.all_tasks()) == 1)
        writer.transport.abort()
        assert await census.restored()
    assert made == [1]


async def test_a_reader_that_takes_its_time_gets_all_of_it() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await give(send, 200, bytes(8_000_000))

    async with serving(app, taking_seconds=5.0) as address, connected(address) as player:
        await player.send(GET)
        await asyncio.sleep(0.5)
        assert len((await player.answer()).body) == 8_000_000


@pytest.mark.threat("T19")
async def test_tiny_chunks_are_handed_over_together_and_counted_apart() -> None:
    messages: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["more_body"]:
            messages.append(message)
        await give(send, 200)

    async with serving(app) as address, connected(address) as sender:
        await sender.send(CHUNKED + chunk(b"a") * 1_000 + chunk(bytes(5_000)) + b"0\r\n\r\n")
        assert (await sender.answer()).status == 200
    assert sum(message["pieces"] for message in messages) == 1_001
    assert b"".join(message["body"] for message in messages) == b"a" * 1_000 + bytes(5_000)
    assert len(messages) < 100

"""The queue between a connection and an application."""

import asyncio
from typing import Any

import pytest

from relay.server.exchange import OVERHEAD, RequestBody
from tests.server.wire import PATIENCE


def piece(number: int) -> Any:
    return {"type": "http.request", "body": bytes([number]), "more_body": True}


async def full_body() -> RequestBody:
    body = RequestBody(2 * OVERHEAD)
    await body.put(piece(0))
    await body.put(piece(1))
    return body


async def test_a_full_queue_holds_the_sender_back_until_the_application_takes_one() -> None:
    body = await full_body()
    putting = asyncio.create_task(body.put(piece(2)))
    done, _ = await asyncio.wait([putting], timeout=0.05)
    assert not done
    assert await body.receive() == piece(0)
    await asyncio.wait_for(putting, PATIENCE)
    assert [await body.receive() for _ in range(2)] == [piece(1), piece(2)]


async def test_what_was_received_comes_before_the_disconnect_which_stays() -> None:
    body = await full_body()
    body.close()
    assert [await body.receive() for _ in range(2)] == [piece(0), piece(1)]
    for _ in range(3):
        assert await body.receive() == {"type": "http.disconnect"}


async def test_closing_wakes_the_application() -> None:
    body = RequestBody(2 * OVERHEAD)
    receiving = asyncio.create_task(body.receive())
    await asyncio.sleep(0)
    body.close()
    assert await asyncio.wait_for(receiving, PATIENCE) == {"type": "http.disconnect"}


async def test_a_moot_body_holds_nobody_back() -> None:
    body = await full_body()
    putting = asyncio.create_task(body.put(piece(2)))
    await asyncio.sleep(0)
    body.discard()
    await asyncio.wait_for(putting, PATIENCE)
    for number in range(100):
        await asyncio.wait_for(body.put(piece(number)), PATIENCE)
    with pytest.raises(TimeoutError):  # no disconnect while the answer is being sent
        await asyncio.wait_for(body.receive(), 0.05)
    body.close()
    assert await body.receive() == {"type": "http.disconnect"}

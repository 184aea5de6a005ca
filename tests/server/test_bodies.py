"""Bodies on a connection, of requests and of answers: when they go on, and in how many parts."""

import asyncio
from typing import Any

import pytest

from relay.server.exchange import FEW, PARTS
from tests.server.wire import (
    CHUNKED,
    GET,
    PATIENCE,
    chunk,
    connected,
    eventually,
    give,
    serving,
)


async def test_a_head_without_a_length_does_not_wait_for_its_body() -> None:
    go_on = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.wait_for(go_on.wait(), PATIENCE)
        await send({"type": "http.response.body", "body": b"late", "more_body": False})

    async with serving(app) as address, connected(address) as client:
        await client.send(GET)
        head = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        assert head.startswith(b"HTTP/1.1 200 OK")
        go_on.set()
        assert await asyncio.wait_for(client.reader.readuntil(b"late"), PATIENCE)


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 3_000_000])
async def test_a_head_and_a_body_of_any_size_arrive(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await give(send, 200, body[:size])

    async with serving(app) as address, connected(address) as client:
        for _ in range(2):
            await client.send(GET)
            answer = await client.answer()
            assert (answer.status, answer.body) == (200, body[:size])


@pytest.mark.parametrize("apart", [False, True])
async def test_who_wants_the_parts_of_a_body_has_few_of_them(apart: bool) -> None:
    found: list[Any] = []
    began = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        began.set()
        if apart:
            scope["extensions"][PARTS] = {}
        while (message := await receive()).get("more_body"):
            found.append(message)
        await give(send, 200, b"")

    async with serving(app) as address, connected(address) as client:
        await client.send(CHUNKED)
        await eventually(began.is_set)
        await client.send(b"".join(chunk(b"abcdef"[at : at + 1]) for at in range(6)))
        await client.send(chunk(b"ghi") + b"0\r\n\r\n")
        assert (await client.answer()).status == 200
    assert all(len(each.get("parts", ())) <= FEW for each in found)
    whole = b"".join(part for each in found for part in (each["body"], *each.get("parts", ())))
    assert whole == b"abcdefghi"
    assert all(("parts" in each and not each["body"]) is apart for each in found)


@pytest.mark.parametrize(("method", "chunked"), [(b"GET", False), (b"GET", True), (b"HEAD", False)])
@pytest.mark.parametrize("size", [0, 10, 64 << 10, 300_000])
async def test_a_body_may_be_views(size: int, method: bytes, chunked: bool) -> None:
    body = memoryview(bytes(range(250)) * 1_200)[:size]

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        fields = [] if chunked else [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": body[: size // 2], "more_body": True})
        await send({"type": "http.response.body", "body": body[size // 2 :]})

    async with serving(app) as address, connected(address) as client:
        for _ in range(2):
            await client.send(GET.replace(b"GET", method))
            answer = await client.answer(bodiless=method == b"HEAD")
            assert (answer.status, answer.body) == (200, b"" if method == b"HEAD" else body)

"""An answer that comes before the end of the request's body, and what the sender sees of it."""

import asyncio
import socket
from typing import Any

import pytest

from tests.server.wire import (
    CHUNKED,
    PATIENCE,
    POST,
    Answer,
    App,
    Census,
    Client,
    chunk,
    connected,
    eventually,
    forbid,
    give,
    serving,
)

FRAGMENT = b"m" * 1_300_000


async def forbid_late(scope: Any, receive: Any, send: Any) -> None:
    """Answer 403 when the queue and the socket's buffers are full."""
    await asyncio.sleep(0.2)
    await give(send, 403, b"no such key")


async def forbid_after_a_piece(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await give(send, 403, b"no such key")


async def post(address: tuple[str, int], body: bytes) -> tuple[Answer, bool]:
    async with connected(address) as client:
        client.writer.write(CHUNKED + body)  # no drain: the answer is read while the body goes out
        return await client.answer(), await client.closed()


@pytest.mark.parametrize("app", [forbid, forbid_late, forbid_after_a_piece])
@pytest.mark.parametrize(
    ("times", "body"),
    [(200, chunk(FRAGMENT)), (100, chunk(b"0123456789") * 30)],
    ids=["fragments", "small chunks"],
)
async def test_the_answer_arrives_whole_and_nothing_stays(
    app: App, times: int, body: bytes
) -> None:
    async with serving(app) as address:
        census = Census()
        at_once = asyncio.Semaphore(50)

        async def one() -> tuple[Answer, bool]:
            async with at_once:
                return await post(address, body)

        results = await asyncio.gather(*(one() for _ in range(times)))
        for answer, closed in results:
            assert answer.line == "HTTP/1.1 403 Forbidden"
            assert answer.fields["connection"] == "close"
            assert answer.body == b"no such key"
            assert closed
        assert await census.restored()


async def test_a_client_that_writes_all_before_it_reads_gets_the_answer() -> None:
    def blocking(address: tuple[str, int]) -> bytes:
        with socket.create_connection(address, timeout=PATIENCE) as client:
            client.sendall(CHUNKED + chunk(FRAGMENT) + b"0\r\n\r\n")
            received = b""
            while data := client.recv(65536):
                received += data
            return received

    async with serving(forbid) as address:
        received = await asyncio.to_thread(blocking, address)
    assert received.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert received.endswith(b"\r\n\r\nno such key")


async def write_on(client: Client) -> None:
    """As ffmpeg does: write live media and never read."""
    client.writer.transport.pause_reading()  # type: ignore[attr-defined] # a ReadTransport too
    while True:
        await client.send(chunk(b"m" * 1_000))
        await asyncio.sleep(0.02)


async def test_a_client_that_only_writes_soon_finds_the_socket_closed() -> None:
    async with serving(forbid) as address, connected(address) as client:
        await client.send(CHUNKED)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(write_on(client), PATIENCE)


async def flood(client: Client) -> None:
    for _ in range(64):
        await client.send(chunk(FRAGMENT))


async def test_a_flood_after_the_answer_is_cut_off() -> None:
    async with serving(forbid) as address, connected(address) as client:
        await client.send(CHUNKED)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(flood(client), PATIENCE)


async def test_an_answer_larger_than_the_sockets_buffers_arrives_while_the_body_is_dropped() -> (
    None
):
    large = b"a" * 20_000_000

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await give(send, 413, large)

    async with serving(app) as address, connected(address) as client:
        await client.send(CHUNKED + chunk(FRAGMENT) * 2)
        assert (await client.answer()).body == large
        assert await client.closed()


async def test_a_complete_body_that_nobody_read_keeps_the_connection() -> None:
    async with serving(forbid) as address, connected(address) as client:
        for _ in range(2):
            await client.send(POST + b"Content-Length: 5\r\n\r\nhello")
            answer = await client.answer()
            assert answer.status == 403
            assert "connection" not in answer.fields


async def test_the_application_is_told_that_its_answer_ended_the_request() -> None:
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await give(send, 403)
        told.append((await receive())["type"])

    async with serving(app) as address, connected(address) as client:
        await client.send(CHUNKED)
        await client.answer()
        assert await eventually(lambda: told == ["http.disconnect"])

"""Listening, stopping, and running out of file descriptors."""

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from relay.server import Listener, Server
from tests.server.wire import (
    CHUNKED,
    GET,
    App,
    Census,
    Client,
    chunk,
    connected,
    echo,
    eventually,
    give,
)

LOCAL = Listener("127.0.0.1", 0)


@pytest.fixture
async def open_clients() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def refused(address: tuple[str, int]) -> bool:
    try:
        _, writer = await asyncio.open_connection(*address)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


def finisher(begun: asyncio.Semaphore, stopping: asyncio.Event) -> App:
    """An application that answers 503 when it is told to stop, as the receiver does."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        begun.release()
        waiting = asyncio.create_task(stopping.wait())
        while not stopping.is_set():
            reading = asyncio.create_task(receive())
            await asyncio.wait({waiting, reading}, return_when=asyncio.FIRST_COMPLETED)
            reading.cancel()
        waiting.cancel()
        await give(send, 503, b"draining")

    return app


async def timed_stop(server: Server, grace: float) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await server.stop(grace)
    return loop.time() - began


async def test_every_listener_is_served() -> None:
    server = Server(echo, [LOCAL, Listener("::1", 0), LOCAL])
    addresses = await server.start()
    assert [host for host, _ in addresses] == ["127.0.0.1", "::1", "127.0.0.1"]
    for address in addresses:
        async with connected(address) as client:
            await client.send(GET)
            assert (await client.answer()).status == 200
    await server.stop(1)
    assert [await refused(address) for address in addresses] == [True] * 3


async def test_a_busy_port_is_told_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        census = Census()
        server = Server(echo, [LOCAL, Listener("127.0.0.1", other.getsockname()[1])])
        with pytest.raises(OSError, match="in use"):
            await server.start()
        assert await census.restored(0)
        await server.stop(0)


async def test_open_posts_end_as_soon_as_the_application_ends_them() -> None:
    begun, stopping = asyncio.Semaphore(0), asyncio.Event()
    census = Census()
    server = Server(finisher(begun, stopping), [LOCAL])
    (address,) = await server.start()

    async def encoder() -> tuple[int, bool]:
        async with connected(address) as client:
            await client.send(CHUNKED + chunk(b"moof"))
            answer = await client.answer()
            return answer.status, await client.closed()

    encoders = [asyncio.create_task(encoder()) for _ in range(20)]
    for _ in encoders:
        await begun.acquire()
    stopping.set()
    assert await timed_stop(server, 60) < 5
    assert await asyncio.gather(*encoders) == [(503, True)] * 20
    assert await census.restored()


async def test_an_encoder_that_never_reads_does_not_hold_the_end_up(
    open_clients: AsyncExitStack,
) -> None:
    begun, stopping = asyncio.Semaphore(0), asyncio.Event()
    server = Server(finisher(begun, stopping), [LOCAL])
    (address,) = await server.start()
    client = await open_clients.enter_async_context(connected(address))
    await client.send(CHUNKED + chunk(b"moof"))
    await begun.acquire()
    stopping.set()
    assert await timed_stop(server, 60) < 5


async def test_idle_connections_are_closed_at_once(open_clients: AsyncExitStack) -> None:
    server = Server(echo, [LOCAL], keep_alive_seconds=60, header_seconds=60)
    (address,) = await server.start()
    clients: list[Client] = []
    for sent in (GET, b"", GET[:10]):
        client = await open_clients.enter_async_context(connected(address))
        clients.append(client)
        await client.send(sent)
    await clients[0].answer()
    assert await eventually(lambda: len(asyncio.all_tasks()) == 1 + len(clients))
    assert await timed_stop(server, 60) < 5
    for client in clients:
        assert await client.ended()


async def test_a_pipelined_request_does_not_hold_the_end_up(open_clients: AsyncExitStack) -> None:
    begun, stopping = asyncio.Semaphore(0), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun.release()
        await stopping.wait()
        await send({"type": "http.response.body", "body": b"end"})

    server = Server(app, [LOCAL])
    (address,) = await server.start()
    client = await open_clients.enter_async_context(connected(address))
    await client.send(GET + GET)
    await begun.acquire()
    stop = asyncio.create_task(timed_stop(server, 60))
    await asyncio.sleep(0)
    stopping.set()
    assert await stop < 5
    assert (await client.answer()).body == b"end"
    assert await client.ended()


async def test_nothing_is_accepted_while_the_last_answer_is_under_way(
    open_clients: AsyncExitStack,
) -> None:
    begun, stopping = asyncio.Semaphore(0), asyncio.Event()
    server = Server(finisher(begun, stopping), [LOCAL])
    (address,) = await server.start()
    client = await open_clients.enter_async_context(connected(address))
    await client.send(GET)
    await begun.acquire()
    stop = asyncio.create_task(server.stop(60))
    await asyncio.sleep(0)
    assert await refused(address)
    assert not stop.done()
    stopping.set()
    answer = await client.answer()
    assert (answer.status, answer.fields["connection"]) == (503, "close")
    await stop


@pytest.mark.parametrize("stubborn", [False, True], ids=["deaf", "stubborn"])
async def test_an_application_that_ignores_the_end_gets_its_grace_and_no_more(
    stubborn: bool, open_clients: AsyncExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    begun, ended = asyncio.Semaphore(0), asyncio.Event()
    cancelled: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        begun.release()
        while not ended.is_set():
            try:
                await ended.wait()
            except asyncio.CancelledError:
                cancelled.append(True)
                if not stubborn:
                    raise

    server = Server(app, [LOCAL])
    (address,) = await server.start()
    client = await open_clients.enter_async_context(connected(address))
    await client.send(CHUNKED + chunk(b"moof"))
    await begun.acquire()
    took = await timed_stop(server, 0.3)
    ended.set()
    assert 0.3 <= took < 5
    assert cancelled
    assert await client.ended()
    assert any("could not be ended" in record.message for record in caplog.records) is stubborn
    assert await eventually(lambda: len(asyncio.all_tasks()) == 1)


async def test_stopping_twice_or_before_the_start_does_nothing() -> None:
    server = Server(echo, [LOCAL])
    await server.stop(1)
    other = Server(echo, [LOCAL])
    await other.start()
    await other.stop(1)
    await other.stop(1)


async def test_a_connection_accepted_in_the_moment_of_the_end_is_closed() -> None:
    census = Census()
    server = Server(echo, [LOCAL])
    (address,) = await server.start()
    with socket.create_connection(address) as client:
        await asyncio.sleep(0)
        await server.stop(0)
        client.settimeout(5)
        with suppress(ConnectionError):
            assert client.recv(1) == b""
    assert await census.restored()


@pytest.mark.threat("T37")
async def test_without_file_descriptors_the_log_stays_short_and_streams_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(echo, [LOCAL])
    (address,) = await server.start()
    async with connected(address) as stream:
        await stream.send(CHUNKED + chunk(b"before"))
        await asyncio.sleep(0.1)
        waiting = [socket.socket() for _ in range(20)]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(int(fd.name) for fd in Path("/proc/self/fd").iterdir())
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
        filling: list[int] = []
        try:
            with suppress(OSError):
                while True:
                    filling.append(os.dup(0))
            for end in waiting:
                end.connect(address)
            await stream.send(chunk(b"while"))
            await asyncio.sleep(2.5)
            lines = [record for record in caplog.records if record.levelname == "ERROR"]
            assert 1 <= len(lines) <= 4
            assert {record.name for record in lines} == {"relay.server"}
        finally:
            for fd in filling:
                os.close(fd)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await stream.send(b"0\r\n\r\n")
        assert (await stream.answer()).body == b"beforewhile"
        for end in waiting:
            end.setblocking(False)
            await asyncio.get_running_loop().sock_sendall(end, GET)
            received = await asyncio.get_running_loop().sock_recv(end, 100)
            assert received.startswith(b"HTTP/1.1 200 OK\r\n")
            end.close()
    assert await eventually(lambda: len(asyncio.all_tasks()) == 1)
    await server.stop(1)

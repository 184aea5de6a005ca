"""One socket: its options, its time limits, its end."""

import asyncio
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.server.wire import (
    CHUNKED,
    GET,
    PATIENCE,
    POST,
    Census,
    chunk,
    connected,
    echo,
    eventually,
    give,
    read_body,
    serving,
)


def option_of_accepted(client: Any, level: int, option: int) -> int:
    """Ask the server's end of a connection of this process."""
    name = client.getsockname()
    for fd in Path("/proc/self/fd").iterdir():
        with suppress(OSError), socket.socket(fileno=os.dup(int(fd.name))) as end:
            if end.getpeername() == name:
                return end.getsockopt(level, option)
    raise AssertionError("the server has no such connection")


async def test_tcp_finds_a_peer_that_vanished() -> None:
    async with serving(echo) as address, connected(address) as client:
        await client.send(GET)
        await client.answer()
        end = client.writer.get_extra_info("socket")
        tcp = socket.IPPROTO_TCP
        assert option_of_accepted(end, tcp, socket.TCP_NODELAY) == 1
        assert option_of_accepted(end, tcp, socket.TCP_USER_TIMEOUT) == 30_000
        assert option_of_accepted(end, tcp, socket.TCP_KEEPIDLE) == 10
        assert option_of_accepted(end, tcp, socket.TCP_KEEPINTVL) == 10
        assert option_of_accepted(end, tcp, socket.TCP_NOTSENT_LOWAT) == 256 * 1024
        assert option_of_accepted(end, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


@pytest.mark.threat("T18")
async def test_a_silent_connection_is_closed() -> None:
    async with serving(echo, header_seconds=0.3) as address, connected(address) as client:
        assert await client.closed()


@pytest.mark.threat("T18")
async def test_a_head_that_trickles_is_closed_however_often_a_byte_comes() -> None:
    async with serving(echo, header_seconds=0.5) as address, connected(address) as client:

        async def trickle() -> None:
            while True:
                for byte in b"X: y\r\n":
                    await client.send(bytes([byte]))
                    await asyncio.sleep(0.02)

        await client.send(POST)
        trickling = asyncio.create_task(trickle())
        try:
            with suppress(ConnectionError):
                assert await client.closed()
        finally:
            trickling.cancel()
            await asyncio.gather(trickling, return_exceptions=True)


async def test_the_head_of_a_later_request_has_the_same_time() -> None:
    async with serving(echo, header_seconds=0.3) as address, connected(address) as client:
        await client.send(GET)
        await client.answer()
        await asyncio.sleep(0.5)  # idle may last longer than a head
        await client.send(GET[:20])
        assert await client.closed()


async def test_a_body_may_be_silent_for_longer_than_a_head_and_an_idle_connection() -> None:
    async with (
        serving(echo, header_seconds=0.2, keep_alive_seconds=0.2) as address,
        connected(address) as client,
    ):
        await client.send(CHUNKED + chunk(b"one"))
        await asyncio.sleep(0.8)
        await client.send(chunk(b"two") + b"0\r\n\r\n")
        assert (await client.answer()).body == b"onetwo"


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    async with serving(echo, keep_alive_seconds=0.3) as address, connected(address) as client:
        await client.send(GET)
        assert (await client.answer()).status == 200
        assert await client.closed()


async def test_nothing_lingers_after_a_peer_that_closed_its_idle_connection() -> None:
    async with serving(echo, keep_alive_seconds=60) as address:
        census = Census()
        for _ in range(50):
            async with connected(address) as client:
                await client.send(GET)
                await client.answer()
        assert await census.restored()


async def test_nothing_lingers_after_a_peer_that_pipelined_and_went() -> None:
    async def wait_for_the_end(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:  # as a stream of events does
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            await asyncio.sleep(0.01)
            if finished.is_set():
                return

    finished = asyncio.Event()
    async with serving(wait_for_the_end) as address:
        census = Census()
        async with connected(address) as client:
            await client.send(GET + GET)
            await client.reader.readline()
        await asyncio.sleep(0.1)
        finished.set()
        assert await census.restored()


async def test_what_is_sent_to_a_peer_that_went_is_dropped_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    finished = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):  # asyncio warns after five writes to a broken transport
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            await asyncio.sleep(0.005)
        finished.set()

    async with serving(app) as address:
        async with connected(address) as client:
            await client.send(GET)
            await client.reader.readline()
        await asyncio.wait_for(finished.wait(), PATIENCE)
    assert caplog.records == []


@pytest.mark.requirement("SVC-5a")
@pytest.mark.parametrize("reset", [False, True], ids=["fin", "reset"])
async def test_a_client_that_disappears_is_a_disconnect_after_all_its_bytes(reset: bool) -> None:
    results: list[tuple[bytes, bool]] = []

    async def lag(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.3)  # the whole body waits in queue and buffers
        results.append(await read_body(receive))

    sent = os.urandom(200_000)
    async with serving(lag) as address:
        async with connected(address) as client:
            await client.send(CHUNKED + chunk(sent))
            if reset:
                await asyncio.sleep(0.1)  # a reset drops what the server's kernel still holds
                linger = struct.pack("ii", 1, 0)
                end = client.writer.get_extra_info("socket")
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        assert await eventually(lambda: bool(results))
    body, whole = results[0]
    assert not whole
    if reset:
        assert sent.startswith(body)
    else:
        assert body == sent


async def test_a_truncated_body_is_never_a_clean_end() -> None:
    results: list[tuple[bytes, bool]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        results.append(await read_body(receive))
        await give(send, 200)

    pieces = [
        (CHUNKED + chunk(b"one"), b"one"),
        (CHUNKED + b"8\r\none", b"one"),
        (CHUNKED + chunk(b"one") + b"0\r\n", b"one"),
        (POST + b"Content-Length: 9\r\n\r\none", b"one"),
    ]
    async with serving(app) as address:
        for data, _ in pieces:
            async with connected(address) as client:
                await client.send(data)
                client.half_close()
                await client.closed()
    assert results == [(body, False) for _, body in pieces]


async def test_a_half_closed_client_still_gets_its_answer() -> None:
    async with serving(echo) as address, connected(address) as client:
        await client.send(POST + b"Content-Length: 3\r\n\r\none")
        client.half_close()
        assert (await client.answer()).body == b"one"
        assert await client.closed()


@pytest.mark.parametrize("missing", [0, 2], ids=["whole", "cut short"])
async def test_a_half_closed_client_gets_an_answer_that_takes_its_time(missing: int) -> None:
    """As soon as all has been read the end of the input is seen, long before the answer is made."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.3)
        body, whole = await read_body(receive)
        await give(send, 200 if whole else 400, body)

    async with serving(app) as address, connected(address) as client:
        await client.send(POST + b"Content-Length: %d\r\n\r\none" % (3 + missing))
        client.half_close()
        answer = await client.answer()
        assert (answer.status, answer.body) == (400 if missing else 200, b"one")
        assert await client.closed()


async def test_a_half_closed_client_is_not_waited_for_for_long() -> None:
    ended = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_body(receive)
        assert (await receive())["type"] == "http.disconnect"
        ended.set()

    async with serving(app) as address, connected(address) as client:
        await client.send(GET)
        client.half_close()
        assert await client.closed()
        await asyncio.wait_for(ended.wait(), PATIENCE)


@pytest.mark.requirement("SVC-2a")
async def test_a_slow_application_holds_the_sender_back() -> None:
    go_on = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        body, _ = await read_body(receive)
        await give(send, 200, b"%d" % len(body))

    total = 64_000_000
    async with serving(app) as address, connected(address) as client:
        sending = asyncio.create_task(
            client.send(POST + b"Content-Length: %d\r\n\r\n" % total + b"a" * total)
        )
        done, _ = await asyncio.wait([sending], timeout=0.5)
        assert not done
        go_on.set()
        assert (await client.answer()).body == b"%d" % total
        await sending

"""Requests and answers on a connection: what is spoken here, and what is not."""

import asyncio
import json
from typing import Any

import pytest

from tests.server.wire import (
    CHUNKED,
    GET,
    POST,
    Census,
    chunk,
    connected,
    echo,
    forbid,
    give,
    read_body,
    serving,
)


async def test_the_status_line_is_complete_and_hypercorn_unnamed() -> None:
    async with serving(echo) as address, connected(address) as client:
        await client.send(GET)
        answer = await client.answer()
    assert answer.line == "HTTP/1.1 200 OK"
    assert answer.fields["server"] == "relay"
    assert "GMT" in answer.fields["date"]


async def test_the_applications_own_server_and_date_win() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await give(send, 404, b"", (b"Server", b"mine"), (b"Date", b"today"))

    async with serving(app) as address, connected(address) as client:
        await client.send(GET)
        answer = await client.answer()
    assert answer.line == "HTTP/1.1 404 Not Found"
    assert (answer.fields["server"], answer.fields["date"]) == ("mine", "today")


async def test_the_scope_says_what_was_asked_and_by_whom() -> None:
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await give(send, 200)

    async with serving(app) as address, connected(address) as client:
        await client.send(b"GET /a%2Fb(c)?d=e HTTP/1.1\r\nHost: relay\r\nX-Odd: \xff\r\n\r\n")
        await client.answer()
        (scope,) = scopes
        assert scope["client"] == client.writer.get_extra_info("sockname")
        assert scope["server"] == address
    assert (scope["type"], scope["method"], scope["http_version"]) == ("http", "GET", "1.1")
    assert (scope["raw_path"], scope["query_string"]) == (b"/a%2Fb(c)", b"d=e")
    assert scope["headers"] == [(b"host", b"relay"), (b"x-odd", b"\xff")]


async def test_the_case_of_a_method_counts() -> None:
    """Were `hEAD` taken for HEAD, its answer would lack the body that HTTP/1.1 then wants."""

    async def method(scope: Any, receive: Any, send: Any) -> None:
        await give(send, 200, scope["method"].encode())

    async with serving(method) as address, connected(address) as client:
        await client.send(GET.replace(b"GET", b"hEAD"))
        assert (await client.answer()).body == b"hEAD"


async def test_a_probe_and_the_media_share_one_connection() -> None:
    async with serving(echo) as address, connected(address) as client:
        await client.send(POST + b"Content-Length: 0\r\n\r\n")
        assert (await client.answer()).body == b""
        await client.send(CHUNKED + chunk(b"ftyp") + chunk(b"moov") + b"0\r\n\r\n")
        assert (await client.answer()).body == b"ftypmoov"
        await client.send(GET)
        assert (await client.answer()).status == 200


@pytest.mark.requirement("HTTP-4a")
async def test_the_heads_of_a_known_push_encoder_are_understood() -> None:
    head = POST + b"Connection : Keep-Alive\r\nTransfer-Encoding: Chunked\r\n\r\n"
    async with serving(echo) as address, connected(address) as client:
        await client.send(head + b"1A\r\n" + b"m" * 26 + b"\r\n0\r\n\r\n")
        answer = await client.answer()
    assert answer.line == "HTTP/1.1 200 OK"
    assert answer.body == b"m" * 26


async def test_pipelined_requests_are_answered_in_order_and_their_heads_checked() -> None:
    async with serving(echo) as address, connected(address) as client:
        first = POST + b"Content-Length: 1\r\n\r\n1"
        second = POST + b"Connection : keep-alive\r\nContent-Length: 1\r\n\r\n2"
        third = POST + b"X: a\r\n b\r\nContent-Length: 1\r\n\r\n3"
        await client.send(first + second + third + GET)
        assert (await client.answer()).body == b"1"
        assert (await client.answer()).body == b"2"
        assert (await client.answer()).status == 400
        assert await client.closed()


@pytest.mark.fault("F41")
@pytest.mark.parametrize("read_first", [True, False])
async def test_100_continue_is_sent_when_the_body_is_wanted(read_first: bool) -> None:
    async with serving(echo if read_first else forbid) as address, connected(address) as client:
        await client.send(POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        answer = await client.answer()
        if read_first:
            assert answer.line == "HTTP/1.1 100 Continue"
            await client.send(b"abc")
            assert (await client.answer()).body == b"abc"
        else:
            assert answer.status == 403
            assert await client.closed()


async def test_an_http_1_0_request_is_answered_and_closed() -> None:
    async with serving(echo) as address, connected(address) as client:
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        answer = await client.answer()
        assert answer.status == 200
        assert answer.fields["connection"] == "close"
        assert await client.closed()


async def test_a_head_request_is_answered_without_a_body() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await give(send, 200, b"12345")

    async with serving(app) as address, connected(address) as client:
        await client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await client.answer(bodiless=True)
        assert answer.fields["content-length"] == "5"
        await client.send(GET)
        assert (await client.answer()).body == b"12345"


HOST = b"Host: relay\r\n"
LONG = b"a" * 16_384

REFUSED = {
    "http2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 505),
    "connect": (b"CONNECT victim:443 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "two lengths": (CHUNKED.replace(HOST, HOST + b"Content-Length: 3\r\n") + b"0\r\n\r\n", 400),
    "chunked 1.0": (CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n", 400),
    "folded": (POST + b"X: a\r\n b\r\n\r\n", 400),
    "space": (POST + b"Transfer-Encoding : chunked\r\n\r\n", 400),
    "other coding": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "xchunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n", 501),
    "lengths differ": (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "signed length": (POST + b"Content-Length: +5\r\n\r\nhello", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "no http": (b"hello\r\n\r\n", 400),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    "long line": (b"GET /" + LONG + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    "many fields": (b"GET / HTTP/1.1\r\n" + HOST + b"X: 1\r\n" * 64 + b"\r\n", 431),
    "chunk overrun": (CHUNKED + b"5\r\nabcdeXX0\r\n\r\n", 400),
    "bare LF": (CHUNKED + b"5\nabcde\n0\n\n" + b"\r\n", 400),
    "no chunk size": (CHUNKED + b"xyz\r\n", 400),
    "long extension": (CHUNKED + b"5;" + LONG * 5, 431),
}


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.threat("T20", "T21")
async def test_what_is_ambiguous_is_refused_and_nothing_after_it_is_parsed(
    data: bytes, status: int
) -> None:
    seen: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["raw_path"])
        await read_body(receive)
        await give(send, 200)

    async with serving(app) as address:
        census = Census()
        async with connected(address) as client:
            await client.send(data + GET)
            answer = await client.answer()
            assert answer.status == status
            assert answer.fields["connection"] == "close"
            assert json.loads(answer.body)["status"] == status
            assert await client.closed()
        assert await census.restored()
    assert b"/live.isml/state" not in seen


async def test_a_refusal_in_the_body_replaces_the_applications_answer() -> None:
    finished = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert await read_body(receive) == (b"abc", False)
        await give(send, 200)
        finished.set()

    async with serving(app) as address, connected(address) as client:
        await client.send(CHUNKED + chunk(b"abc") + b"zz\r\n")
        assert (await client.answer()).status == 400
        assert await client.closed()
        await asyncio.wait_for(finished.wait(), 5)


@pytest.mark.threat("T21")
async def test_an_upgrade_to_http2_is_ignored_and_leaves_nothing() -> None:
    h2c = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
    async with serving(echo) as address:
        census = Census()
        for _ in range(50):
            async with connected(address) as client:
                await client.send(GET[:-2] + h2c)
                assert (await client.answer()).line == "HTTP/1.1 200 OK"
                await client.send(GET)
                assert (await client.answer()).status == 200
        assert await census.restored()


@pytest.mark.threat("T21")
async def test_a_websocket_is_an_ordinary_get() -> None:
    fields = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
    async with serving(echo) as address, connected(address) as client:
        await client.send(GET[:-2] + fields)
        assert (await client.answer()).status == 200


@pytest.mark.threat("T21")
async def test_prior_knowledge_of_http2_leaves_nothing() -> None:
    async with serving(echo) as address:
        census = Census()
        for _ in range(50):
            async with connected(address) as client:
                await client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                assert (await client.answer()).status == 505
        assert await census.restored()

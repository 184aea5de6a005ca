"""An upstream that answers with anything: what it costs us is bounded (threat T24)."""

import asyncio
import tracemalloc

import aiohttp
import pytest
from yarl import URL

from relay.courier.access import Access
from relay.courier.probe import probe
from relay.courier.wire import Wire
from tests.courier.misbehaving import served

FLOODS = {
    "endless field": (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65_536),
    "endless fields": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 10_000),
    "endless status line": (b"HTTP/1.1 200 ", b"x" * 65_536),
    "no HTTP": (b"", b"\0" * 65_536),
    "malformed chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"zz\r\n" * 10_000,
    ),
    "endless body": (b"HTTP/1.1 403 Forbidden\r\n\r\n", b"x" * 65_536),
}


@pytest.mark.threat("T24")
@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_is_not_listened_to(name: str) -> None:
    head, more = FLOODS[name]
    ended = asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        try:
            while True:
                writer.write(more)
                await writer.drain()
        except ConnectionError:
            ended.set()

    async with served(flood) as (host, port):
        tracemalloc.start()
        try:
            home = URL(f"http://{host}:{port}/news.isml/Streams(a)")
            try:
                settled = await probe(Wire(), home, Access(), {})
            except (aiohttp.ClientError, ValueError, OSError):
                told = ""
            else:
                told = settled.answer.text
            async with asyncio.timeout(10):
                await ended.wait()
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()
    assert len(told) <= 200
    assert told.isascii()


@pytest.mark.threat("T24")
@pytest.mark.long
async def test_a_flood_of_interim_answers_ends_with_the_probe() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with served(flood) as (host, port):
        home = URL(f"http://{host}:{port}/news.isml/Streams(a)")
        with pytest.raises(TimeoutError):
            await probe(Wire(), home, Access(), {})

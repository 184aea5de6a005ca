"""What a peer may say, and how much of it is listened to."""

import asyncio
import time
from datetime import UTC, datetime

import aiohttp
import pytest

from relay.courier.answer import broken_off, read_answer, retry_after
from relay.uplink.steps import Answer
from tests.courier.misbehaving import served

NOW = datetime(2026, 11, 22, 18, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("", 0),
        ("7", 7_000),
        ("0", 0),
        ("-3", 0),
        ("1.5", 0),
        ("9" * 5000, 999_999_000),
        ("Sun, 22 Nov 2026 18:01:30 GMT", 90_000),
        ("Sun, 22 Nov 2026 17:59:00 GMT", 0),
        ("22 Nov 2026 18:01:30", 0),
        ("tomorrow", 0),
        ("\u0663", 0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 0),
        ("Mon, 01 Jan 2030 00:00:00 +9999999999999", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, wait: int) -> None:
    assert retry_after(said, NOW) == wait


async def answered(response: bytes, *, drip: bool = False) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response)
        await writer.drain()
        while drip:
            await asyncio.sleep(0.05)
            writer.write(b" ")
            await writer.drain()

    async with (
        served(answer) as (host, port),
        aiohttp.ClientSession() as session,
        session.post(f"http://{host}:{port}/") as found,
    ):
        return await read_answer(found)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"code": "NO", "detail": "Not you."}', "NO Not you."),
        (b'{"title": "x"}', "Forbidden"),
        (b"[1]", "Forbidden"),
        (b"<html>", "Forbidden"),
        (b'{"detail": "a\\nb\\u001b[31m\\""}', "a?b?[31m?"),
        (b'{"detail": "' + b"x" * 3000 + b'"}', "x" * 197 + "..."),
        (b"[" * 4000, "Forbidden"),
        (b"\xff\xfe", "Forbidden"),
    ],
)
@pytest.mark.threat("T24")
async def test_the_text_of_an_answer_is_short_and_printable(body: bytes, text: str) -> None:
    head = b"HTTP/1.1 403 Forbidden\r\nRetry-After: 2\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert await answered(head + body) == Answer(403, text, 2_000)


@pytest.mark.threat("T24")
async def test_nobody_listens_for_long() -> None:
    before = time.monotonic()
    head = b"HTTP/1.1 503 Busy\r\nContent-Length: 1000000000\r\n\r\n"
    assert (await answered(head, drip=True)).status == 503
    assert time.monotonic() - before < 5


@pytest.mark.parametrize(
    ("response", "why"),
    [(b"HTTP/2 200 OK\r\n\r\n", "Bad status line"), (b"HTTP/1.1 200 OK\r\nX\r\n\r\n", "header")],
)
async def test_what_is_no_http_is_told_without_the_secrets_of_the_url(
    response: bytes, why: str
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response)
        await writer.drain()

    async with served(answer) as (host, port), aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError) as caught:
            await session.post(f"http://{host}:{port}/?token=SECRET")
    told = broken_off(caught.value)
    assert told.startswith("400, ")
    assert why in told
    assert "SECRET" in str(caught.value)
    assert "SECRET" not in told

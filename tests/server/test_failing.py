"""An application that fails, gives no answer, or breaks one off; and what is not said of it."""

import asyncio
import logging
from typing import Any

import pytest

from tests.server.wire import (
    CHUNKED,
    GET,
    chunk,
    connected,
    echo,
    eventually,
    serving,
)


async def fail(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("S3CRET")


async def fail_silently(scope: Any, receive: Any, send: Any) -> None:
    await receive()


@pytest.mark.parametrize("request_bytes", [GET, CHUNKED + chunk(b"abc")])
async def test_a_failing_application_is_one_record_and_a_500(
    request_bytes: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async with serving(fail) as address, connected(address) as client:
        await client.send(request_bytes)
        answer = await client.answer()
        assert await client.closed()
    assert answer.line == "HTTP/1.1 500 Internal Server Error"
    assert answer.fields["content-type"] == "application/problem+json"
    assert b"S3CRET" not in answer.body
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("relay.server", logging.ERROR)
    assert record.exc_info is not None
    assert record.exc_info[0] is ValueError
    assert capfd.readouterr() == ("", "")


async def test_an_application_without_an_answer_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(fail_silently) as address, connected(address) as client:
        await client.send(GET)
        assert (await client.answer()).status == 500
        assert await client.closed()
    assert len(caplog.records) == 1


async def test_an_answer_that_breaks_off_closes_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        raise ValueError

    async with serving(app) as address, connected(address) as client:
        await client.send(GET)
        data = await asyncio.wait_for(client.reader.read(), 5)
    assert data.endswith(b"\r\n4\r\npart\r\n")  # and no last chunk
    assert await eventually(lambda: len(caplog.records) == 1)


async def test_no_access_log_and_no_banner(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(echo) as address, connected(address) as client:
        await client.send(GET.replace(b"state", b"a%0d%0aFAKE"))
        assert (await client.answer()).status == 200
    assert [r for r in caplog.records if r.name != "asyncio"] == []
    assert capfd.readouterr() == ("", "")

"""Who pushes between the encoders that are on the air: other media, other headers, other names."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from relay.access import Credentials, Gate
from relay.access.tries import MOST, Tries
from relay.media import Verdict
from relay.store.memory import MemoryStore
from tests.door import (
    PATH,
    RULES,
    TRACK,
    D,
    Door,
    chunked,
    header,
    opened,
    other_level,
    request,
    shown,
    verdicts,
    video,
)
from tests.server.wire import Census, chunk, connected, eventually

OWNER, HIJACKER = f"{PATH}?source=a", f"{PATH}?source=b"


def forged(index: int) -> bytes:
    """The fragment of an index, with the times of the real one and 0xAA for media."""
    data = bytearray(video(index))
    at = data.index(b"mdat") + 4
    data[at:] = b"\xaa" * (len(data) - at)
    return bytes(data)


def held(door: Door) -> int:
    """How many of the hijacker's copies have waited for the owner's."""
    return verdicts(door.channel).get("b", {}).get(Verdict.HELD, 0)


@pytest.mark.threat("T04")
@pytest.mark.parametrize("ahead", [False, True], ids=["behind", "ahead, but a is preferred"])
async def test_other_media_at_the_times_of_a_live_stream_is_not_published(ahead: bool) -> None:
    store = MemoryStore()
    rules = replace(RULES, prefer="a" if ahead else None)
    async with (
        opened({"news": store}, rules) as door,
        connected(door.address) as owner,
        connected(door.address) as hijacker,
    ):
        await owner.send(request(OWNER) + chunk(header()) + chunk(video(0)))
        await shown(door.channel, [0])
        await hijacker.send(request(HIJACKER) + chunk(header()))
        for index in range(1, 6):
            if ahead:
                await hijacker.send(chunk(forged(index)))
                assert await eventually(lambda: held(door) == index)  # noqa: B023
            await owner.send(chunk(video(index)))
            await shown(door.channel, range(index + 1))
            if not ahead:
                await hijacker.send(chunk(forged(index)))
        assert await eventually(
            lambda: verdicts(door.channel).get("b", {}).get(Verdict.DUPLICATE, 0) == 5
        )
        for index in range(6):
            assert await store.get(TRACK, 0, index) == video(index)
        assert verdicts(door.channel)["a"] == {Verdict.ACCEPTED: 6}


@pytest.mark.threat("T04")
async def test_a_copy_that_differs_raises_an_alarm_and_changes_nothing() -> None:
    async with opened() as door:
        assert (await door.push(OWNER, header() + video(0) + video(1))).status == 200
        await shown(door.channel, [0, 1])
        other = video(1, late=D // 50)
        assert (await door.push(HIJACKER, header() + other)).status == 200
        assert await eventually(lambda: door.channel.tally.differing["b", TRACK] == 1)
        assert await door.channel.store.get(TRACK, 0, 1) == video(1)
        assert "SOURCE_DIFFERS" in {event.code for event in door.channel.journal.events.values()}


@pytest.mark.threat("T04")
async def test_another_configuration_is_412_while_the_owner_sends() -> None:
    async with opened() as door, connected(door.address) as owner:
        await owner.send(request(OWNER) + chunk(header()) + chunk(video(0)))
        await shown(door.channel, [0])
        for path in (HIJACKER, "/news.isml/Streams(other)?source=b", PATH):
            answer = await door.push(path, other_level() + video(1))
            assert (answer.status, json.loads(answer.body)["code"]) == (
                412,
                "INGEST_HEADER_DIFFERS",
            )
        await owner.send(chunk(video(1)))
        await shown(door.channel, [0, 1])
        assert await door.channel.store.get(TRACK, 0, 1) == video(1)


def gates() -> dict[str, Gate]:
    sources = {"enc_a": Credentials(user="a", password="sesame-of-enc-a")}
    return {"news": Gate(sources, b"k" * 32, Tries())}


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"a:{password}".encode()).decode()}


@asynccontextmanager
async def somewhere_else() -> AsyncIterator[aiohttp.ClientSession]:
    """A client of another address than 127.0.0.1."""
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.9", 0), force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


@pytest.mark.threat("T01")
async def test_two_hundred_strangers_with_a_body_leave_nothing() -> None:
    """1.3 MB each, of which nobody reads a byte; ten at a time."""
    body = chunked(bytes(1_300_000))
    async with opened(gates=gates()) as door:
        census = Census()

        async def push() -> int:
            async with connected(door.address) as client:
                sending = asyncio.create_task(client.send(request(PATH) + body))
                answer = await client.answer()
                assert answer.fields["www-authenticate"]
                await asyncio.wait({sending})
                sending.exception()  # a reset is as good an end as any
                return answer.status

        for _ in range(20):
            assert await asyncio.gather(*(push() for _ in range(10))) == [401] * 10
        assert await census.restored()
        assert door.untouched()
        assert door.rejected == {"INGEST_UNAUTHORIZED": 200}


@pytest.mark.threat("T02")
async def test_a_thousand_guesses_cost_their_address_and_nobody_elses() -> None:
    url = "http://{}:{}" + PATH
    async with opened(gates=gates()) as door, AsyncExitStack() as stack:
        home = url.format(*door.address)
        guessing = await stack.enter_async_context(aiohttp.ClientSession())
        statuses = []
        for at in range(1_000):
            async with guessing.post(home, data=b"", headers=basic(f"guess {at}")) as answer:
                statuses.append(answer.status)
        assert statuses == [401] * MOST + [429] * (1_000 - MOST)
        right = basic("sesame-of-enc-a")
        async with guessing.post(home, data=b"", headers=right) as answer:
            assert answer.status == 429, "not even the right one: it may be the guess"
        elsewhere = await stack.enter_async_context(somewhere_else())
        async with elsewhere.post(home, data=header() + video(0), headers=right) as answer:
            assert answer.status == 200
        await shown(door.channel, [0])
        door.clock.at += 61_000
        async with guessing.post(home, data=b"", headers=right) as answer:
            assert answer.status == 200


@pytest.mark.threat("T22")
@pytest.mark.parametrize(
    "head",
    [
        "POST {path} HTTP/1.1\r\nHost: a/?x=/open.isml/Streams(x)\r\n",
        "POST http://evil.example{path} HTTP/1.1\r\nHost: relay\r\n",
        "POST @evil.example{path} HTTP/1.1\r\nHost: relay\r\n",
        "POST {path} HTTP/1.1\r\nHost: relay\r\nX-Original-URL: /open.isml/Streams(x)\r\n",
        "POST /open.isml/..{path} HTTP/1.1\r\nHost: relay\r\n",
        "POST /open.isml%2f..{path} HTTP/1.1\r\nHost: relay\r\n",
        "POST {path} HTTP/1.1\r\nHost: relay\r\nX-Forwarded-For: 127.0.0.9\r\n",
    ],
)
async def test_no_host_and_no_path_leads_around_the_gate(head: str) -> None:
    stores = {"news": MemoryStore(), "open": MemoryStore()}
    async with opened(stores, gates=gates()) as door, connected(door.address) as client:
        await client.send((head.format(path=PATH) + "Content-Length: 0\r\n\r\n").encode())
        assert (await client.answer()).status in (400, 401, 404)
        assert door.untouched()

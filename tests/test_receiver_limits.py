"""Slow bodies, too many of them, the end of all of them, and what one of them costs."""

import asyncio
import json
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from relay.admission import MOST_PER_ADDRESS
from relay.ingest.pace import PIECES, SPAN
from relay.media import Verdict
from tests.door import (
    PATH,
    Door,
    chunked,
    header,
    opened,
    published,
    request,
    shown,
    verdicts,
    video,
)
from tests.forgetful import Forgetful
from tests.mp4 import recorded
from tests.server.wire import Answer, Client, chunk, connected, eventually


async def ended(client: Client) -> Answer:
    """The answer to a POST that is not over, and the end of its connection."""
    answer = await client.answer()
    assert answer.fields["connection"] == "close"
    async with asyncio.timeout(5):
        assert await client.closed()
    return answer


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["code"]


@pytest.mark.requirement("SVC-6a", "RED-2c")
@pytest.mark.parametrize("cut", [0, 10, 2_000])
@pytest.mark.threat("T17")
async def test_a_body_that_stops_is_408_and_the_other_source_carries_on(cut: int) -> None:
    async with opened(idle=300) as door, connected(door.address) as stalled:
        await stalled.send(request(f"{PATH}?source=a") + chunk(header()))
        if cut:
            await stalled.send(chunk(video(0)[:cut]))
        sending = asyncio.create_task(_at_pace(door, f"{PATH}?source=b", 8))
        assert code(await ended(stalled)) == (408, "INGEST_STALLED")
        assert await sending == 200
        await shown(door.channel, range(8))
        assert verdicts(door.channel) == {"b": {Verdict.ACCEPTED: 8}}
        assert door.rejected == {"INGEST_STALLED": 1}


async def _at_pace(door: Door, path: str, count: int) -> int:
    async with connected(door.address) as client:
        await client.send(request(path) + chunk(header()))
        for index in range(count):
            await client.send(chunk(video(index)))
            await asyncio.sleep(0.1)
        await client.send(b"0\r\n\r\n")
        return (await client.answer()).status


async def test_a_post_that_never_sends_a_body_is_408() -> None:
    async with opened(idle=200) as door, connected(door.address) as client:
        await client.send(request(PATH))
        assert code(await ended(client)) == (408, "INGEST_STALLED")
        assert door.untouched()


@pytest.mark.requirement("SVC-6a")
@pytest.mark.threat("T17")
async def test_a_body_that_crawls_is_408() -> None:
    """Drop by drop it would outlive any limit of silence."""
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(header()[:1_000]))
        for drop in range(1, 40):
            assert await eventually(lambda: door.receiver.counts()["posts"] == 1)
            door.clock.at += 2_000
            await client.send(chunk(header()[999 + drop : 1_000 + drop]))
            await asyncio.sleep(0.01)
            if door.rejected:
                break
        assert code(await ended(client)) == (408, "INGEST_STALLED")
        assert door.clock.at >= SPAN


async def test_a_fragment_every_ten_seconds_does_not_crawl() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(header()))
        for index in range(6):
            await client.send(chunk(video(index)))
            await shown(door.channel, range(index + 1))
            door.clock.at += 10_000
        await client.send(b"0\r\n\r\n")
        assert (await client.answer()).status == 200


@pytest.mark.threat("T19")
async def test_ten_thousand_tiny_chunks_are_refused() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(recorded.box("free", bytes(60_000))[:8]))
        sending = asyncio.create_task(client.send(chunk(b"\0") * (2 * PIECES)))
        assert code(await ended(client)) == (400, "INGEST_CHUNKING")
        await asyncio.wait({sending})
        sending.exception()
        assert door.rejected == {"INGEST_CHUNKING": 1}


@pytest.mark.threat("T36")
async def test_more_posts_than_an_address_may_have_are_503_until_one_ends() -> None:
    paths = [f"/news.isml/Streams(s{at % 32})" for at in range(65)]
    async with opened() as door, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(door.address)) for _ in paths]
        for client, path in zip(clients[:MOST_PER_ADDRESS], paths, strict=False):
            await client.send(request(path) + chunk(header()))
        assert await eventually(lambda: door.receiver.counts()["posts"] == MOST_PER_ADDRESS)
        late = clients[MOST_PER_ADDRESS]
        await late.send(request(paths[-1]) + chunk(header()))
        answer = await ended(late)
        assert code(answer) == (503, "INGEST_LIMIT")
        assert int(answer.fields["retry-after"]) > 0
        async with connected(door.address) as probing:
            await probing.send(request(PATH, length=0))
            assert (await probing.answer()).status == 200
        await clients[0].send(b"0\r\n\r\n")
        assert (await clients[0].answer()).status == 200
        assert (await door.push(PATH, header() + video(0))).status == 200


@pytest.fixture
async def open_posts() -> AsyncIterator[tuple[Door, list[Client]]]:
    """Twenty POSTs: before the body, after the header, after a fragment, in moof, in mdat."""
    cuts = [None, len(header()), len(header() + video(0)), len(header()) + 400, -9_000]
    async with opened() as door, AsyncExitStack() as stack:
        clients = []
        for at in range(20):
            client = await stack.enter_async_context(connected(door.address))
            cut = cuts[at % 5]
            body = (header() + video(0))[:cut] if cut else b""
            path = f"/news.isml/Streams(s{at})"
            await client.send(request(path) + (chunk(body) if body else b""))
            clients.append(client)
        assert await eventually(
            lambda: sum(door.channel.header_of(f"s{at}") is not None for at in range(20)) == 16
        )
        await shown(door.channel, [0])
        yield door, clients


@pytest.mark.requirement("SVC-6a", "SVC-7b")
async def test_draining_answers_every_open_post_and_the_server_stops(
    open_posts: tuple[Door, list[Client]],
) -> None:
    door, clients = open_posts
    begun = time.monotonic()
    door.receiver.endings.drain()
    stopping = asyncio.create_task(door.server.stop(5.0))
    answers = await asyncio.gather(*(ended(client) for client in clients))
    assert {code(answer) for answer in answers} == {(503, "INGEST_DRAINING")}
    assert all(int(answer.fields["retry-after"]) > 0 for answer in answers)
    assert time.monotonic() - begun < 3.0
    for client in clients:
        await client.close()
    await stopping
    assert door.receiver.counts()["posts"] == 0
    assert published(door.channel) == [0]


async def test_draining_ends_posts_at_a_box_edge_at_once(
    open_posts: tuple[Door, list[Client]],
) -> None:
    door, clients = open_posts
    door.receiver.endings.drain()
    edges = [client for at, client in enumerate(clients) if at % 5 < 3]
    inside = [client for at, client in enumerate(clients) if at % 5 >= 3]
    assert {(await ended(client)).status for client in edges} == {503}
    assert door.receiver.counts()["posts"] == len(inside)


async def test_draining_lets_the_fragment_under_way_finish_and_no_other() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(header()) + chunk(video(0)[:-1_000]))
        assert await eventually(lambda: door.channel.header_of("main") is not None)
        door.receiver.endings.drain()
        await client.send(chunk(video(0)[-1_000:]))
        assert code(await ended(client)) == (503, "INGEST_DRAINING")
        await shown(door.channel, [0])


async def test_draining_twice_does_no_harm() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(header()))
        assert await eventually(lambda: door.channel.header_of("main") is not None)
        begun = time.monotonic()
        door.receiver.endings.drain()
        await asyncio.sleep(0)
        door.receiver.endings.drain()
        async with connected(door.address) as other:
            await other.send(request(PATH, length=0))
            assert code(await ended(other)) == (503, "INGEST_DRAINING")
        assert code(await ended(client)) == (503, "INGEST_DRAINING")
        assert time.monotonic() - begun < 3.0


@pytest.mark.requirement("SVC-6a")
async def test_draining_ends_a_body_that_trickles_in_mid_box() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(header()) + chunk(video(0)[:1_000]))
        assert await eventually(lambda: door.channel.header_of("main") is not None)

        async def trickle() -> None:
            while True:
                await client.send(chunk(b"\0"))
                await asyncio.sleep(0.1)

        sending = asyncio.create_task(trickle())
        begun = time.monotonic()
        door.receiver.endings.drain()
        answer = await client.answer()
        sending.cancel()
        await asyncio.wait({sending})
        assert code(answer) == (503, "INGEST_DRAINING")
        assert time.monotonic() - begun < 3.0


async def test_new_posts_and_probes_are_503_while_draining() -> None:
    async with opened() as door, connected(door.address) as early:
        await early.send(request(PATH, length=0))
        assert (await early.answer()).status == 200
        door.receiver.endings.drain()
        await early.send(request(PATH) + chunk(header()))
        assert code(await ended(early)) == (503, "INGEST_DRAINING")
        for length in (0, None):
            async with connected(door.address) as client:
                await client.send(request(PATH, length=length))
                assert code(await ended(client)) == (503, "INGEST_DRAINING")
        assert door.untouched()


@pytest.mark.requirement("SVC-2a")
async def test_a_connection_holds_no_more_than_it_works_on() -> None:
    fragments = [chunked(video(index)) for index in range(200)]
    async with opened({"news": Forgetful()}) as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(header()) + fragments[0])
        await shown(door.channel, [0])
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for fragment in fragments[1:]:
                await client.send(fragment)
            await eventually(lambda: published(door.channel)[-1] == 199)
            after, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert published(door.channel)[-1] == 199
        # Besides a fragment or two, both ends of the socket hold some pieces of 256 KiB: one that
        # is read, one that waits, one that is worked on, and that without the edges of its chunks.
        # The window alone would be 62 fragments, 2.6 MB; all of them are 8 MB.
        assert peak - before < 2_400_000
        assert after - before < 1_000_000

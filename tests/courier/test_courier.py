"""The courier on real sockets: before a relay's own door, and before servers that misbehave."""

import asyncio
import time

import pytest

from relay.channel import Rules
from relay.encoder.progress import State
from relay.encoder.stamp import Stamper
from relay.media import Verdict
from tests import door
from tests.courier.misbehaving import chunk, probed, served, vanish
from tests.courier.sending import CELL, names, published, pushing, sender
from tests.server.wire import eventually


@pytest.mark.requirement("HTTP-5a", "HTTP-5b", role="client")
async def test_a_push_arrives_whole_and_ends_with_200(quick: Stamper) -> None:
    async with door.opened(rules=Rules(duration=CELL, patience=60_000)) as opened:
        pushed = sender(quick, opened.address, lasts=3.5)
        assert await asyncio.wait_for(pushed.courier.run(), 30)
        assert pushed.plan.progress.answer == "200 OK"
        assert pushed.plan.progress.posts == 1
        count = pushed.plan.progress.fragments
        assert count >= 2
        assert await eventually(lambda: len(published(opened)) == count)
        indexes = published(opened)
        assert indexes == list(range(indexes[0], indexes[0] + count))
        assert abs(indexes[0] - time.time()) < 60
        assert opened.rejected == {}


async def test_stop_ends_cleanly_in_mid_wait(quick: Stamper) -> None:
    async with door.opened(rules=Rules(duration=CELL)) as opened:
        pushed = sender(quick, opened.address)
        async with pushing(pushed) as task:
            assert await eventually(lambda: pushed.plan.progress.fragments > 0)
            pushed.courier.stop()
            assert await asyncio.wait_for(task, 10)


@pytest.mark.requirement("HTTP-7a", "HTTP-7b", "SVC-3b", "SVC-5a", role="client")
async def test_a_broken_connection_is_taken_up_with_the_last_two(quick: Stamper) -> None:
    async with door.opened(rules=Rules(duration=CELL, patience=60_000)) as opened:
        pushed = sender(quick, opened.address, "kill=3.2", lasts=6)
        assert await asyncio.wait_for(pushed.courier.run(), 30)
        assert (pushed.plan.progress.posts, pushed.plan.progress.resent) == (2, 2)
        fresh = pushed.plan.progress.fragments - 2
        assert await eventually(lambda: len(published(opened)) == fresh)
        (counts,) = [door.verdicts(opened.channel, name) for name in names(opened)]
        assert sum(found.get(Verdict.DUPLICATE, 0) for found in counts.values()) == 2


@pytest.mark.parametrize("size", [5000, 6_000_000])
async def test_a_broken_connection_ends_at_the_very_byte(quick: Stamper, size: int) -> None:
    taken: list[int] = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await probed(reader, writer):
            return
        came = 0
        try:
            while True:
                came += len(await chunk(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            taken.append(came)

    async with served(count) as address:
        pushed = sender(_Bulky(quick.clip, quick.tracks), address, f"kill@{size}")
        async with pushing(pushed):
            assert await eventually(lambda: len(taken) > 0, 20)
            told = pushed.plan.progress  # the other end may know of it first
            assert await eventually(lambda: told.answer == "cut by a fault" or told.posts > 1)
    assert taken[0] == size


@pytest.mark.threat("T24")
@pytest.mark.requirement("HTTP-1b", "SVC-7c", role="client")
async def test_an_early_refusal_is_seen_at_once(quick: Stamper) -> None:
    refused: list[float] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await probed(reader, writer):
            return
        await chunk(reader)
        refused.append(time.monotonic())
        body = b'{"code": "NO", "detail": "Not you."}'
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        while await reader.read(65536):  # reads on, as a careful server does
            pass

    async with served(refuse) as address:
        pushed = sender(quick, address)
        async with pushing(pushed):
            assert await eventually(lambda: pushed.plan.progress.answer == "403 NO Not you.", 20)
            assert time.monotonic() - refused[0] < 1
            assert await eventually(lambda: len(refused) > 1, 20), "no second attempt"


@pytest.mark.requirement("SVC-2a", role="client")
async def test_a_peer_that_takes_nothing_is_given_up(quick: Stamper) -> None:
    posts: list[int] = []

    async def sleep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await probed(reader, writer):
            return
        posts.append(1)
        await asyncio.sleep(60)

    async with served(sleep, limit=1024) as address:
        pushed = sender(_Bulky(quick.clip, quick.tracks), address)
        async with pushing(pushed) as task:
            said = "send timeout"
            assert await eventually(lambda: said in pushed.plan.progress.answer, 30)
            assert await eventually(lambda: len(posts) > 1, 20)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=5)
            assert done, "what the peer does not take holds the connection open"


class _Bulky(Stamper):
    """Fragments that no socket buffer holds."""

    def fragment(self, *arguments: object) -> bytes:
        return bytes(8_000_000)


@pytest.mark.requirement("SVC-4a", "SVC-7b", role="client")
async def test_nobody_there_is_asked_again_without_end(quick: Stamper) -> None:
    async with served(vanish) as address:
        pass
    pushed = sender(quick, address)
    async with pushing(pushed) as task:
        assert await eventually(lambda: pushed.plan.progress.answer.startswith("no connection: "))
        assert pushed.plan.progress.state in (State.WAITING, State.PROBING)
        pushed.courier.stop()
        assert not await asyncio.wait_for(task, 10)

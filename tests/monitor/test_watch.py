"""The board over a real socket: first all of it, then what changes, and an end that is an end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from relay.monitor.feed import Feed
from relay.monitor.patch import apply
from relay.monitor.watch import HEARTBEAT, MOST_LISTENERS, MOST_WAITING, Watch
from tests.server.wire import PATIENCE, Client, connected, eventually, serving

GET = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
NASTY = {"<img src=x onerror=alert(1)>": {"a\r\n\r\ndata: {}": "\u2028"}}

Address = tuple[str, int]


class Desk:
    """A watch on a board that the test writes."""

    def __init__(self, heartbeat: float = 3600.0) -> None:
        self.board: dict[str, Any] = {"n": 0}
        self.looks = 0
        self.watch = Watch(self.look, lambda: 7, every=0.01, heartbeat=heartbeat)

    def look(self) -> dict[str, Any]:
        self.looks += 1
        if self.board.get("fails"):
            raise ValueError("a look that fails")
        return dict(self.board)


@asynccontextmanager
async def opened(desk: Desk) -> AsyncIterator[Address]:
    app = Starlette(routes=[Route("/events", Feed(desk.watch), methods=["GET"])])
    desk.watch.open()
    async with serving(app) as address:
        try:
            yield address
        finally:
            desk.watch.close()


async def head(client: Client, request: bytes = GET) -> str:
    await client.send(request)
    async with asyncio.timeout(PATIENCE):
        return (await client.reader.readuntil(b"\r\n\r\n")).decode("latin-1")


async def message(client: Client) -> bytes:
    """One piece of the body; empty: the body has ended."""
    async with asyncio.timeout(PATIENCE):
        size = int(await client.reader.readline(), 16)
        return (await client.reader.readexactly(size + 2))[:-2]


def told(event: bytes, kind: str) -> Any:
    first, second, *rest = event.decode().split("\n")
    assert (first, rest) == (f"event: {kind}", ["", ""])
    said = json.loads(second.removeprefix("data: "))
    assert said["utc"] == 7
    return said["board"]


async def test_a_snapshot_comes_first_and_then_the_differences() -> None:
    desk = Desk()
    desk.board = {"n": 1, "gone": True, "names": NASTY}
    async with opened(desk) as address, connected(address) as client:
        said = await head(client)
        assert " 200 " in said
        assert "content-type: text/event-stream" in said
        assert "cache-control: no-store" in said
        seen = told(await message(client), "snapshot")
        assert seen == desk.board
        for board in ({"n": 2, "names": NASTY}, {"n": 2, "more": {"a": {"b": 1}}}):
            desk.board = board
            seen = apply(seen, told(await message(client), "patch"))
            assert seen == board


async def test_whoever_joins_later_begins_with_what_is() -> None:
    desk = Desk()
    async with opened(desk) as address, connected(address) as early:
        await head(early)
        await message(early)
        desk.board = {"n": 5}
        assert told(await message(early), "patch") == {"n": 5}
        async with connected(address) as late:
            await head(late)
            assert told(await message(late), "snapshot") == {"n": 5}


async def test_nothing_is_said_while_nothing_changes_but_a_heartbeat() -> None:
    desk = Desk(heartbeat=0.2)
    async with opened(desk) as address, connected(address) as client:
        await head(client)
        await message(client)
        before = desk.looks
        assert await message(client) == HEARTBEAT
        assert await message(client) == HEARTBEAT
        assert desk.looks - before >= 30  # it looked 20 times for each


async def test_listeners_are_bounded_and_a_place_is_free_again() -> None:
    desk = Desk()
    async with opened(desk) as address, AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connected(address)) for _ in range(MOST_LISTENERS)
        ]
        for client in clients:
            await head(client)
        async with connected(address) as refused:
            await refused.send(GET)
            answer = await refused.answer()
            assert (answer.status, answer.fields["retry-after"]) == (503, "5")
        await clients.pop().close()
        assert await eventually(lambda: desk.watch.listening == MOST_LISTENERS - 1)
        async with connected(address) as next_one:
            assert " 200 " in await head(next_one)


async def test_a_browser_that_leaves_is_forgotten_at_once() -> None:
    desk = Desk()
    async with opened(desk) as address:
        async with connected(address) as client:
            await head(client)
            assert desk.watch.listening == 1
        assert await eventually(lambda: desk.watch.listening == 0)


async def test_streams_end_when_the_watch_does() -> None:
    desk = Desk()
    async with opened(desk) as address, connected(address) as client, connected(address) as other:
        for each in (client, other):
            await head(each)
            await message(each)
        desk.watch.close()
        assert await message(client) == await message(other) == b""
        assert desk.watch.listening == 0
        async with connected(address) as late:
            await late.send(GET)
            assert (await late.answer()).status == 503


async def test_one_that_does_not_keep_up_is_ended() -> None:
    desk = Desk()
    desk.watch.open()
    listener = desk.watch.join()
    assert listener is not None
    for at in range(1, 2 * MOST_WAITING):
        desk.board = {"n": at}
        before = desk.looks
        assert await eventually(lambda before=before: desk.looks > before)  # type: ignore[misc]
    assert desk.watch.listening == 0
    assert listener.get_nowait() is None
    desk.watch.close()


async def test_a_look_that_fails_does_not_blind_the_page() -> None:
    desk = Desk()
    async with opened(desk) as address, connected(address) as client:
        await head(client)
        await message(client)
        desk.board = {"fails": True}
        before = desk.looks
        assert await eventually(lambda: desk.looks > before + 3)
        desk.board = {"n": 9}
        assert told(await message(client), "patch") == {"n": 9}


async def test_only_get_is_answered_and_head_does_not_stream() -> None:
    desk = Desk()
    async with opened(desk) as address:
        async with connected(address) as client:
            await client.send(GET.replace(b"GET", b"POST", 1))
            assert (await client.answer()).status == 405
        async with connected(address) as client:
            assert " 200 " in await head(client, GET.replace(b"GET", b"HEAD", 1))
            assert await eventually(lambda: desk.watch.listening == 0)

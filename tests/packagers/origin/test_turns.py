"""A crowd of players, a few at a time."""

import asyncio
from typing import Any

import pytest

from packagers.origin import Origin
from packagers.origin.turns import Turns
from tests.packagers.player import LAST, VIDEO, ask

DOCUMENT = "/news.isml/master.m3u8"
SEGMENTS = (
    "/news.isml/video-2000000/7.m4s",
    "/news.isml/video-2000000/init-0.mp4",
    "/News.isml/QualityLevels(1)/fragments(video=0)",
)


class Busy:
    """An application that answers when it may, and sends when it may."""

    def __init__(self) -> None:
        self.making = self.most = self.sending = 0
        self.made, self.taken = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.making += 1
        self.most = max(self.most, self.making)
        await self.made.wait()
        self.making -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.sending += 1
        await self.taken.wait()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def asked(app: Any, path: str = SEGMENTS[0]) -> None:
    async def send(message: Any) -> None:
        pass

    await app({"type": "http", "method": "GET", "path": path, "headers": []}, send, send)


async def settle() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


async def test_so_many_are_made_at_once_and_all_are_sent() -> None:
    busy = Busy()
    turns = Turns(busy, 3)
    players = [asyncio.create_task(asked(turns, SEGMENTS[at % 3])) for at in range(10)]
    await settle()
    assert (busy.making, busy.sending) == (3, 0)
    busy.made.set()
    await settle()
    assert (busy.most, busy.sending) == (3, 10), "one that is slow to take it has no turn"
    busy.taken.set()
    await asyncio.gather(*players)


async def test_a_player_that_goes_leaves_its_turn() -> None:
    busy = Busy()
    turns = Turns(busy, 1)
    first, second = (asyncio.create_task(asked(turns)) for _ in range(2))
    third = asyncio.create_task(asked(turns))
    await settle()
    for gone in (second, first):
        gone.cancel()
        await asyncio.wait({gone})
    await settle()
    assert busy.making == 2, "the third has come, and the first has never left `making`"
    third.cancel()
    await asyncio.wait({third})


async def test_a_failure_leaves_its_turn() -> None:
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    turns = Turns(fail, 1)
    for _ in range(3):
        done = asyncio.create_task(asked(turns))
        await asyncio.wait({done})
        assert isinstance(done.exception(), ValueError)


async def test_a_document_waits_behind_no_segment() -> None:
    busy = Busy()
    turns = Turns(busy, 1)
    players = [asyncio.create_task(asked(turns)) for _ in range(10)]
    await settle()
    assert busy.making == 1
    reader = asyncio.create_task(asked(turns, DOCUMENT))
    await settle()
    assert busy.making == 2
    busy.made.set()
    busy.taken.set()
    await asyncio.gather(reader, *players)


@pytest.mark.parametrize("path", [DOCUMENT, f"/news.isml/{VIDEO.name}/{LAST}.m4s"])
async def test_the_answer_is_the_origins(origin: Origin, path: str) -> None:
    plain, turned = await ask(origin, path), await ask(Turns(origin), path)
    assert (plain.status, plain.headers, plain.body) == (
        turned.status,
        turned.headers,
        turned.body,
    )


async def test_what_is_answered_without_a_pause_leaves_the_loop_to_others() -> None:
    answered = 0

    async def origin(scope: Any, receive: Any, send: Any) -> None:
        nonlocal answered
        answered += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})

    turns = Turns(origin, 3)
    players = [asyncio.create_task(asked(turns)) for _ in range(30)]
    rounds = []
    while answered < 30:
        before = answered
        await asyncio.sleep(0)
        rounds.append(answered - before)
    await asyncio.gather(*players)
    assert max(rounds) <= 3

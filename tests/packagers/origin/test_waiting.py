import asyncio
from dataclasses import replace
from fractions import Fraction

import pytest

from packagers.origin import Origin
from packagers.origin.waiting import AHEAD, Waiting
from relay.media import Track
from relay.numbering import Grid
from tests.packagers.player import AUDIO, LAST, VIDEO, Answer, Channel, ask
from tests.packagers.presentations import payload, presentation, regular, rendition

LONG = 60
"""Seconds that no test lasts."""


@pytest.fixture
def waiting(origin: Origin, channel: Channel) -> Waiting:
    """One that waits for a minute, since a fragment lasts as long."""
    channel.presentation = replace(channel.presentation, grid=Grid(Fraction(LONG)))
    return Waiting(origin, {"news": channel}, most=2, longest=LONG)


def place(channel: Channel) -> None:
    """The next segment of both tracks, which the store has, gets its place."""
    shown = [rendition(track, regular(track, count=6)) for track in (VIDEO, AUDIO)]
    channel.presentation = replace(presentation(*shown), grid=channel.presentation.grid)


async def begun(waiting: Waiting, path: str, method: str = "GET") -> "asyncio.Task[Answer]":
    """A request that waits now."""
    before = waiting.waiting
    task = asyncio.create_task(ask(waiting, path, method))
    async with asyncio.timeout(LONG / 2):
        while waiting.waiting == before:
            await asyncio.sleep(0)
    assert not task.done()
    return task


@pytest.mark.parametrize("track", [VIDEO, AUDIO])
async def test_the_next_segment_is_waited_for(
    waiting: Waiting, channel: Channel, track: Track
) -> None:
    path = f"/news.isml/{track.name}/{LAST + 1}.m4s"
    asked = [await begun(waiting, path), await begun(waiting, path, "HEAD")]
    place(channel)
    async with asyncio.timeout(LONG / 2):
        got, told = await asyncio.gather(*asked)
    assert (got.status, told.status) == (200, 200)
    assert got.body.endswith(payload(regular(track, LAST + 1, 1)[0]))
    assert told.body == b""
    assert waiting.waiting == 0


async def test_nothing_is_waited_for_when_it_is_over(waiting: Waiting, channel: Channel) -> None:
    channel.presentation = replace(channel.presentation, ended=True)
    async with asyncio.timeout(LONG / 2):
        got = await ask(waiting, f"/news.isml/{VIDEO.name}/{LAST + 1}.m4s")
    assert got.status == 404


@pytest.mark.parametrize("epoch", [0, 7])
async def test_one_that_is_asked_for_by_its_time_is_waited_for(
    origin: Origin, channel: Channel, epoch: int
) -> None:
    channel.presentation = replace(channel.presentation, epoch=epoch)
    waiting = Waiting(origin, {"news": channel})
    (following,) = regular(AUDIO, LAST + 1, 1)
    time = following.time + epoch * AUDIO.timescale
    asked = await begun(waiting, f"/news.isml/{AUDIO.name}/t{time}.m4s")
    place(channel)
    channel.presentation = replace(channel.presentation, epoch=epoch)
    assert (await asked).body.endswith(payload(following))
    assert waiting.waiting == 0


@pytest.mark.parametrize(
    "path",
    [
        f"/news.isml/{VIDEO.name}/{LAST}.m4s",
        f"/news.isml/{VIDEO.name}/{LAST + AHEAD + 1}.m4s",
        f"/news.isml/{VIDEO.name}/4000000000.m4s",
        f"/news.isml/{VIDEO.name}/t{2**63}.m4s",
        "/news.isml/video-500000/1.m4s",
        "/news.isml/nothing/1.m4s",
        "/other.isml/video/1.m4s",
        "/news.isml/../1.m4s",
        f"/news.isml/{VIDEO.name}/index.m3u8",
        "/time",
    ],
)
async def test_nothing_else_is_waited_for(waiting: Waiting, origin: Origin, path: str) -> None:
    async with asyncio.timeout(LONG / 2):
        assert await ask(waiting, path) == await ask(origin, path)
        assert (await ask(waiting, path, "OPTIONS")).status == 204


async def test_what_does_not_come_is_refused(origin: Origin, channel: Channel) -> None:
    waiting = Waiting(origin, {"news": channel}, longest=0.1)
    asked = await begun(waiting, f"/news.isml/{VIDEO.name}/{LAST + AHEAD}.m4s")
    got = await asked
    assert got.problem["code"] == "PLAYBACK_NOT_YET"
    assert waiting.waiting == 0


async def test_only_so_many_wait(waiting: Waiting, channel: Channel) -> None:
    path = f"/news.isml/{VIDEO.name}/{LAST + 1}.m4s"
    asked = [await begun(waiting, path), await begun(waiting, path)]
    async with asyncio.timeout(LONG / 2):
        assert (await ask(waiting, path)).problem["code"] == "PLAYBACK_NOT_YET"
    asked[0].cancel()
    place(channel)
    assert (await asked[1]).status == 200
    assert waiting.waiting == 0

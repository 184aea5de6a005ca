"""Who plays a program when it is stopped plays it to its end: at the same times, without a jump.

dash.js loads a Smooth manifest once, so it never learns that there is an end: it plays all there
is, complains once for each track that the last fragment names no other (tfrf), and stands.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import players, served
from tests.e2e.conftest import LOOP, Start
from tests.e2e.orders import begin_program, end_program
from tests.e2e.playing import Kind, Playing, Report
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(300)]

KINDS: tuple[Kind, ...] = ("hls", "dash", "shaka", "native")
NO_MORE = "Missing tfrf in live media segment"
LIMIT = 60.0
CELL = float(LOOP.cell)
NEARLY = 0.3
AHEAD = 6
"""Fragments that there are of it when it is opened; more than players stay behind the live edge."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What the players say, and `ends`: UTC seconds at which the program does."""

    reports: Mapping[Kind, Report]
    smooth: Report
    ends: float


@pytest.fixture(scope="module")
def ending(
    chromium: Path, start_relay: Start, loop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Ending:
    relay = start_relay({"news": {"fragment_duration": "1.92", "patience": 0.5}})
    folder = tmp_path_factory.mktemp("end")
    with Push(loop, f"{relay.url}/news.isml/Streams(main)", "enc_a", folder) as push:
        push.start()
        return asyncio.run(_watched(relay))


async def _watched(relay: RelayProcess) -> Ending:
    await _until(lambda: _there(f"{relay.url}/news.isml/master.m3u8"))
    await asyncio.to_thread(begin_program, relay.admin_url, "news", "evening")
    point = f"{relay.url}/news.evening.isml"
    await _until(lambda: _there(f"{point}/master.m3u8") and _count(relay) >= AHEAD)
    async with players.browser() as browser:
        playing = await asyncio.gather(
            *(browser.open(kind, f"{point}/{players.DOCUMENTS[kind]}") for kind in (*KINDS, "mss"))
        )
        await asyncio.sleep(2 * CELL)
        await asyncio.to_thread(end_program, relay.admin_url, "news", "evening")
        *others, smooth = playing
        reports = await asyncio.gather(*map(_told, others))
        tracks = await asyncio.to_thread(served.channel, relay.url, "news.evening")
        ends = float((max(max(track.segments) for track in tracks.values()) + 1) * LOOP.cell)
        await _reached(smooth, ends)
        return Ending(dict(zip(KINDS, reports, strict=True)), await smooth.report(), ends)


async def _told(one: Playing) -> Report:
    await one.to_the_end(1, LIMIT)
    return await one.report()


async def _reached(one: Playing, end: float) -> None:
    """It has played up to that time, nearly; not for ever: the report tells."""
    deadline = time.monotonic() + LIMIT
    while (await one.progress())["time"] < end - NEARLY and time.monotonic() < deadline:
        await asyncio.sleep(0.2)


def _there(url: str) -> bool:
    return served.get(url).status == 200


def _count(relay: RelayProcess) -> int:
    tracks = served.channel(relay.url, "news.evening")
    return min(len(track.segments) for track in tracks.values())


async def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not await asyncio.to_thread(done):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.3)


@pytest.mark.parametrize("kind", KINDS)
def test_it_plays_to_the_end_without_a_jump(ending: Ending, kind: Kind) -> None:
    report = ending.reports[kind]
    assert report.ended
    assert report.seeks == 0
    assert report.stall < CELL
    assert report.errors == ()


def test_a_smooth_player_plays_all_there_is(ending: Ending) -> None:
    report = ending.smooth
    assert report.seeks == 0
    assert all(NO_MORE in error for error in report.errors)
    assert len(report.errors) <= 2
    assert abs(report.element[-1][1] - ending.ends) < NEARLY

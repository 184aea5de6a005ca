"""The page under load: 8 channels with 3 sources each, one of them open, with 16 tracks.

What it may take: a fifth of the browser's main thread, 20 kB of events in a second, and no memory
that it does not give back in ten minutes. Those ten pass at `PACE`: what counts for memory is how
much the page was told, and it is told all of it.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import CDPSession, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from relay.monitor import files
from relay.monitor.feed import Feed
from relay.monitor.watch import LOOK_SECONDS, Watch
from tests.e2e.boards import browsing, holds
from tests.e2e.crowd import Crowd
from tests.server.wire import serving

pytestmark = pytest.mark.e2e

SECONDS = 60
MINUTES = 10
PACE = 5
BUSY = 0.20
BYTES = 20_000
GROWTH = 300_000
"""Bytes of heap between the fourth to sixth minute, when the plots get full, and the last three."""
CHANNELS = {"open": 16, **{f"other_{at}": 4 for at in range(7)}}


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 120)
async def test_eight_channels_of_three_sources_are_no_burden(chromium: Path) -> None:
    async with _open(chromium, pace=1) as (page, watch):
        session = await _session(page)
        listener = watch.join()
        assert listener is not None
        while not listener.empty():
            listener.get_nowait()
        before, began, sent = await _metrics(session), time.monotonic(), 0
        while time.monotonic() < began + SECONDS:
            message = await listener.get()
            assert message is not None
            sent += len(message)
        lasted = time.monotonic() - began
        busy = ((await _metrics(session))["TaskDuration"] - before["TaskDuration"]) / lasted
    print(f"main thread {busy:.1%}, events {sent / lasted / 1000:.1f} kB/s")  # noqa: T201
    assert busy < BUSY
    assert sent / lasted < BYTES


@pytest.mark.long
@pytest.mark.timeout(60 * MINUTES // PACE + 120)
async def test_ten_minutes_leave_nothing_behind(chromium: Path) -> None:
    async with _open(chromium, pace=PACE) as (page, _watch):
        session = await _session(page)
        found: list[dict[str, float]] = []
        for _ in range(MINUTES):
            await asyncio.sleep(60 / PACE)
            await session.send("HeapProfiler.collectGarbage")
            found.append(await _metrics(session))
        points = "document.querySelector('.plots figure:nth-child(3)') !== null"
        assert await page.evaluate(points)
    heap = [metrics["JSHeapUsedSize"] for metrics in found]
    print("heap after each minute, MB:", *(f"{size / 1e6:.2f}" for size in heap))  # noqa: T201
    # The least of some, since the browser gives back when it likes.
    assert min(heap[-3:]) - min(heap[3:6]) < GROWTH, heap
    for what in ("Nodes", "JSEventListeners"):
        counts = [metrics[what] for metrics in found]
        assert min(counts[6:]) <= max(counts[:6]), counts


@asynccontextmanager
async def _open(chromium: Path, pace: int) -> AsyncIterator[tuple[Page, Watch]]:
    """The page, with all of the open channel's tracks on it, in a time that runs so fast."""
    crowd = Crowd(CHANNELS, _utc() - 130_000)
    async with _serving(crowd, pace) as (url, watch):
        async with browsing(chromium, f"{url}/ui/#open") as (page, complaints):
            await holds(page, "document.querySelectorAll('.group canvas').length === 16")
            yield page, watch
        watch.close()
    assert complaints == [], complaints


async def _session(page: Page) -> CDPSession:
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    return session


async def _metrics(session: CDPSession) -> dict[str, float]:
    found = await session.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in found["metrics"]}


@asynccontextmanager
async def _serving(crowd: Crowd, pace: int = 1) -> AsyncIterator[tuple[str, Watch]]:
    began = _utc()

    def utc() -> int:
        return began + pace * (_utc() - began)

    def look() -> dict[str, object]:
        channels = crowd.at(utc())
        given = {"players": {}, "plots": files.plots(), "offers": {"prefer": True}}
        return {"playback": 0, **given, "channels": channels}

    async def past(_request: Request) -> JSONResponse:
        return JSONResponse({"at": [], "sources": {}, "upstreams": {}})

    watch = Watch(look, utc, every=LOOK_SECONDS / pace)
    feed = Route("/api/v1/events", Feed(watch), methods=["GET"])
    history = Route("/ui/history/{name}", past)
    watch.open()
    try:
        app = Starlette(routes=[*files.routes(lambda: 0), feed, history])
        async with serving(app) as (host, port):
            yield f"http://{host}:{port}", watch
    finally:
        watch.close()


def _utc() -> int:
    return time.time_ns() // 1_000_000

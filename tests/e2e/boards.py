"""The page on a board that the test writes, in a real browser. All that its console, its errors,
its dialogs and its requests complain of is kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from playwright.async_api import Page, ViewportSize, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from relay.monitor import files
from relay.monitor.feed import Feed
from relay.monitor.watch import Watch
from tests.e2e.players import ARGUMENTS
from tests.server.wire import serving

LIMIT = 40_000
"""ms for anything to show: a busy machine is slow, a broken page never gets there."""
NOW = 62_000
"""The relay's clock, ms since 1970."""
NEWEST = 30
SIZE: ViewportSize = {"width": 1280, "height": 800}

Facts = dict[str, Any]


def source(track: str, cells: Mapping[int, str], **changed: object) -> Facts:
    """What the board says of a source that delivers."""
    return {
        "last": NOW,
        "alive": True,
        "state": "well",
        "words": "",
        "won": 1,
        "duplicate": 0,
        "late": 0,
        "suspect": 0,
        "differs": 0,
        "posts": 1,
        "visits": 1,
        "reason": "",
        "left": 0,
        "gaps": 0,
        "lateness": 40,
        "drift": 0,
        "bitrate": 900_000,
        "cells": {track: {str(index): word for index, word in cells.items()}},
        **changed,
    }


def channel(track: str = "video", **changed: object) -> Facts:
    """What the board says of a channel with one track of 2 s, of which index 30 is the newest."""
    return {
        "state": "ON AIR",
        "since": 1_000,
        "protection": "EXPOSED",
        "copies": 1,
        "patience": 1_500,
        "preferred": "",
        "columns": 30,
        "duration": 2000.0,
        "fragment_duration": "2",
        "learnt": False,
        "newest": NEWEST,
        "begins": 60_000,
        "edge": 62_000,
        "lag": 0,
        "flags": {},
        "tracks": {
            track: {
                "place": 0,
                "kind": "video",
                "codecs": "avc1.42C01E",
                "shape": "640×360",
                "bandwidth": 800_000,
                "copies": 1,
                "gaps": 0,
                "segments": 0,
                "cells": {str(NEWEST): "whole"},
            }
        },
        "sources": {"a": source(track, {NEWEST: "won"})},
        "upstreams": {},
        "events": {},
        **changed,
    }


@asynccontextmanager
async def shown(
    chromium: Path,
    channels: Mapping[str, Facts],
    path: str = "",
    *,
    routes: list[BaseRoute] | None = None,
    offers: tuple[str, ...] = (),
    plots: bool = False,
    stopped: tuple[str, ...] = (),
    clock: Mapping[str, object] = MappingProxyType({"by": ""}),
    now: Callable[[], int] = lambda: NOW,
    every: float = 0.05,
) -> AsyncIterator[tuple[Page, list[str]]]:
    """The page at `/ui/{path}` on a board with these channels, which the test may change. Leaving
    checks that nothing complained, and gives the complaints to whoever wants to know before."""
    board = {
        "playback": 0,
        "players": {},
        "plots": files.plots() if plots else {},
        "offers": dict.fromkeys(offers, True),
        "stopped": dict.fromkeys(stopped, True),
        "clock": clock,
        "channels": channels,
    }

    async def past(_request: Request) -> JSONResponse:
        return JSONResponse({"at": [], "sources": {}, "upstreams": {}})

    watch = Watch(lambda: _copied(board), now, every=every)
    feed = Route("/api/v1/events", Feed(watch), methods=["GET"])
    history = Route("/ui/history/{name:path}", past)
    app = Starlette(routes=[*files.routes(lambda: 0), feed, history, *(routes or [])])
    watch.open()
    try:
        async with serving(app) as (host, port):
            async with browsing(chromium, f"http://{host}:{port}/ui/{path}") as (page, complaints):
                await page.locator("#connection.well").wait_for()
                yield page, complaints
            watch.close()
    finally:
        watch.close()
    assert complaints == [], complaints


@asynccontextmanager
async def browsing(chromium: Path, url: str) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, and all that it complains of."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(chromium), headless=True, args=ARGUMENTS
        )
        page = await browser.new_page(viewport=SIZE, color_scheme="light")
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
        page.set_default_timeout(LIMIT)
        try:
            await page.goto(url)
            yield page, complaints
        finally:
            await browser.close()


async def holds(page: Page, expression: str, arg: object = None) -> None:
    """Wait until it is true. (`wait_for_function` needs eval, which the page forbids.)"""
    deadline = time.monotonic() + LIMIT / 1000
    while not await page.evaluate(expression, arg):
        assert time.monotonic() < deadline, expression
        await asyncio.sleep(0.1)


def _copied(value: Any) -> Any:
    """Containers anew, so that what the test edits later differs from what was looked at."""
    if isinstance(value, Mapping):
        return {name: _copied(each) for name, each in value.items()}
    return value

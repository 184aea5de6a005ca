"""The operator's page in a real browser: live, playing, and safe from strangers' names."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright
from starlette.applications import Starlette
from starlette.routing import Route

from relay.monitor import files
from relay.monitor.feed import Feed
from relay.monitor.watch import Watch
from relay.uplink.attempt import State
from relay.uplink.standing import Standing
from tests.e2e.conftest import Start
from tests.e2e.encoder import Encoder, Programme, next_start, wait_until
from tests.e2e.players import ARGUMENTS
from tests.server.wire import serving

pytestmark = pytest.mark.e2e

LIMIT = 40_000
"""ms for anything to show: a busy machine is slow, a broken page never gets there."""
PLAYS = """() => {
  const video = document.querySelector("video");
  if (!video) return false;
  if (window.from?.video !== video) window.from = { video, time: video.currentTime };
  return video.getVideoPlaybackQuality().totalVideoFrames > 50
    && video.currentTime > window.from.time + 2 && video.webkitAudioDecodedByteCount > 0;
}"""
NASTY = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(2)</script>',
    "javascript:alert(3)",
    "{{constructor.constructor('alert(4)')()}}",
    "__proto__",
)


@asynccontextmanager
async def browsing(chromium: Path, url: str) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, and all that its console, its errors, its dialogs and its requests complain of."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(chromium), headless=True, args=ARGUMENTS
        )
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
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


async def cells(page: Page, source: str, outcome: str) -> int:
    """How many cells of a source (or "merged") have this outcome, on all tracks."""
    row = page.locator(".timeline .row", has=page.locator(f".label[title='{source}']"))
    return await row.locator(f".cell.{outcome}").count()


async def until(page: Page, source: str, outcome: str, count: int) -> None:
    deadline = time.monotonic() + LIMIT / 1000
    while await cells(page, source, outcome) < count:
        assert time.monotonic() < deadline, f"{source}: no {count} cells {outcome}"
        await asyncio.sleep(0.2)


async def holds(page: Page, expression: str, arg: object = None) -> None:
    """Wait until it is true. (`wait_for_function` needs eval, which the page forbids.)"""
    deadline = time.monotonic() + LIMIT / 1000
    while not await page.evaluate(expression, arg):
        assert time.monotonic() < deadline, expression
        await asyncio.sleep(0.2)


async def plays(page: Page) -> None:
    """The picture moves: more frames, a later time, some sound."""
    await holds(page, PLAYS)


async def test_the_page_follows_two_encoders_and_the_loss_of_one(
    chromium: Path, start_relay: Start, ffmpeg: str, tmp_path: Path
) -> None:
    relay = await asyncio.to_thread(
        start_relay, {"news": {"fragment_duration": "2"}, "spare": {"fragment_duration": "2"}}
    )
    start = next_start(2)
    programme = Programme(seconds=300, start=start)
    wait_until(start)
    url = f"{relay.url}/news.isml/Streams(main)?source="
    with (
        Encoder(ffmpeg, programme, f"{url}enc_a", tmp_path / "a.log"),
        Encoder(ffmpeg, programme, f"{url}enc_b", tmp_path / "b.log") as second,
    ):
        async with browsing(chromium, f"{relay.admin_url}/#news") as (page, complaints):
            assert page.url.endswith("/ui/#news")
            word = page.locator(".head .word")
            await holds(page, "document.title === 'news PROTECTED'")
            assert await word.inner_text() == "PROTECTED"
            assert await page.locator("#overview a").all_inner_texts() != []
            assert "spare" in (await page.locator("#overview a").all_inner_texts())[0]  # the worst
            await until(page, "merged", "whole", 8)
            outcomes = [
                await cells(page, source, outcome)
                for source in ("enc_a", "enc_b")
                for outcome in ("won", "duplicate")
            ]
            assert sum(outcomes) >= 14
            await plays(page)
            await page.get_by_role("button", name="DASH", exact=True).click()
            await plays(page)
            await page.get_by_role("button", name="HLS", exact=True).click()
            await asyncio.to_thread(second.kill)
            await holds(page, "document.title === 'news EXPOSED'")
            # First it may name the tracks: they do not expire at the same instant.
            await holds(page, "document.querySelector('.head .why').textContent.includes('enc_a')")
            await until(page, "enc_b", "silent", 4)
            await plays(page)
            codes = await page.locator(".events code").all_inner_texts()
            assert {"CHANNEL_EXPOSED", "SOURCE_LOST"} <= set(codes)
            assert await cells(page, "merged", "gap") == 0
            # A request that a destroyed player had under way is no complaint.
            assert [c for c in complaints if not c.startswith(f"failed: {relay.url}/")] == []


async def test_the_page_survives_the_relay(chromium: Path, start_relay: Start) -> None:
    relay = await asyncio.to_thread(start_relay, {"news": {}})
    async with browsing(chromium, f"{relay.admin_url}/") as (page, _complaints):
        said = page.locator("#connection")
        await said.get_by_text("connected", exact=True).wait_for()
        assert await page.locator(".notice").first.inner_text() != ""  # how to push
        relay.terminate()
        assert await asyncio.to_thread(relay.wait) == 0
        await said.get_by_text("does not answer").wait_for()
        await asyncio.to_thread(relay.start)
        await said.get_by_text("connected", exact=True).wait_for()
        assert await page.locator(".head .word").inner_text() == "DOWN"


def _nasty(name: str) -> dict[str, Any]:
    return {
        "protection": "EXPOSED",
        "copies": 1,
        "duration": 2000.0,
        "fragment_duration": "2",
        "learnt": False,
        "newest": 30,
        "begins": 60_000,
        "edge": 62_000,
        "lag": 0,
        "flags": {"LOCAL_TIMELINE": name, "STORE_DEGRADED": name},
        "tracks": {
            name: {
                "place": 0,
                "kind": "video",
                "codecs": name,
                "shape": name,
                "bandwidth": 1,
                "copies": 1,
                "gaps": 0,
                "segments": 0,
                "cells": {"30": "whole"},
            }
        },
        "sources": {
            name: {
                "last": 62_000,
                "alive": True,
                "state": "well",
                "words": name,
                "won": 1,
                "duplicate": 0,
                "late": 0,
                "suspect": 0,
                "differs": 0,
                "cells": {name: {"30": "won"}},
            }
        },
        "upstreams": {
            name: {
                "state": "retrying",
                "reason": f"no {name}",
                "seconds": 3,
                "again": 9**9,
                "lost": 1,
            }
        },
        "events": {"1": {"at": 1, "code": name, "text": name, "grave": True, "count": 1}},
    }


@pytest.mark.parametrize("name", NASTY)
async def test_a_name_is_text_wherever_it_stands(chromium: Path, name: str) -> None:
    board = {"playback": 0, "players": {}, "channels": {name: _nasty(name), "b": _nasty(name)}}
    watch = Watch(lambda: board, lambda: 62_000)
    feed = Route("/api/v1/events", Feed(watch), methods=["GET"])
    watch.open()
    async with serving(Starlette(routes=[*files.routes(lambda: 0), feed])) as (host, port):
        async with browsing(chromium, f"http://{host}:{port}/ui/") as (page, complaints):
            await page.locator("#overview a", has_text=name).click()
            await holds(page, "name => document.querySelector('h1').textContent === name", name)
            for place in (
                "h1",
                ".timeline h3",
                ".timeline .about",
                ".timeline .source .label",
                ".sources tbody th",
                ".sources tbody td",
                ".upstreams strong",
                ".upstreams .reason",
                ".events li span",
                ".events code",
                ".notice code",
            ):
                assert name in (await page.locator(place).first.text_content() or ""), place
            assert await page.locator(".notice", has_text="STORE DEGRADED").count() == 1
            assert (
                await page.evaluate(
                    "document.querySelectorAll('img, iframe, a[href^=javascript]').length"
                )
                == 0
            )
            assert await page.evaluate("document.querySelectorAll('script').length") == 1
            assert await page.evaluate("Object.prototype.protection") is None
        watch.close()
    assert complaints == []


UPSTREAMS = {
    State.STREAMING: ("", "● streaming", "It takes what there is."),
    State.CATCHING_UP: (
        "503 BUSY",
        "◐ catching up",
        "It takes what it has missed. Before: 503 BUSY.",
    ),
    State.CONNECTING: ("", "◌ connecting", "The channel is about to be sent."),
    State.PROBING: ("", "◌ probing", "It has been asked whether it takes the channel."),
    State.RETRYING: ("no connection", "↻ retrying", "No connection."),
    State.REFUSED: ("403 Forbidden", "✕ refused", "403 Forbidden."),
    State.PAUSED: ("backup of eu", "‖ paused", "Backup of eu."),
}
"""What is told of each, and what stands on its card."""


async def test_each_upstream_is_a_card_with_a_word_a_shape_and_a_sentence(chromium: Path) -> None:
    assert set(UPSTREAMS) == set(State)
    told = {
        str(state): asdict(Standing(state, reason, seconds=2.04, lost=7))
        for state, (reason, _, _) in UPSTREAMS.items()
    }
    told["retrying"]["again"] = 62_000 + 3_600_000
    channel = {**_nasty("video"), "upstreams": told}
    alone = {**_nasty("video"), "upstreams": {}}
    board = {"playback": 0, "players": {}, "channels": {"news": channel, "alone": alone}}
    watch = Watch(lambda: board, lambda: 62_000)
    feed = Route("/api/v1/events", Feed(watch), methods=["GET"])
    watch.open()
    async with serving(Starlette(routes=[*files.routes(lambda: 0), feed])) as (host, port):
        async with browsing(chromium, f"http://{host}:{port}/ui/#news") as (page, complaints):
            await holds(page, "document.title === 'news EXPOSED'")
            cards = page.locator(".upstreams li")
            assert await cards.count() == len(State)
            for state, (_, word, sentence) in UPSTREAMS.items():
                card = cards.filter(has=page.locator(f"strong[title='{state}']"))
                assert await card.locator(".state").inner_text() == word
                assert await card.locator(".reason").inner_text() == sentence
                backlog, again, lost = await card.locator("dd").all_inner_texts()
                assert (backlog, lost) == ("2.0 s", "7")
                seconds = again.removeprefix("in ").removesuffix(" s")
                assert 3_000 < int(seconds) <= 3_600 if state == "retrying" else again == "–"
            await page.goto(f"http://{host}:{port}/ui/#alone")
            await holds(page, "document.querySelector('.upstreams').hidden")
        watch.close()
    assert complaints == []

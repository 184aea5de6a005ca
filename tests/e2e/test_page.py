"""The operator's page in a real browser: live, playing, and safe from strangers' names."""

import asyncio
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from relay.uplink.attempt import State
from relay.uplink.standing import Standing
from tests.e2e.boards import LIMIT, browsing, channel, holds, shown, source
from tests.e2e.conftest import Start
from tests.e2e.encoder import Encoder, Programme, next_start, wait_until

pytestmark = pytest.mark.e2e

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


COUNT = """([key, outcome]) => [...document.querySelectorAll(".timeline .group canvas")]
  .flatMap(({ drawn }) => Object.values((drawn ?? {})[key] ?? {}))
  .filter((word) => word === outcome).length"""


async def cells(page: Page, source: str, outcome: str) -> int:
    """How many cells of a source (or "merged") have this outcome, on all tracks."""
    key = source if source == "merged" else f"source {source}"
    found: int = await page.evaluate(COUNT, [key, outcome])
    return found


async def until(page: Page, source: str, outcome: str, count: int) -> None:
    deadline = time.monotonic() + LIMIT / 1000
    while await cells(page, source, outcome) < count:
        assert time.monotonic() < deadline, f"{source}: no {count} cells {outcome}"
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
            await page.get_by_role("button", name="Smooth", exact=True).click()
            await plays(page)
            await page.get_by_role("button", name="HLS", exact=True).click()
            assert await page.locator(".head .state").inner_text() == "▶ ON AIR"
            await holds(page, "document.querySelectorAll('.plots canvas').length === 3")
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
    facts = channel(
        name,
        flags={"LOCAL_TIMELINE": name, "STORE_DEGRADED": name, name: name},
        sources={name: source(name, {30: "won"}, words=name, reason=name, left=1)},
        upstreams={
            name: asdict(Standing(State.RETRYING, f"no {name}", seconds=3, again=9**9, lost=1))
        },
        events={"1": {"at": 1, "code": name, "text": name, "grave": True, "count": 1}},
    )
    facts["tracks"][name] |= {"codecs": name, "shape": name}
    return facts


@pytest.mark.parametrize("name", NASTY)
async def test_a_name_is_text_wherever_it_stands(chromium: Path, name: str) -> None:
    channels = {name: _nasty(name), "b": _nasty(name)}
    async with shown(chromium, channels, plots=True) as (page, _):
        line = page.locator(".overview li a", has=page.locator("strong.name", has_text=name))
        assert name in (await line.locator(".name").text_content() or "")
        assert name in (await line.locator(".upstreams").text_content() or "")
        await line.click()
        await holds(page, "name => document.querySelector('h1').textContent === name", name)
        await holds(page, "document.querySelectorAll('.plots .u-label').length > 6")
        for place in (
            "h1",
            "#overview a .name",
            ".timeline h3",
            ".timeline .about",
            ".timeline .label.source",
            ".sources strong",
            ".sources .state",
            ".sources .reason",
            ".upstreams strong",
            ".upstreams .reason",
            ".events li span",
            ".events code",
            ".notice code",
        ):
            assert name in "\n".join(await page.locator(place).all_text_contents()), place
        labels = await page.locator(".plots .u-label").all_text_contents()
        assert f"{name} in" in labels
        await page.locator(".group canvas").first.focus()
        await page.keyboard.press("ArrowLeft")
        assert name in (await page.locator(".readout").text_content() or "")
        assert await page.locator(".notice", has_text="STORE DEGRADED").count() == 1
        assert (
            await page.evaluate(
                "document.querySelectorAll('img, iframe, a[href^=javascript]').length"
            )
            == 0
        )
        scripts = "[...document.scripts].map((script) => new URL(script.src).pathname)"
        assert [s for s in await page.evaluate(scripts) if "/vendor/" not in s] == ["/ui/app.js"]
        assert await page.evaluate("Object.prototype.protection") is None


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
    State.STANDBY: ("two:8080 sends to it", "○ standby", "Two:8080 sends to it."),
}
"""What is told of each, and what stands on its card."""


async def test_each_upstream_is_a_card_with_a_word_a_shape_and_a_sentence(chromium: Path) -> None:
    assert set(UPSTREAMS) == set(State)
    told = {
        str(state): asdict(Standing(state, reason, seconds=2.04, lost=7, retries=3, posts=5))
        for state, (reason, _, _) in UPSTREAMS.items()
    }
    told["retrying"]["again"] = 62_000 + 3_600_000
    channels = {"news": channel(upstreams=told), "alone": channel()}
    async with shown(chromium, channels, "#news") as (page, _):
        await holds(page, "document.title === 'news EXPOSED'")
        cards = page.locator(".upstreams li")
        assert await cards.count() == len(State)
        for state, (_, word, sentence) in UPSTREAMS.items():
            card = cards.filter(has=page.locator(f"strong[title='{state}']"))
            assert await card.locator(".state").inner_text() == word
            assert await card.locator(".reason").inner_text() == sentence
            backlog, out, posts, failed, again, lost = await card.locator("dd").all_inner_texts()
            assert (backlog, out, posts, failed, lost) == ("2.0 s", "–", "5", "3", "7")
            seconds = again.removeprefix("in ").removesuffix(" s")
            assert 3_000 < int(seconds) <= 3_600 if state == "retrying" else again == "–"
        await page.evaluate("location.hash = 'alone'")
        await holds(page, "document.title === 'alone EXPOSED'")
        await holds(page, "document.querySelector('.upstreams').hidden")

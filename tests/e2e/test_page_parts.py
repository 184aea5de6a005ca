"""The parts of the operator's page, each on a board that the test writes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from relay.diagnosis.tally import _OUTCOMES as OUTCOMES
from tests.e2e.boards import NEWEST, channel, holds, shown, source

pytestmark = pytest.mark.e2e

OF_SOURCES = [*OUTCOMES, "missing", "refused", "silent", "waiting"]
OF_RESULT = ["whole", "gap", "break"]
SHAPES = """() => {
  const shapes = {}, copied = document.createElement("canvas");
  const pen = copied.getContext("2d", { willReadFrequently: true });
  for (const canvas of document.querySelectorAll(".group canvas")) {
    const scale = window.devicePixelRatio, step = canvas.width / 30;
    Object.assign(copied, { width: canvas.width, height: canvas.height });
    pen.drawImage(canvas, 0, 0);
    Object.values(canvas.drawn).forEach((row, at) => {
      for (const [index, outcome] of Object.entries(row)) {
        const x = Math.round((Number(index) - 1) * step), y = Math.round((at * 21 + 2) * scale);
        const size = [Math.floor(step) - 2, 17 * scale], seen = [];
        const { data } = pen.getImageData(x, y, ...size);
        for (let p = 0; p < data.length; p += 4) {
          const [red, green, blue, solid] = data.slice(p, p + 4).map((tone) => tone >> 5);
          seen.push(solid < 4 ? "" : `${red},${green},${blue}`);
        }
        // Whatever the colours are: where they change is the shape.
        shapes[outcome] = seen.map((tone, p) => (p && tone !== seen[p - 1] ? "|" : ".")).join("");
      }
    });
  }
  return shapes;
}"""


def upstream(state: str) -> dict[str, Any]:
    return {"state": state, "reason": "", "seconds": 0, "again": 0, "lost": 0, "bitrate": 1}


async def test_the_overview_has_the_worst_first_and_keys_lead_through_it(chromium: Path) -> None:
    channels = {
        "a": channel(protection="PROTECTED", copies=2),
        "b": channel(protection="PROTECTED", copies=2, upstreams={"eu": upstream("refused")}),
        "c": channel(protection="DOWN", copies=0, state="STOPPED", sources={}),
        "d": channel(),
    }
    async with shown(chromium, channels) as (page, _):
        lines = page.locator(".overview li a")
        await holds(page, "document.querySelectorAll('.overview li').length === 4")
        told = [text.split() for text in await lines.all_inner_texts()]
        assert [words[0] for words in told] == ["c", "d", "b", "a"]
        words = await page.locator(".overview .protection").all_inner_texts()
        assert words == ["○○ DOWN", "●○ EXPOSED", "●● PROTECTED", "●● PROTECTED"]
        assert "■ STOPPED" in await lines.first.inner_text()
        assert "✕ eu" in await lines.nth(2).inner_text()
        assert await page.title() == "relay DOWN"
        channels["d"] |= {"protection": "PROTECTED", "copies": 2}
        await holds(page, "document.querySelector('.counts').textContent.includes('3 PROTECTED')")
        await page.keyboard.press("]")
        await holds(page, "document.title === 'a PROTECTED'")
        await page.keyboard.press("]")
        await holds(page, "document.querySelector('h1').textContent === 'b'")
        await page.keyboard.press("k")
        await holds(page, "document.querySelector('h1').textContent === 'a'")
        assert "DOWN" in (await page.locator("#overview a").all_inner_texts())[0]
        await page.keyboard.press("Escape")
        await holds(page, "document.title === 'relay DOWN'")
        await lines.first.focus()
        await page.keyboard.press("Enter")
        await holds(page, "document.title === 'c DOWN'")


async def test_every_outcome_has_a_shape_and_words_by_pointer_and_keys(chromium: Path) -> None:
    facts = channel(sources={})
    facts["tracks"]["video"]["cells"] = {
        str(index): word for index, word in enumerate(OF_RESULT, NEWEST - 2)
    }
    first = NEWEST - len(OF_SOURCES) + 1
    facts["sources"]["a"] = source("video", dict(enumerate(OF_SOURCES, first)))
    async with shown(chromium, {"news": facts}) as (page, _):
        await holds(page, "document.querySelector('.group canvas')?.drawn?.merged !== undefined")
        shapes: dict[str, str] = await page.evaluate(SHAPES)
        assert set(shapes) == {*OF_SOURCES, *OF_RESULT}
        for words in (OF_SOURCES, OF_RESULT):
            assert len({shapes[word] for word in words}) == len(words)
        assert all("|" in shapes[word] for word in shapes if word not in ("won", "whole"))
        canvas, said = page.locator(".group canvas"), page.locator(".readout")
        await canvas.focus()
        await page.keyboard.press("ArrowLeft")
        assert (await said.inner_text()).startswith("video  a  30  00:01:00  on its way")
        await page.keyboard.press("ArrowLeft")
        assert "29  00:00:58  silent" in await said.inner_text()
        await page.keyboard.press("ArrowDown")
        assert "video  merged  29  00:00:58  gap" in await said.inner_text()
        box = await canvas.bounding_box()
        assert box is not None
        await page.mouse.move(box["x"] + box["width"] - 4, box["y"] + 4)
        assert (await said.inner_text()).startswith("video  a  30")
        assert "1 refused" in (await canvas.get_attribute("aria-label") or "")
        before: str = await page.evaluate("document.querySelector('.group canvas').toDataURL()")
        await page.emulate_media(color_scheme="dark")
        changed = "was => document.querySelector('.group canvas').toDataURL() !== was"
        await holds(page, changed, before)
        assert await page.evaluate(SHAPES) is not None


async def test_events_are_sifted_by_words_and_by_weight(chromium: Path) -> None:
    def event(code: str, text: str, *, grave: bool) -> dict[str, Any]:
        return {"at": 1_000, "code": code, "text": text, "grave": grave, "count": 1}

    events = {
        "1": event("SOURCE_LOST", "a broke off", grave=True),
        "2": event("SOURCE_CONNECTED", "a connected", grave=False),
        "3": event("UPSTREAM_REFUSED", "eu: 403", grave=True),
    }
    facts = channel(events=events)
    async with shown(chromium, {"news": facts}) as (page, _):
        await holds(page, "document.querySelectorAll('.events li').length === 3")
        sift, visible = page.locator(".events input"), page.locator(".events li:visible code")
        assert (await visible.all_inner_texts())[0] == "UPSTREAM_REFUSED"
        await sift.fill("source a")
        assert await visible.all_inner_texts() == ["SOURCE_CONNECTED", "SOURCE_LOST"]
        await page.get_by_role("button", name="only grave").click()
        assert await visible.all_inner_texts() == ["SOURCE_LOST"]
        events["4"] = event("SOURCE_ENDED", "a ended", grave=False)
        await holds(page, "document.querySelectorAll('.events li').length === 4")
        assert await visible.all_inner_texts() == ["SOURCE_LOST"]
        await sift.fill("nothing like it")
        assert await page.locator(".events .rest").inner_text() == "None of 4 is like that."


class Desk:
    """A control API that keeps what it was asked for, and refuses what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.refuses = False
        self.alarm: dict[str, Any] = {
            "id": 7,
            "code": "OUT_OF_SYNC",
            "channel": "news",
            "subject": "a",
            "sentence": "a, video: comes 3 s after b",
            "measured": "-3000 ms",
            "configured": "within 1500 ms of the others",
            "since": 42_000,
            "until": 0,
            "acknowledged": False,
        }

    def routes(self) -> list[Any]:
        return [
            Route("/api/v1/alarms", self.alarms),
            Route("/api/v1/{path:path}", self.take, methods=["POST"]),
        ]

    async def alarms(self, _request: Request) -> JSONResponse:
        return JSONResponse([self.alarm, {**self.alarm, "id": 8, "channel": "other"}])

    async def take(self, request: Request) -> JSONResponse:
        assert request.headers["content-type"] == "application/json"
        self.asked.append((request.path_params["path"], await request.json()))
        if self.refuses:
            problem = {"detail": "It is paused by its file.", "hint": "Change the file."}
            return JSONResponse(problem, 409, media_type="application/problem+json")
        if request.path_params["path"].endswith("acknowledge"):
            self.alarm["acknowledged"], self.alarm["until"] = True, 61_000
        return JSONResponse({})

    async def until(self, count: int) -> list[tuple[str, Any]]:
        async with asyncio.timeout(40):
            while len(self.asked) < count:
                await asyncio.sleep(0.05)
        return self.asked[count - 1 :]


OFFERS = ("prefer", "disconnect", "pause", "resume", "restart", "alarms")


async def test_buttons_ask_the_relay_and_alarms_are_acknowledged(chromium: Path) -> None:
    desk, facts = Desk(), channel(upstreams={"eu west": upstream("streaming")})
    put = {"channels": {"news": facts}, "routes": desk.routes(), "offers": OFFERS}
    async with shown(chromium, **put) as (page, complaints):  # type: ignore[arg-type]
        base = "channels/news"
        await page.locator(".sources .deed button", has_text="prefer").click()
        assert await desk.until(1) == [(f"{base}/prefer", {"source": "a"})]
        facts["preferred"] = "a"
        await holds(page, "document.querySelector('.sources .reason').textContent !== ''")
        await page.locator(".sources .deed button", has_text="prefer").click()
        assert await desk.until(2) == [(f"{base}/prefer", {"source": None})]
        await page.locator(".upstreams .deed button", has_text="restart").click()
        assert await desk.until(3) == [(f"{base}/upstreams/eu west/restart", {})]
        # What would interrupt somebody asks once more.
        await page.locator(".sources .deed button", has_text="disconnect").click()
        await page.get_by_text("really disconnect?").click()
        assert await desk.until(4) == [(f"{base}/sources/a/disconnect", {})]
        await _acknowledges(page, desk)
        assert complaints == []
        desk.refuses = True
        await page.locator(".upstreams .deed button", has_text="resume").click()
        await page.get_by_text("It is paused by its file. Change the file.").wait_for()
        # Chromium writes an answer of 409 into the console by itself.
        complaints[:] = [c for c in complaints if "status of 409" not in c]


async def test_a_channel_that_was_stopped_can_be_started(chromium: Path) -> None:
    desk, clock = Desk(), {"by": "chrony", "offset": 250, "synchronised": True}
    given = {"stopped": ("late show",), "offers": ("start",), "clock": clock}
    async with shown(chromium, {"a": channel()}, routes=desk.routes(), **given) as (page, _):  # type: ignore[arg-type]
        await page.get_by_text("▲ clock: 250 ms off (chrony)", exact=True).wait_for()
        assert "■ STOPPED" in await page.locator(".resting li").inner_text()
        await page.get_by_role("button", name="start").click()
        assert await desk.until(1) == [("channels/late show/start", {})]


async def _acknowledges(page: Page, desk: Desk) -> None:
    alarm = page.locator(".alarms li")
    await alarm.wait_for()
    assert await alarm.count() == 1
    text = await alarm.inner_text()
    for part in ("OUT_OF_SYNC", "comes 3 s after b", "measured -3000 ms", "wanted within 1500 ms"):
        assert part in text
    await alarm.get_by_role("button").click()
    assert await desk.until(5) == [("alarms/7/acknowledge", {})]
    await alarm.wait_for(state="hidden")


async def test_what_is_not_offered_or_not_installed_is_not_pretended(chromium: Path) -> None:
    facts = channel(upstreams={"eu": upstream("streaming")})
    facts["tracks"]["video"]["segments"] = 9
    async with shown(chromium, {"news": facts}) as (page, _):
        await page.get_by_text("This player is not installed").wait_for()
        await page.get_by_text("The plots are not installed").wait_for()
        assert await page.locator(".deed").count() == 0
        assert await page.locator(".alarms").is_hidden()
        assert await page.locator("#try-it").is_hidden()

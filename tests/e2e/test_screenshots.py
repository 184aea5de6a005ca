"""The pictures of the page that the README shows, and their siblings: `make pictures`.

The channel page is that of the demo while encoder A is stopped and US stands still; the overview
is that of a relay with a channel in each state. Both at two sizes, dark and light, into
`build/screenshots`. What can be checked: the words stand there, nothing is wider than the screen.
Whether a person can read it, a person has to say.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from tests.e2e.conftest import Start
from tests.e2e.demo_process import DemoProcess, clip_in
from tests.e2e.players import ARGUMENTS, CHROMIUM
from tests.e2e.pushing import Push

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(300)]

FOLDER = Path("build/screenshots")
SIZES = {"wide": (1280, 800), "phone": (390, 844)}
SCHEMES = ("dark", "light")
LIMIT = 60.0
DRAWN = 1.5
"""Seconds in which a page of another size or scheme has drawn itself again."""
FILLED = 45
"""Seconds after which the timeline is full enough to look at."""


@asynccontextmanager
async def looking(url: str) -> AsyncIterator[Page]:
    """The page, in a browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            await page.goto(url)
            yield page
        finally:
            await browser.close()


async def _until(page: Page, *words: str) -> None:
    """Wait until all of these stand on the page, or in its title."""
    deadline = time.monotonic() + LIMIT
    while True:
        said = await page.title() + await page.inner_text("body")
        if all(word in said for word in words):
            return
        assert time.monotonic() < deadline, f"not {words}: {said}"
        await asyncio.sleep(0.2)


async def _taken(kind: str, page: Page) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            await asyncio.sleep(DRAWN)
            name = FOLDER / f"{kind}-{size}-{scheme}"
            await page.screenshot(path=f"{name}.png")
            await page.screenshot(path=f"{name}-whole.png", full_page=True)
        across = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert across <= 0, f"{kind} {size}: {across} px wider than the screen"


async def test_the_channel_page(
    chromium: Path, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    cache = clip_in(tmp_path_factory.mktemp("cache"))
    with DemoProcess(cache, tmp_path) as demo:
        await asyncio.to_thread(demo.until, demo.playable)
        async with looking(f"{demo.page}#news") as page:
            await _until(page, "news PROTECTED")
            await asyncio.sleep(FILLED)
            for label in ("Stop encoder A", "Stall US"):
                await page.get_by_role("button", name=label, exact=True).click()
            await _until(page, "news EXPOSED", "retrying")
            await _taken("channel", page)


async def test_the_overview(chromium: Path, start_relay: Start, loop: Path, tmp_path: Path) -> None:
    sure = {"fragment_duration": "1.92"}
    relay = await asyncio.to_thread(
        start_relay, {"culture": sure, "news": sure, "regional": sure, "sport": sure}
    )
    with ExitStack() as stack:
        for channel, source in (
            *(("news", "enc_a"), ("news", "enc_b"), ("sport", "enc_a"), ("sport", "enc_b")),
            ("regional", "enc_a"),
        ):
            point = f"{relay.url}/{channel}.isml/Streams(main)"
            push = stack.enter_context(Push(loop, point, source, tmp_path))
            push.start()
        async with looking(f"{relay.admin_url}/ui/") as page:
            await _until(page, "PROTECTED", "EXPOSED", "DOWN")
            await asyncio.sleep(8)
            await _taken("overview", page)

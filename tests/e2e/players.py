"""Real players in a real browser: hls.js, dash.js, shaka-player, and the browser itself for HLS.

"mss" is dash.js with its module for Smooth, the one player of Smooth that there is.

One browser at a time; its pages may play side by side. What a page does is in `playing`.
"""

import asyncio
import functools
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.e2e.playing import Kind, Playing, Report

CHROMIUM = Path("/usr/bin/chromium")
HERE = Path(__file__).parent
PLAYERS = (
    HERE / "node_modules/hls.js/dist/hls.min.js",
    HERE / "node_modules/dashjs/dist/modern/umd/dash.all.min.js",
    HERE / "node_modules/dashjs/dist/modern/umd/dash.mss.min.js",
    HERE / "node_modules/shaka-player/dist/shaka-player.compiled.js",
)
DOCUMENTS: dict[Kind, str] = {
    "hls": "master.m3u8",
    "dash": "manifest.mpd",
    "mss": "Manifest",
    "shaka": "manifest.mpd",
    "native": "master.m3u8",
}
"""What each player is given of a channel."""
ARGUMENTS = [
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@functools.cache
def missing() -> str:
    """Why there can be no browser test here; "" when there can."""
    if not CHROMIUM.exists():
        return f"no {CHROMIUM} (`make browser` installs it, as root on Debian)"
    driver = subprocess.run(
        [sys.executable, "-m", "playwright", "--version"], capture_output=True, check=False
    )
    if driver.returncode:
        return "playwright cannot run its node (`make browser` installs libatomic1)"
    absent = [path.name for path in PLAYERS if not path.exists()]
    return f"no {' and '.join(absent)} (`make players` fetches them)" if absent else ""


class _Static(SimpleHTTPRequestHandler):
    """Files for any origin, and not a word on the terminal."""

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def static(folder: Path) -> Iterator[str]:
    """A folder over HTTP; the URL of its root, without a slash."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Static, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@asynccontextmanager
async def browser() -> AsyncIterator["Players"]:
    """One browser with the page that plays; both are gone at the end."""
    with static(HERE) as root:
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(
                executable_path=str(CHROMIUM), headless=True, args=ARGUMENTS
            )
            try:
                yield Players(chromium, f"{root}/player.html")
            finally:
                await chromium.close()


class Players:
    """A browser. `play` is for one; `open` for several at once."""

    def __init__(self, chromium: Browser, page: str) -> None:
        self._browser = chromium
        self._page = page

    async def page(self) -> Page:
        """An empty page."""
        return await self._browser.new_page()

    async def open(self, kind: Kind, url: str, *, patient: bool = False) -> Playing:
        """Play an absolute URL in a page of its own; returns as soon as it moves. See `Playing`.

        TimeoutError, with the errors so far, when it does not move at all.
        """
        playing = Playing(await self.page())
        await playing.start(self._page, kind, url, patient=patient)
        await playing.moving()
        return playing

    async def play(self, kind: Kind, url: str, seconds: float) -> Report:
        """Play an absolute URL for `seconds` from the moment that it moves, and report."""
        playing = await self.open(kind, url)
        await asyncio.sleep(seconds)
        found = await playing.report()
        await playing.page.close()
        return found

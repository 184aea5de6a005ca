"""Real players in a real browser: hls.js and dash.js in Debian's chromium, headless.

"The clock advances" is too weak: players hide holes, and most hide broken media. So `play` brings
back a `Report` of everything that can be held against the server: every error of the player, the
page, the console and the network, what is buffered, what was decoded, and all appended bytes, from
which a test learns which segments were played.
"""

import asyncio
import base64
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, ConsoleMessage, Page, Response, async_playwright

CHROMIUM = Path("/usr/bin/chromium")
HERE = Path(__file__).parent
PLAYERS = (
    HERE / "node_modules/hls.js/dist/hls.min.js",
    HERE / "node_modules/dashjs/dist/modern/umd/dash.all.min.js",
)
ARGUMENTS = [
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_LIMIT = 25.0


@dataclass(frozen=True, slots=True)
class Report:
    """What one play brought to light.

    errors      one line each, fatal or not; empty is good
    buffered    per media type ("video", "audio"): the ranges, in seconds of the media element
    appended    per media type: every byte that went into its SourceBuffer, init segments included
    advance     seconds that currentTime rose in the measured span, `span` seconds of wall time
    frames      video frames decoded in the span, `dropped` of them not shown
    audio       audio bytes decoded in the span; `video` likewise
    waits       how often it ran dry in the span
    """

    errors: tuple[str, ...]
    buffered: dict[str, list[tuple[float, float]]]
    appended: dict[str, bytes]
    advance: float
    span: float
    frames: int
    dropped: int
    audio: int
    video: int
    waits: int


def missing() -> str:
    """Why there can be no browser test here; "" when there can."""
    if not CHROMIUM.exists():
        return f"no {CHROMIUM} (`make browser` installs it, as root on Debian)"
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
    def __init__(self, chromium: Browser, page: str) -> None:
        self._browser = chromium
        self._page = page

    async def play(self, kind: Literal["hls", "dash"], url: str, seconds: float) -> Report:
        """Play an absolute URL for `seconds` from the moment that it moves, and report.

        TimeoutError, with the errors so far, when it does not move at all.
        """
        outside: list[str] = []
        page = await self._browser.new_page()
        page.on("console", functools.partial(_on_console, outside))
        page.on("pageerror", lambda error: outside.append(f"uncaught: {error}"))
        page.on("response", functools.partial(_on_response, outside))
        try:
            await page.goto(self._page)
            await page.evaluate("([kind, url]) => start(kind, url)", [kind, url])
            first = await self._moving(page, outside)
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await asyncio.sleep(seconds)
            last: dict[str, Any] = await page.evaluate("progress()")
            span = loop.time() - begun
            found: dict[str, Any] = await page.evaluate("evidence()")
        finally:
            await page.close()
        return _report(first, last, span, found, outside)

    async def _moving(self, page: Page, outside: list[str]) -> dict[str, Any]:
        deadline = asyncio.get_running_loop().time() + START_LIMIT
        seen: dict[str, Any] = await page.evaluate("progress()")
        while True:
            await asyncio.sleep(0.1)
            now: dict[str, Any] = await page.evaluate("progress()")
            # Two steps in a row, a few frames in: not the jump to the live edge.
            if seen["time"] < now["time"] < seen["time"] + 1 and now["frames"] > 5:
                return now
            seen = now
            if asyncio.get_running_loop().time() > deadline:
                found = await page.evaluate("evidence()")
                raise TimeoutError(f"nothing plays: {now} {found['errors']} {outside}")


def _on_console(outside: list[str], message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        outside.append(f"console {message.type}: {message.text}")


def _on_response(outside: list[str], response: Response) -> None:
    if response.status >= 400:
        outside.append(f"HTTP {response.status}: {response.url}")


def _report(
    first: dict[str, Any],
    last: dict[str, Any],
    span: float,
    found: dict[str, Any],
    outside: list[str],
) -> Report:
    buffered: dict[str, list[tuple[float, float]]] = {}
    appended: dict[str, bytes] = {}
    for one in found["buffers"]:
        buffered.setdefault(one["kind"], []).extend((a, b) for a, b in one["ranges"])
        appended[one["kind"]] = appended.get(one["kind"], b"") + base64.b64decode(one["appended"])
    return Report(
        errors=(*found["errors"], *outside),
        buffered=buffered,
        appended=appended,
        advance=last["time"] - first["time"],
        span=span,
        frames=last["frames"] - first["frames"],
        dropped=last["dropped"] - first["dropped"],
        audio=last["audio"] - first["audio"],
        video=last["video"] - first["video"],
        waits=last["waits"] - first["waits"],
    )

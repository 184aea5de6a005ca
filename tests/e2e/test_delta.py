"""Players of HLS in a long window: they refresh by delta updates, in gzip, and play as before."""

import asyncio
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.e2e import players, served, strict
from tests.e2e.conftest import Start
from tests.e2e.playing import Kind, Report
from tests.e2e.pushing import Push

pytestmark = [pytest.mark.e2e, pytest.mark.long]

KINDS: tuple[Kind, ...] = ("hls", "shaka", "native")
WINDOW = 600
SECONDS = 12
KEPT = 7
"""Segments of 1.92 s that a delta lists, of 12 s."""


@pytest.fixture(scope="module")
def point(
    start_relay: Start, loop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A channel that has more segments than a delta lists."""
    relay = start_relay({"news": {"fragment_duration": "1.92", "dvr_window": WINDOW}})
    point = f"{relay.url}/news.isml"
    with Push(loop, point, "enc_a", tmp_path_factory.mktemp("push")) as push:
        push.start()
        asyncio.run(served.filled(point, KEPT + 1, 60))
        yield point


@pytest.fixture(scope="module")
def reports(chromium: Path, point: str) -> dict[Kind, Report]:
    async def play() -> dict[Kind, Report]:
        async with players.browser() as browser:
            plays = [browser.play(kind, f"{point}/master.m3u8", SECONDS) for kind in KINDS]
            return dict(zip(KINDS, await asyncio.gather(*plays), strict=True))

    return asyncio.run(play())


@pytest.mark.parametrize("kind", KINDS)
def test_it_plays_without_a_hole(reports: dict[Kind, Report], kind: Kind) -> None:
    report = reports[kind]
    assert report.errors == ()
    assert report.advance > 0.7 * report.span
    assert report.frames > 0
    assert report.audio > 0
    for media, ranges in report.buffered.items():
        assert len(ranges) == 1, media


@pytest.mark.parametrize("kind", ["hls", "shaka"])
def test_it_refreshes_by_deltas(reports: dict[Kind, Report], kind: Kind) -> None:
    asked = [url for url in reports[kind].fetched if "index.m3u8" in url]
    deltas = [url for url in asked if url.endswith("_HLS_skip=YES")]
    assert len(deltas) >= 4
    assert len(asked) - len(deltas) <= 2 * len({url.partition("?")[0] for url in asked})


def test_what_is_served_is_sound(point: str) -> None:
    if strict.missing():
        pytest.skip(strict.missing())
    texts = served.playlists(f"{point}/master.m3u8")
    texts[f"{point}/master.m3u8"] = texts.pop("")
    assert "#EXT-X-START:TIME-OFFSET=-6.0" in texts[f"{point}/master.m3u8"]
    for url in [url for url in texts if url.endswith("index.m3u8")]:
        texts[f"{url}?_HLS_skip=YES"] = served.fetch(f"{url}?_HLS_skip=YES").decode()
    deltas = [text for url, text in texts.items() if "_HLS_skip" in url]
    assert deltas
    assert all(text.count(".m4s\n") == KEPT for text in deltas)
    assert all(re.search(r"#EXT-X-SKIP:SKIPPED-SEGMENTS=\d+\n", text) for text in deltas)
    assert strict.complaints(texts) == {}


def test_a_client_that_accepts_it_is_sent_gzip(point: str) -> None:
    url = next(url for url in served.playlists(f"{point}/master.m3u8") if "index.m3u8" in url)
    with urlopen(Request(url, headers={"Accept-Encoding": "gzip"}), timeout=10) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Vary"].lower() == "accept-encoding"
        text = zlib.decompress(answer.read(), wbits=31).decode()
    assert text.startswith("#EXTM3U\n")
    assert text.endswith(".m4s\n")

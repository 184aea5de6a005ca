"""The shortest command of the README, without its option: ffmpeg that counts from 0.

The relay does not know the fragment duration and learns it; the first fragment's arrival anchors
the times. It works, and the page says what is wrong with it and which option mends it. Then ffmpeg
is killed and begins at 0 again: a new run begins, players go on, and log and page say what happened
and, once more, which option mends it.
"""

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import players, served
from tests.e2e.conftest import Start
from tests.e2e.oracle import holes
from tests.e2e.playing import Kind, Playing, Report
from tests.e2e.relay_process import RelayProcess
from tests.e2e.watching import Seen, Watched
from tests.encoder.clips import Shape, make

pytestmark = pytest.mark.e2e

CLIP = Shape("in.mp4", Fraction(25), 25, 48000, cells=60, options=("-f", "mp4"))
"""A minute with a key frame each second, and so fragments of a second."""
KINDS: tuple[Kind, ...] = ("hls", "dash", "shaka", "native")
BEFORE, AFTER = 5, 6
"""Seconds that are watched before the restart, and fragments behind it that are fetched."""
LIMIT = 30
LONGEST = 8
SEAM = 1.25
"""Seconds that may be missing where the runs meet: ffmpeg dies in the middle of a fragment."""
SKIPS = 1
"""Segments that the browser's own player leaves out behind a break when it is starved."""
OPTION = "-output_ts_offset $(date +%s)"
SOURCE = "127.0.0.1-a"
HARMLESS = re.compile(
    r"hls\.js: non-fatal mediaError (bufferStalledError|bufferSeekOverHole) "
    r"|console warning: .*\[GapController\] Jumping gap "
)
"""What the seam makes a player say."""


@dataclass(frozen=True, slots=True)
class Story:
    """What was seen before ffmpeg began anew, and what was told, seen and played after."""

    first: Seen
    again: Seen
    complaints: list[str]
    reports: Mapping[Kind, Report]
    tracks: Mapping[str, served.Served]
    lines: list[dict[str, Any]]

    @property
    def told(self) -> dict[str, Any]:
        """The line of the log that tells of the new run."""
        (line,) = (line for line in self.lines if line.get("code") == "TIMELINE_RUN")
        return line


@contextmanager
def pushing(ffmpeg: str, clip: Path, url: str) -> Iterator[None]:
    """The README's command; at the end it is killed."""
    command = [ffmpeg, "-nostdin", "-v", "error", "-re", "-i", str(clip), "-c", "copy"]
    command += ["-f", "ismv", "-movflags", "isml+frag_keyframe", url]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.kill()
        child.wait()


@pytest.fixture(scope="module")
def story(
    chromium: Path, start_relay: Start, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    relay = start_relay({"news": {}})
    clip = make(CLIP, tmp_path_factory.mktemp("naive"))
    return asyncio.run(_tell(relay, ffmpeg, clip))


async def _tell(relay: RelayProcess, ffmpeg: str, clip: Path) -> Story:
    point = f"{relay.url}/news.isml"
    async with players.browser() as browser:
        page = Watched(await browser.page())
        await page.open(relay.admin_url)
        with pushing(ffmpeg, clip, f"{point}/Streams(enc_a)"):
            await served.filled(point, 4)
            playing = await asyncio.gather(
                *(browser.open(kind, f"{point}/{players.DOCUMENTS[kind]}") for kind in KINDS)
            )
            await asyncio.sleep(BEFORE)
            first = await page.look()
        with pushing(ffmpeg, clip, f"{point}/Streams(enc_a)"):
            again = await page.until("told", _is_told, LIMIT)
            last = asyncio.get_running_loop().time() + LIMIT
            await asyncio.gather(*(_past(one, first.newest + AFTER, last) for one in playing))
            reports = await asyncio.gather(*(one.report() for one in playing))
            tracks = await asyncio.to_thread(served.channel, relay.url, "news")
    lines = [json.loads(line) for line in relay.text().splitlines()]
    found = dict(zip(KINDS, reports, strict=True))
    return Story(first, again, page.errors, found, tracks, lines)


def _is_told(seen: Seen) -> bool:
    return "TIMELINE_RUN" in [code for code, _ in seen.events] and "break" in {
        word for cells in seen.outcomes("merged").values() for word in cells.values()
    }


async def _past(playing: Playing, index: int, last: float) -> None:
    """Wait until it has fetched so much; not for ever, since the report tells more."""
    while asyncio.get_running_loop().time() < last:
        if all(max(numbers, default=0) > index for numbers in _fetched(playing.fetched).values()):
            return
        await asyncio.sleep(0.2)


def _fetched(urls: list[str] | tuple[str, ...]) -> dict[str, set[int]]:
    """The numbers of the segments, by kind of media."""
    found: dict[str, set[int]] = {"video": set(), "audio": set()}
    for url in urls:
        if url.endswith(".m4s"):
            track, name = url.split("/")[-2:]
            found[track.partition("_")[0]].add(int(name.removesuffix(".m4s")))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_players_go_on_behind_the_restart(story: Story, kind: Kind) -> None:
    report = story.reports[kind]
    assert [error for error in report.errors if not HARMLESS.match(error)] == []
    assert report.stall < LONGEST
    assert report.advance > report.span - LONGEST
    assert report.audio > 0
    ranges = report.element
    start, skips = story.told["start"], SKIPS if kind == "native" else 0
    for numbers in _fetched(report.fetched).values():
        # The browser may try the oldest before it begins; what it has buffered, it has fetched.
        first = max(numbers) - int(ranges[-1][1] - ranges[0][0]) + 1
        missing = holes([first, *(n for n in numbers if n >= first)])
        assert set(missing) <= set(range(start - 1, start + skips))
        assert first < start < max(numbers) - 2
    assert sum(begin - end for (_, end), (begin, _) in pairwise(ranges)) < SEAM + skips
    assert ranges[-1][1] - ranges[0][0] > report.span - LONGEST


def test_numbers_go_on_and_the_break_is_marked(story: Story) -> None:
    assert len(story.tracks) == 2
    start = story.told["start"]
    for track in story.tracks.values():
        assert track.indexes == list(range(track.sequence, track.indexes[-1] + 1))
        assert track.indexes[-1] > start
        assert not track.gaps
        *before, after = track.playlist.split("#EXT-X-DISCONTINUITY\n")
        assert f"\n{start}.m4s\n" in after
        # Perhaps the kill has cost one of the tracks a fragment; then its list begins anew.
        assert f"\n{start - 1}.m4s\n" in before[0] if before else track.sequence == start
        dates = re.findall(r"DATE-TIME:(\S+)", track.playlist)
        assert dates == sorted(dates)


def test_the_page_calls_the_timeline_local(story: Story) -> None:
    (notice,) = story.first.notices
    assert notice.startswith("LOCAL TIMELINE")
    assert OPTION in notice
    assert story.first.sources[SOURCE].endswith("delivering")
    assert "TIMELINE_RUN" not in [code for code, _ in story.first.events]
    assert story.complaints == []


def test_the_restart_is_explained_on_the_page(story: Story) -> None:
    (text,) = {text for code, text in story.again.events if code == "TIMELINE_RUN"}
    assert "an encoder's clock was restarted" in text
    assert OPTION in text
    for cells in story.again.outcomes("merged").values():
        assert [n for n, word in cells.items() if word == "break"] == [story.told["start"]]


def test_the_restart_is_explained_in_the_log(story: Story) -> None:
    assert (story.told["level"], story.told["channel"]) == ("warning", "news")
    assert "an encoder's clock was restarted" in story.told["event"]
    assert OPTION in story.told["event"]

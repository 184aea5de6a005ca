"""Smooth Streaming in dash.js with its MSS module: live, over a hole, and over a kill of the relay.

It loads the manifest once; what comes later it learns from the fragments themselves (tfrf). At 10
MHz the ticks since 1970 are beyond its integers: what it makes of them may be off by four, which is
less than half a microsecond, and must not make it ask for what is not there.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from tests.e2e import boxes, players, served
from tests.e2e.conftest import Start
from tests.e2e.oracle import Oracle, holes
from tests.e2e.playing import Playing, Report
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.encoder.clips import ISML, Shape, make

pytestmark = pytest.mark.e2e

D = Fraction("0.96")
FPS = 25
BEFORE, LOST = 12, 2
SHORT = Shape("short.ismv", Fraction(FPS), 24, 48000, cells=25, options=ISML, rates=(100,))
"""24 s in fragments of 0.96 s: 24 pictures, 45 AAC frames; so the story is told sooner."""
DROPPED = f"drop={BEFORE + 1}-{BEFORE + LOST}"
LIMIT = 45
LONGEST = 15
"""Seconds that it may take to find out that it has to jump, or that the relay is back."""
ROUNDED = 4
"""Ticks by which a time may be off in JavaScript."""
HARMLESS = re.compile(
    r"console warning: .*\[GapController\] Jumping gap "
    r"|console error: Failed to load resource: net::ERR_(CONNECTION_|EMPTY_RESPONSE|INCOMPLETE_)"
    r"|HTTP 412: .*Fragments\(|console error: .* status of 412 "
)
"""What the hole and the outage themselves make it say. 412: not yet, when the encoder is late."""


@dataclass(frozen=True, slots=True)
class Story:
    """`reports`: when it had played on behind the hole, and when it had behind the outage."""

    reports: tuple[Report, Report]
    oracle: Oracle
    first: int

    @property
    def dropped(self) -> list[int]:
        """The indexes that nobody sent."""
        return list(range(self.first + BEFORE, self.first + BEFORE + LOST))


@pytest.fixture(scope="module")
def story(chromium: Path, start_relay: Start, tmp_path_factory: pytest.TempPathFactory) -> Story:
    relay = start_relay({"news": {"fragment_duration": "0.96", "patience": 0.5}})
    loop = make(SHORT, tmp_path_factory.mktemp("short"))
    url = f"{relay.url}/news.isml/Streams(main)"
    with Push(loop, url, "enc_a", tmp_path_factory.mktemp("smooth")) as push:
        push.start("--duration", "0.96", "--fault", DROPPED)
        return asyncio.run(_tell(relay, Oracle(loop, D)))


async def _tell(relay: RelayProcess, oracle: Oracle) -> Story:
    point = f"{relay.url}/news.isml"
    await served.filled(point, 8)
    tracks = await asyncio.to_thread(served.channel, relay.url, "news")
    first = min(track.sequence for track in tracks.values())
    async with players.browser() as browser:
        playing = await browser.open("mss", f"{point}/{players.DOCUMENTS['mss']}", patient=True)
        await _past(playing, first + BEFORE + LOST + 2)
        over_the_hole = await playing.report()
        relay.kill()
        said = len(playing.errors)
        async with asyncio.timeout(LIMIT):
            while len(playing.errors) == said:
                await asyncio.sleep(0.1)
        newest = max(_asked(playing.fetched))
        await asyncio.to_thread(relay.start)
        await _past(playing, newest + 4)
        return Story((over_the_hole, await playing.report()), oracle, first)


async def _past(playing: Playing, index: int) -> None:
    """Wait until it plays what lies behind an index; not for ever, since the report tells more."""
    last = asyncio.get_running_loop().time() + LIMIT
    while asyncio.get_running_loop().time() < last:
        now = await playing.progress()
        if now["time"] > float((index + 1) * D):
            return
        await asyncio.sleep(0.2)


def _asked(urls: Sequence[str]) -> set[int]:
    """The indexes of the fragments that were fetched, from the times in their URLs."""
    times = (re.search(r"/Fragments\([^=]*=(\d+)\)$", url) for url in urls)
    return {int(Fraction(int(t[1]), 10**7) / D + Fraction(1, 2)) for t in times if t}


def _index(story: Story, media: str, fragment: boxes.Moof) -> int:
    """The index of what was appended: its samples are those that were sent, its time nearly so."""
    for sent in story.oracle.tracks.values():
        if sent.key.kind.value == media:
            index = (Fraction(fragment.time, 10**7) + D / 2) // D
            (made,) = story.oracle.made(sent, index)
            if (made.media, made.sizes) == (fragment.media, fragment.sizes):
                assert abs(made.time - fragment.time) <= ROUNDED
                return index
    raise AssertionError(f"never sent: {media} {fragment.time} {fragment.samples} samples")


@pytest.mark.parametrize("after", ["the hole", "the outage"])
def test_it_plays_on(story: Story, after: str) -> None:
    report = story.reports[after == "the outage"]
    assert [error for error in report.errors if not HARMLESS.match(error)] == []
    assert report.audio > 0
    assert report.frames > FPS * D * 4
    assert report.stall < LONGEST


@pytest.mark.parametrize("after", ["the hole", "the outage"])
def test_what_it_appends_is_what_was_sent(story: Story, after: str) -> None:
    report = story.reports[after == "the outage"]
    assert set(report.appended) == set(report.buffered) == {"video", "audio"}
    for media, data in report.appended.items():
        fragments = [f for f in boxes.fragments(data) if f.samples]
        assert holes([_index(story, media, f) for f in fragments]) == story.dropped
    assert max(_asked(report.fetched)) > story.dropped[-1] + 2

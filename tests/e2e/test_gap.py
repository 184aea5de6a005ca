"""Two fragments that no encoder sends: players are told, and go on behind the hole.

In HLS the numbers stay and carry EXT-X-GAP. In DASH the timeline keeps the entry and the origin
answers with an empty fragment (packagers.dash): a 404 would end dash.js for good. Jumping over the
hole is all that a player may do about it: what it has buffered are the two pieces beside the hole.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from tests.e2e import boxes, players, served
from tests.e2e.conftest import Start
from tests.e2e.oracle import Oracle, holes
from tests.e2e.playing import Kind, Playing, Report
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.e2e.served import Served

pytestmark = pytest.mark.e2e

D = Fraction("1.92")
FPS = 25
KINDS: tuple[Kind, ...] = ("hls", "dash", "shaka", "native")
BEFORE, LOST = 7, 2
DROPPED = f"drop={BEFORE + 1}-{BEFORE + LOST}"
BEHIND = 3
"""Fragments that are played behind the hole."""
LIMIT = 45
LONGEST = 15
"""Seconds that a player may take to find out that it has to jump."""
HARMLESS = re.compile(
    r"hls\.js: non-fatal mediaError (fragGap|bufferStalledError|bufferSeekOverHole) "
    r"|hls\.js: non-fatal networkError aborted "
    r"|console warning: .*\[GapController\] Jumping gap "
)
"""What the hole itself makes a player say."""


@dataclass(frozen=True, slots=True)
class Story:
    """What four players made of it, and what was served."""

    reports: Mapping[Kind, Report]
    tracks: Mapping[str, Served]
    oracle: Oracle

    @property
    def dropped(self) -> list[int]:
        """The indexes that nobody sent: the encoder counts from its first, which is the oldest."""
        first = min(track.sequence for track in self.tracks.values()) + BEFORE
        return list(range(first, first + LOST))


@pytest.fixture(scope="module")
def story(
    chromium: Path, start_relay: Start, loop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    relay = start_relay({"news": {"fragment_duration": "1.92", "patience": 0.5}})
    url = f"{relay.url}/news.isml/Streams(main)"
    with Push(loop, url, "enc_a", tmp_path_factory.mktemp("gap")) as push:
        push.start("--fault", DROPPED)
        return asyncio.run(_tell(relay, Oracle(loop, D)))


async def _tell(relay: RelayProcess, oracle: Oracle) -> Story:
    point = f"{relay.url}/news.isml"
    await served.filled(point, 4)
    async with players.browser() as browser:
        playing = await asyncio.gather(
            *(browser.open(kind, f"{point}/{players.DOCUMENTS[kind]}") for kind in KINDS)
        )
        oldest = (await asyncio.to_thread(served.channel, relay.url, "news")).values()
        enough = max(track.sequence for track in oldest) + BEFORE + LOST + BEHIND + 2
        last = asyncio.get_running_loop().time() + LIMIT
        await asyncio.gather(*(_past(one, enough, last) for one in playing))
        reports = await asyncio.gather(*(one.report() for one in playing))
        tracks = await asyncio.to_thread(served.channel, relay.url, "news")
    return Story(dict(zip(KINDS, reports, strict=True)), tracks, oracle)


async def _past(playing: Playing, enough: int, last: float) -> None:
    """Wait until it plays behind the hole; not for ever, since the report tells more."""
    while asyncio.get_running_loop().time() < last:
        now = await playing.progress()
        if len(now["ranges"]) > 1 and now["time"] > now["ranges"][-1][0] + BEHIND * D:
            return
        # The browser's own player shows one range whatever is missing.
        if not now["pieces"] and max(_fetched(playing.fetched), default=0) >= enough:
            return
        await asyncio.sleep(0.2)


def _fetched(urls: Sequence[str]) -> set[int]:
    """The numbers of the segments."""
    return {int(url.split("/")[-1][:-4]) for url in urls if url.endswith(".m4s")}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def test_it_goes_on_behind_the_hole(story: Story, kind: Kind) -> None:
    report = story.reports[kind]
    assert [error for error in report.errors if not HARMLESS.match(error)] == []
    assert report.stall < LONGEST
    assert report.audio > 0
    fetched = _fetched(report.fetched)
    assert min(fetched) < story.dropped[0]
    assert max(fetched) > story.dropped[-1] + BEHIND
    # It has shown what lay before, from when it was open, and BEHIND fragments of what lies after.
    assert report.frames > FPS * D * (BEHIND + 2)


@pytest.mark.parametrize("kind", ["hls", "dash", "shaka"], indirect=True)
def test_the_hole_is_all_that_is_missing(story: Story, kind: Kind) -> None:
    report = story.reports[kind]
    assert set(report.appended) == set(report.buffered) == {"video", "audio"}
    assert report.seeks == 1
    for media, data in report.appended.items():
        fragments = [f for f in boxes.fragments(data) if f.samples]
        assert holes([story.oracle.place(media, f)[0] for f in fragments]) == story.dropped
        (_, begin), (end, _) = report.buffered[media]
        assert end - begin == pytest.approx(float(LOST * D), abs=1 / FPS)


def test_the_playlists_say_where_nothing_is(story: Story) -> None:
    assert len(story.tracks) == 3
    for track in story.tracks.values():
        assert sorted(track.gaps) == story.dropped
        assert track.indexes == list(range(track.sequence, track.sequence + len(track.indexes)))
        assert track.playlist.count("#EXT-X-GAP") == LOST

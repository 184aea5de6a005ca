"""An encoder is killed and comes back with another picture size: players play on.

Playlists get a second init segment behind one discontinuity, the same in audio and video; the MPD a
second Period. Numbers, dates and URLs go on; what nobody sent between the two lives is a hole.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import m3u8
import pytest

from tests.e2e import players, served
from tests.e2e.conftest import LOOP, Start
from tests.e2e.playing import Kind, Playing, Report
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.e2e.served import Served
from tests.encoder.clips import make

pytestmark = [pytest.mark.e2e, pytest.mark.fault("F11")]

KINDS: tuple[Kind, ...] = ("hls", "dash", "shaka", "native")
BEHIND = 3
LIMIT = 60
HARMLESS = re.compile(
    r"hls\.js: non-fatal networkError aborted "
    r"|hls\.js: non-fatal mediaError (fragGap|bufferStalledError|bufferSeekOverHole) "
    r"|console warning: .*\[GapController\]"
)
"""The restart takes fragments of every track with it: that is a hole."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the players made of it, and what was served in the end."""

    reports: Mapping[Kind, Report]
    tracks: Mapping[str, Served]


@pytest.fixture(scope="module")
def story(
    chromium: Path, start_relay: Start, loop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    folder = tmp_path_factory.mktemp("change")
    other = make(replace(LOOP, name="other.ismv", size="192x108"), folder)
    relay = start_relay({"news": {"fragment_duration": "1.92", "patience": 0.5}})
    url = f"{relay.url}/news.isml/Streams(main)"
    with Push(loop, url, "enc_a", folder) as before, Push(other, url, "enc_a", folder) as after:
        before.start()
        return asyncio.run(_tell(relay, before, after))


async def _tell(relay: RelayProcess, before: Push, after: Push) -> Story:
    point = f"{relay.url}/news.isml"
    await served.filled(point, 4)
    async with players.browser() as browser:
        playing = await asyncio.gather(
            *(browser.open(kind, f"{point}/{players.DOCUMENTS[kind]}") for kind in KINDS)
        )
        await asyncio.sleep(3)
        before.kill()
        after.start()
        last = asyncio.get_running_loop().time() + LIMIT
        await asyncio.gather(*(_past(relay, one, last) for one in playing))
        reports = await asyncio.gather(*(one.report() for one in playing))
        tracks = await asyncio.to_thread(served.channel, relay.url, "news")
    return Story(dict(zip(KINDS, reports, strict=True)), tracks)


async def _past(relay: RelayProcess, playing: Playing, last: float) -> None:
    """Wait until it fetches what lies behind the change; not for ever: the report tells more."""
    while asyncio.get_running_loop().time() < last:
        tracks = await asyncio.to_thread(served.channel, relay.url, "news")
        starts = [_change(track) for track in tracks.values()]
        if (
            len(starts) == 3
            and all(starts)
            and max(_fetched(playing.fetched), default=0) >= max(starts) + BEHIND
        ):
            return
        await asyncio.sleep(0.5)


def _change(track: Served) -> int:
    """The index behind the discontinuity; 0 while there is none."""
    playlist = m3u8.loads(track.playlist)
    places = [at for at, segment in enumerate(playlist.segments) if segment.discontinuity]
    return track.sequence + places[0] if places else 0


def _fetched(urls: tuple[str, ...] | list[str]) -> set[int]:
    return {int(url.split("/")[-1][:-4]) for url in urls if url.endswith(".m4s")}


def test_every_track_breaks_once_and_the_videos_have_two_inits(story: Story) -> None:
    assert len(story.tracks) == 3
    starts = {_change(track) for track in story.tracks.values()}
    assert len(starts) == 1
    for name, track in story.tracks.items():
        assert track.playlist.count("#EXT-X-DISCONTINUITY\n") == 1
        inits = re.findall(r'#EXT-X-MAP:URI="(init-\w+\.mp4)"', track.playlist)
        assert len(set(inits)) == len(inits) == (2 if name.startswith("video") else 1)
        assert track.indexes == list(range(track.sequence, track.sequence + len(track.indexes)))
        assert all(index < starts_at for index in track.gaps for starts_at in starts)


@pytest.mark.parametrize("kind", KINDS)
def test_it_plays_on_in_the_new_size(story: Story, kind: Kind) -> None:
    report = story.reports[kind]
    assert [error for error in report.errors if not HARMLESS.match(error)] == []
    start = max(_change(track) for track in story.tracks.values())
    assert max(_fetched(list(report.fetched))) >= start + BEHIND
    inits = {url for url in report.fetched if "/video-" in url and "/init-" in url}
    assert len(inits) >= 2
    assert report.frames > 100
    assert report.audio > 0

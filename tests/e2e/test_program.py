"""A program recorded across a switch of encoders, a hole and a kill of the relay (`evening`).

It is played to its end out of HLS and DASH and exported to a file, and each is held against what
the encoders sent, frame by frame, while the channel goes on. What is played runs four times as
fast: a player appends the same.
"""

import asyncio
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from tests.e2e import boxes, players, served
from tests.e2e.conftest import LOOP, Start
from tests.e2e.decoder import decoded
from tests.e2e.evening import LIMIT, SHORT, Recorded, at_once, in_real_time
from tests.e2e.oracle import Oracle
from tests.e2e.playing import Kind, Report
from tests.e2e.relay_process import RelayProcess
from tests.e2e.served import Served
from tests.encoder.clips import make

pytestmark = pytest.mark.e2e

KINDS: tuple[Kind, ...] = ("hls", "dash", "mss", "shaka", "native")
RATE = 4
HARMLESS = re.compile(
    r"hls\.js: non-fatal mediaError (fragGap|bufferStalledError|bufferSeekOverHole) "
    r"|console warning: .*\[GapController\] Jumping gap "
)
"""What the hole itself makes a player say."""


@dataclass(frozen=True, slots=True)
class Story:
    """What came of it.

    tracks, text   the program's playlists with all that they name, and its MPD
    reports        of the players of the program;  watched  of one that played the channel meanwhile
    file, said     the export, and what the command said
    live, mpd      of the channel, at the end
    """

    oracle: Oracle
    recorded: Recorded
    tracks: Mapping[str, Served]
    text: str
    reports: Mapping[Kind, Report]
    watched: Report
    file: Path
    said: tuple[int | None, bytes]
    live: Mapping[str, Served]
    mpd: str


@pytest.fixture(
    scope="module", params=["at once", pytest.param("in real time", marks=pytest.mark.long)]
)
def story(
    request: pytest.FixtureRequest,
    chromium: Path,
    start_relay: Start,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    folder = tmp_path_factory.mktemp("program")
    slow = request.param == "in real time"
    shape = LOOP if slow else SHORT
    clip = make(shape, folder)
    duration = f"{shape.cell.numerator}/{shape.cell.denominator}"
    relay = start_relay({"news": {"fragment_duration": duration, "patience": 0.5}})

    async def tell() -> Story:
        oracle = Oracle(clip, shape.cell)
        async with (in_real_time if slow else at_once)(relay, clip, folder) as recorded:
            return await _told(relay, oracle, recorded, KINDS if slow else KINDS[:2], folder)

    return asyncio.run(tell())


async def _told(
    relay: RelayProcess, oracle: Oracle, recorded: Recorded, kinds: tuple[Kind, ...], folder: Path
) -> Story:
    point, program = f"{relay.url}/news.isml", f"{relay.url}/news.evening.isml"
    file = folder / "evening.mp4"
    async with players.browser() as browser:
        watched, *playing = await asyncio.gather(
            browser.open("hls", f"{point}/{players.DOCUMENTS['hls']}"),
            *(browser.open(kind, f"{program}/{players.DOCUMENTS[kind]}") for kind in kinds),
        )
        exported = asyncio.create_task(_export(program, file))
        await asyncio.gather(*(one.to_the_end(RATE, LIMIT) for one in playing))
        said = await exported
        reports = await asyncio.gather(*(one.report() for one in playing))
        return Story(
            oracle=oracle,
            recorded=recorded,
            tracks=await asyncio.to_thread(served.channel, relay.url, "news.evening"),
            text=(await asyncio.to_thread(served.fetch, f"{program}/manifest.mpd")).decode(),
            reports=dict(zip(kinds, reports, strict=True)),
            watched=await watched.report(),
            file=file,
            said=said,
            live=await asyncio.to_thread(served.channel, relay.url, "news"),
            mpd=(await asyncio.to_thread(served.fetch, f"{point}/manifest.mpd")).decode(),
        )


async def _export(program: str, file: Path) -> tuple[int | None, bytes]:
    command = [sys.executable, "-m", "relay", "export", program, str(file)]
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    _, complaint = await child.communicate()
    return child.returncode, complaint


def test_it_has_all_that_was_sent_under_its_numbers(story: Story) -> None:
    recorded, tracks = story.recorded, story.tracks
    assert recorded.lost
    assert len(tracks) == len(story.oracle.tracks)
    for name, track in tracks.items():
        assert list(track.segments) == recorded.indexes
        assert track.gaps == recorded.lost
        media = "video" if track.handler == "vide" else "audio"
        assert story.oracle.places(media, b"".join(track.segments.values())) == [
            (index, name) for index in recorded.indexes
        ]
        assert track.playlist.endswith("#EXT-X-ENDLIST\n")
        assert "DISCONTINUITY" not in track.playlist
    assert 'type="static"' in story.text


def test_it_is_played_to_its_end(story: Story) -> None:
    for kind, report in story.reports.items():
        assert [error for error in report.errors if not HARMLESS.match(error)] == [], kind
        assert report.ended, kind
        assert report.frames > 0, kind
        assert report.audio > 0, kind
        assert set(report.appended) == (set() if kind == "native" else {"video", "audio"}), kind
        for media, data in report.appended.items():
            sent = [fragment for fragment in boxes.fragments(data) if fragment.samples]
            indexes = {_index(story, media, fragment, kind) for fragment in sent}
            assert sorted(indexes) == story.recorded.indexes, (kind, media)


def _index(story: Story, media: str, fragment: boxes.Moof, kind: Kind) -> int:
    if kind != "mss":
        return story.oracle.place(media, fragment)[0]
    # JavaScript rounds times in ticks of 10 MHz, so there only the samples tell.
    for track in story.oracle.tracks.values():
        for index in story.recorded.indexes:
            (made,) = story.oracle.made(track, index)
            if (made.media, made.sizes) == (fragment.media, fragment.sizes):
                return index
    raise AssertionError(f"never sent: {media} {fragment.time} {fragment.samples} samples")


def test_the_file_has_every_frame_once_at_its_time(story: Story, ffmpeg: str) -> None:
    assert story.said == (0, b"")
    data = story.file.read_bytes()
    kinds = {"vide": "video", "soun": "audio"}
    traks = boxes.tracks(data)
    assert sorted(trak.handler for trak in traks.values()) == ["soun", "vide"]
    shifts, frames = set(), 0
    for number, trak in traks.items():
        found = [f for f in boxes.fragments(data) if f.track_id == number]
        sent = max(
            (s for s in story.oracle.tracks.values() if s.key.kind.value == kinds[trak.handler]),
            key=lambda s: s.key.bitrate,
        )
        made = [m for index in story.recorded.indexes for m in story.oracle.made(sent, index)]
        assert [(f.media, f.sizes) for f in found] == [(m.media, m.sizes) for m in made]
        shifts |= {
            Fraction(m.time - f.time, trak.timescale) for f, m in zip(found, made, strict=True)
        }
        frames += sum(m.samples for m in made)
    assert len(shifts) == 1
    assert decoded(ffmpeg, story.file) == frames


def test_the_channel_goes_on_meanwhile(story: Story) -> None:
    last = story.recorded.last
    for track in story.live.values():
        assert max(track.segments) > last
        assert track.gaps == story.recorded.lost
        assert "ENDLIST" not in track.playlist
    assert 'type="dynamic"' in story.mpd
    watched = story.watched
    assert [error for error in watched.errors if not HARMLESS.match(error)] == []
    assert not watched.ended
    assert watched.advance > 0
    fetched = [url.rpartition("/")[2] for url in watched.fetched if url.endswith(".m4s")]
    assert max(int(name.removesuffix(".m4s")) for name in fetched) > last

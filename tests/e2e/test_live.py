"""Two real encoders of one programme, one relay, a real browser: what a viewer gets."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import boxes, players, served
from tests.e2e.conftest import Start
from tests.e2e.encoder import Encoder, Programme, next_start, wait_until
from tests.e2e.playing import STANDS, Kind, Report
from tests.e2e.relay_process import RelayProcess

pytestmark = pytest.mark.e2e

KINDS: tuple[Kind, ...] = ("hls", "dash")
SECONDS = 10
LEAD = 9
"""Seconds of programme before the first player comes: four fragments."""
TRACK_IDS = {"video": 1, "audio": 2}
HANDLERS = {"video": "vide", "audio": "soun"}


@dataclass(frozen=True, slots=True)
class Live:
    """A channel on the air, and all that its encoders send."""

    relay: RelayProcess
    programme: Programme
    reference: dict[tuple[int, int], boxes.Moof]


@pytest.fixture(scope="module")
def live(
    start_relay: Start, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    relay = start_relay({"av": {"fragment_duration": "2"}})
    programme = Programme(seconds=100, start=next_start(2, lead=4))
    reference = programme.reference(ffmpeg, folder)
    wait_until(programme.start)
    urls = [f"{relay.url}/av.isml/Streams(av)?source=enc_{letter}" for letter in "ab"]
    with (
        Encoder(ffmpeg, programme, urls[0], folder / "a.log") as a,
        Encoder(ffmpeg, programme, urls[1], folder / "b.log") as b,
    ):
        wait_until(programme.start + LEAD)
        yield Live(relay, programme, reference)
        assert a.running, a.text()
        assert b.running, b.text()


@pytest.fixture(scope="module")
def reports(chromium: Path, live: Live) -> dict[Kind, Report]:
    """Both players side by side."""

    async def play() -> dict[Kind, Report]:
        async with players.browser() as browser:
            point = f"{live.relay.url}/av.isml"
            plays = [browser.play(k, f"{point}/{players.DOCUMENTS[k]}", SECONDS) for k in KINDS]
            return dict(zip(KINDS, await asyncio.gather(*plays), strict=True))

    return asyncio.run(play())


@pytest.mark.parametrize("kind", KINDS)
def test_a_browser_plays_it_without_a_hole(
    live: Live, reports: dict[Kind, Report], kind: Kind
) -> None:
    report = reports[kind]
    tracks = served.channel(live.relay.url, "av").values()

    assert report.errors == ()
    assert report.span - report.advance <= STANDS
    assert abs(report.frames - live.programme.fps * report.advance) <= live.programme.fps / 2
    assert report.audio > 0
    assert set(report.appended) == {"video", "audio"}
    for media, data in report.appended.items():
        (track,) = (t for t in tracks if t.handler == HANDLERS[media])
        appended = boxes.fragments(data)
        indexes = [_index(track, fragment) for fragment in appended]
        assert indexes == list(range(indexes[0], indexes[0] + len(indexes)))
        assert [_pushed(live, media, f).sizes for f in appended] == [f.sizes for f in appended]

        ((start, end),) = report.buffered[media]
        seconds = sum(f.duration for f in appended) / track.timescale
        assert end - start == pytest.approx(seconds, abs=0.1)
        assert len(indexes) * live.programme.fragment >= SECONDS


def test_what_is_served_is_what_was_pushed(live: Live) -> None:
    """Each payload, time and duration is the encoder's; the number is floor(UTC / D)."""
    tracks = served.channel(live.relay.url, "av")
    assert sorted(t.handler for t in tracks.values()) == ["soun", "vide"]
    for track in tracks.values():
        assert not track.gaps
        media = next(m for m, handler in HANDLERS.items() if handler == track.handler)
        sent = [f for (track_id, _), f in live.reference.items() if track_id == TRACK_IDS[media]]
        got = track.fragments()
        first = next(n for n, f in enumerate(sent) if f.media == got[0].media)
        expected = sent[first : first + len(got)]
        assert [(f.time, f.duration, f.sizes, f.media) for f in got] == [
            (f.time, f.duration, f.sizes, f.media) for f in expected
        ]
        assert track.sequence == live.programme.start // 2 + first


def _index(track: served.Served, fragment: boxes.Moof) -> int:
    """The number under which the relay serves a fragment that a player appended."""
    for index, body in track.segments.items():
        if any(f.media == fragment.media for f in boxes.fragments(body)):
            return index
    raise AssertionError(f"appended, but not served: {fragment.time} {fragment.samples} samples")


def _pushed(live: Live, media: str, fragment: boxes.Moof) -> boxes.Moof:
    track_id = TRACK_IDS[media]
    (sent,) = (
        f for (t, _), f in live.reference.items() if t == track_id and f.media == fragment.media
    )
    return sent

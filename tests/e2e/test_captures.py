"""Captured pushes of a real encoder, replayed flat out with random cuts and at their own pace.

What comes out is a function of what was sent, not of when or in which pieces it came; and it is all
of what was sent: each payload byte for byte, in its order, under one number for audio and video.
"""

import asyncio
import random
from fractions import Fraction
from pathlib import Path

import pytest

from tests.e2e import boxes, served
from tests.e2e.conftest import Start
from tests.e2e.decoder import decoded
from tests.e2e.relay_process import RelayProcess
from tests.e2e.replay import Capture, captures, replay
from tests.e2e.served import Served
from tests.e2e.strict import complaints
from tests.e2e.strict import missing as strict_missing

pytestmark = pytest.mark.e2e

CAPTURES = captures()
PATIENCE = 0.5
SETTINGS: dict[str, dict[str, object]] = {
    # Its encoder lost every other fragment, so no two in a row tell how long one is.
    "ff9-fifo": {"fragment_duration": "2"},
    # It was on the clock when it was captured, which is long ago.
    "ff9-epoch": {"anchor": "utc"},
}
EVERYFRAME = "ff9-everyframe"
"""One fragment per frame, audio with zero durations and colliding times: not well-formed."""

every = pytest.mark.parametrize("capture", CAPTURES, ids=lambda c: c.name)
well_formed = pytest.mark.parametrize(
    "capture", [c for c in CAPTURES if c.name != EVERYFRAME], ids=lambda c: c.name
)


@pytest.fixture(scope="module")
def relay(start_relay: Start) -> RelayProcess:
    """One relay that has had every capture twice, each on a channel of its own."""
    channels = {
        _channel(way, c): {"patience": PATIENCE, **SETTINGS.get(c.name, {})}
        for c in CAPTURES
        for way in ("flat", "paced")
    }
    relay = start_relay(channels)
    answers = asyncio.run(_push(relay))
    wrong = {
        channel: statuses
        for channel, (capture, statuses) in answers.items()
        if statuses != [200 if body.finished else 0 for body in capture.bodies]
    }
    assert not wrong, f"statuses {wrong}"
    served.settled([_master(relay, channel) for channel in channels], 4 * PATIENCE, limit=90)
    return relay


async def _push(relay: RelayProcess) -> dict[str, tuple[Capture, list[int]]]:
    pushes = {}
    async with asyncio.TaskGroup() as group:
        for capture in CAPTURES:
            cuts = random.Random(capture.name)
            flat, paced = _channel("flat", capture), _channel("paced", capture)
            pushes[flat] = capture, group.create_task(replay(capture, relay.port, flat, cuts))
            pushes[paced] = capture, group.create_task(replay(capture, relay.port, paced))
    return {name: (capture, list(task.result())) for name, (capture, task) in pushes.items()}


def _channel(way: str, capture: Capture) -> str:
    return f"{way}_{capture.name}".replace("-", "_")


def _master(relay: RelayProcess, channel: str) -> str:
    return f"{relay.url}/{channel}.isml/master.m3u8"


def _both(relay: RelayProcess, capture: Capture) -> tuple[dict[str, Served], dict[str, Served]]:
    flat = served.channel(relay.url, _channel("flat", capture))
    return flat, served.channel(relay.url, _channel("paced", capture))


def _pushed(capture: Capture) -> list[tuple[str, Fraction, list[boxes.Moof]]]:
    """Per pushed track: handler type, seconds per tick, its fragments in the order sent."""
    found: dict[tuple[str, int], tuple[str, Fraction, list[boxes.Moof]]] = {}
    for body in capture.bodies:
        for track_id, trak in boxes.tracks(body.data).items():
            sent = [f for f in boxes.fragments(body.data) if f.track_id == track_id]
            key = (body.stream, track_id)
            found.setdefault(key, (trak.handler, Fraction(1, trak.timescale), []))[2].extend(sent)
    return list(found.values())


def _untimed(body: bytes) -> bytes:
    """A segment with its decode times blanked."""
    blank = bytearray(body)
    for tfdt in boxes.find(body, "moof/traf/tfdt"):
        blank[tfdt.body + 4 : tfdt.end] = bytes(tfdt.end - tfdt.body - 4)
    return bytes(blank)


@every
def test_pace_and_cuts_change_nothing(relay: RelayProcess, capture: Capture) -> None:
    flat, paced = _both(relay, capture)
    assert list(flat) == list(paced)
    shifts = set()
    for name, one in flat.items():
        other = paced[name]
        assert (one.indexes, one.gaps, one.init) == (other.indexes, other.gaps, other.init)
        for index, body in one.segments.items():
            assert _untimed(body) == _untimed(other.segments[index]), f"{name}/{index}"
        for a, b in zip(one.fragments(), other.fragments(), strict=True):
            shifts.add(Fraction(a.time - b.time, one.timescale))
    # A naive encoder's zero is anchored where it arrived, which is not the same second for both.
    assert len(shifts) == 1
    assert all(shift.denominator == 1 for shift in shifts)
    if capture.name == "ff9-epoch":
        assert shifts == {0}


@well_formed
def test_audio_and_video_have_equal_numbers(relay: RelayProcess, capture: Capture) -> None:
    for tracks in _both(relay, capture):
        videos = [t for t in tracks.values() if t.handler == "vide"]
        audios = [t for t in tracks.values() if t.handler == "soun"]
        assert len({tuple(t.indexes) for t in videos}) <= 1
        for video, audio in ((v, a) for v in videos for a in audios):
            missing = set(video.indexes) ^ set(audio.indexes)
            assert missing <= {max(audio.indexes)} - set(video.indexes)
            for index in missing:
                (rest,) = boxes.fragments(audio.segments[index])
                longest = max(f.duration for f in audio.fragments())
                assert rest.duration * 8 < longest, "a whole fragment without its video"


@pytest.mark.requirement("TIME-2a")
@well_formed
def test_everything_pushed_is_served(relay: RelayProcess, capture: Capture) -> None:
    pushed = _pushed(capture)
    for tracks in _both(relay, capture):
        assert len(tracks) == len(pushed)
        shifts = set()
        for handler, tick, sent in pushed:
            same = [t for t in tracks.values() if t.handler == handler]
            matching = [t for t in same if t.fragments()[0].media == sent[0].media]
            assert len(matching) == 1, f"{handler} is served {len(matching)} times"
            got = matching[0].fragments()
            assert [(f.media, f.sizes) for f in got] == [(f.media, f.sizes) for f in sent]
            assert [f.duration for f in got] == [f.duration for f in sent]
            shifts |= {(a.time - b.time) * tick for a, b in zip(got, sent, strict=True)}
        assert len(shifts) == 1, "the tracks have moved against each other"
        assert all(shift.denominator == 1 for shift in shifts)


@well_formed
def test_ffmpeg_decodes_every_frame(
    relay: RelayProcess, capture: Capture, ffmpeg: str, tmp_path: Path
) -> None:
    flat, _ = _both(relay, capture)
    for name, track in flat.items():
        chain = tmp_path / f"{name}.mp4"
        chain.write_bytes(track.init + b"".join(track.segments.values()))
        assert decoded(ffmpeg, chain) == sum(f.samples for f in track.fragments()), name


def test_one_fragment_per_frame_neither_crashes_nor_loops(relay: RelayProcess) -> None:
    (capture,) = (c for c in CAPTURES if c.name == EVERYFRAME)
    ((_, _, sent),) = (track for track in _pushed(capture) if track[0] == "vide")
    for tracks in _both(relay, capture):
        (video,) = (t for t in tracks.values() if t.handler == "vide")
        assert [f.media for f in video.fragments()] == [f.media for f in sent]


def test_strict_readers_accept_every_playlist(relay: RelayProcess) -> None:
    if reason := strict_missing():
        pytest.skip(reason)
    texts: dict[str, str] = {}
    for capture in CAPTURES:
        for way in ("flat", "paced"):
            master = _master(relay, _channel(way, capture))
            texts |= {url or master: text for url, text in served.playlists(master).items()}
    assert len(texts) >= 4 * len(CAPTURES)
    assert complaints(texts) == {}


def test_the_log_holds_no_traceback(relay: RelayProcess) -> None:
    assert relay.text()
    assert "Traceback" not in relay.text()

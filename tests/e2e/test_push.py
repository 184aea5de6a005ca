"""`relay push` as a user runs it, before relays that run as processes of their own."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import served
from tests.e2e.conftest import Start
from tests.e2e.decoder import decoded
from tests.e2e.relay_process import RelayProcess
from tests.e2e.together import together
from tests.encoder.clips import LADDER, make

pytestmark = pytest.mark.e2e

SETTINGS = {"fragment_duration": "1.92", "patience": 0.5}
TRACKS = {"video-300000", "video-100000", "audio-64000"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(LADDER, tmp_path_factory.mktemp("clip"))


@contextmanager
def pushing(clip: Path, url: str, log: Path, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`relay push`; what it says goes to `log`. At the end it is gone."""
    command = [sys.executable, "-m", "relay", "push", str(clip), url, *options]
    with log.open("wb") as said:
        child = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def until(url: str, count: int, limit: float = 90) -> dict[str, served.Served]:
    """The channel when each track has so many segments."""
    deadline = time.monotonic() + limit
    while True:
        if served.get(f"{url}/news.isml/master.m3u8").status == 200:
            found = served.channel(url, "news")
            if set(found) == TRACKS and all(len(one.segments) >= count for one in found.values()):
                return found
        assert time.monotonic() < deadline, "the segments do not come"
        time.sleep(0.3)


Told = Mapping[str, "Future[None]"]


@pytest.fixture(scope="module")
def told(
    start_relay: Start, clip: Path, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory
) -> Told:
    """All stories at the same time, on relays of their own."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("apart", "killed", "filled")}
    one, other, killed = (start_relay({"news": SETTINGS}) for _ in range(3))
    filled = start_relay({"news": {**SETTINGS, "patience": 3}})
    return together(
        {
            "apart": lambda: _apart(one, other, clip, folders["apart"], ffmpeg),
            "killed": lambda: _killed(killed, clip, folders["killed"]),
            "filled": lambda: _filled(filled, clip, folders["filled"]),
        }
    )


@pytest.mark.requirement("FMT-4b", "STREAM-2c", "STREAM-3a", "REGION-1a", "REGION-2a")
def test_two_pushes_started_apart_are_the_same_at_two_relays(told: Told) -> None:
    told["apart"].result()


def _apart(one: RelayProcess, other: RelayProcess, clip: Path, tmp_path: Path, ffmpeg: str) -> None:
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    url = "/news.isml"
    with pushing(clip, one.url + url, first, "--source", "enc_a") as a:
        until(one.url, 2)
        # The tracks are spread over streams in another way, too.
        with pushing(clip, other.url + url, second, "--streams", "audio-with-low") as b:
            theirs = until(other.url, 4)
            ours = until(one.url, 5)
            for child in (a, b):
                child.send_signal(signal.SIGINT)
            assert (a.wait(20), b.wait(20)) == (0, 0), first.read_text() + second.read_text()
    for name, mine in ours.items():
        common = sorted(mine.segments.keys() & theirs[name].segments.keys())
        assert len(common) >= 3
        assert mine.init == theirs[name].init
        assert {n: mine.segments[n] for n in common} == {
            n: theirs[name].segments[n] for n in common
        }
        assert min(mine.segments) < min(theirs[name].segments), "they were not started apart"
        assert not mine.gaps
        assert not theirs[name].gaps
        file = tmp_path / f"{name}.mp4"
        file.write_bytes(mine.init + b"".join(mine.segments.values()))
        assert decoded(ffmpeg, file) > 0
    numbers = {tuple(track.indexes[:4]) for track in ours.values()}
    assert len(numbers) == 1
    assert abs(min(min(numbers)) * 1.92 - time.time()) < 120, "the numbers are not those of UTC"


@pytest.mark.requirement("SVC-7a")
def test_a_relay_that_is_killed_loses_nothing(told: Told) -> None:
    told["killed"].result()


def _killed(relay: RelayProcess, clip: Path, tmp_path: Path) -> None:
    log = tmp_path / "push.log"
    with pushing(clip, f"{relay.url}/news.isml", log, "--source", "enc_a") as push:
        before = until(relay.url, 3)
        relay.kill()
        time.sleep(4)
        relay.start()
        count = max(len(track.segments) for track in before.values()) + 5
        after = until(relay.url, count)
        push.send_signal(signal.SIGINT)
        assert push.wait(20) == 0, log.read_text()
    for name, track in after.items():
        assert not track.gaps
        first = track.indexes[0]
        assert track.indexes == list(range(first, first + len(track.indexes)))
        known = before[name].segments
        assert {n: track.segments[n] for n in known} == known
    said = log.read_text()
    assert re.search(r"[1-9]\d* reconnects", said)
    assert "Traceback" not in said


@pytest.mark.requirement("RED-2b")
def test_a_second_encoder_fills_what_the_first_one_drops(told: Told) -> None:
    told["filled"].result()


def _filled(relay: RelayProcess, clip: Path, tmp_path: Path) -> None:
    url = f"{relay.url}/news.isml"
    faulty = ("--source", "enc_a", "--fault", "drop=3-4", "--fault", "kill@150000")
    with (
        pushing(clip, url, tmp_path / "a.log", *faulty) as a,
        pushing(clip, url, tmp_path / "b.log", "--source", "enc_b") as b,
    ):
        found = until(relay.url, 6)
        for child in (a, b):
            child.send_signal(signal.SIGINT)
        assert (a.wait(20), b.wait(20)) == (0, 0), (tmp_path / "a.log").read_text()
    assert re.search(r"[1-9]\d* reconnects", (tmp_path / "a.log").read_text())
    for track in found.values():
        assert not track.gaps
        first = track.indexes[0]
        assert track.indexes == list(range(first, first + len(track.indexes)))

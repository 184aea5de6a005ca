"""SIGKILL of the relay during two pushes, and a start on the same store: nothing has moved.

One encoder is a plain ffmpeg, which ends with its relay and is started anew by a supervisor; the
other is ffmpeg's fifo muxer, which reconnects by itself and brings a new header. Both stamp UTC. A
third channel was fed, and finished, by an encoder that begins at zero: its anchor must not move.
"""

import asyncio
import random
import time
from dataclasses import dataclass, replace

import pytest

from tests.e2e import boxes, served
from tests.e2e.conftest import Start
from tests.e2e.encoder import Encoder, Programme, next_start, wait_until
from tests.e2e.replay import CAPTURES, Capture, replay
from tests.e2e.served import Served

pytestmark = pytest.mark.e2e

D = 2
LIMIT = 60.0
SETTINGS = {"fragment_duration": str(D), "patience": 0.5}
LIVE = ("restarted", "reconnecting")
RATES = (150, 300)
TRACKS = {"restarted": len(RATES) + 1, "reconnecting": 2, "naive": 2}

Tracks = dict[str, Served]


@dataclass(frozen=True, slots=True)
class Restart:
    """What a channel served just before the kill, just after the start, and when it went on.

    `looking`: seconds from the first look to the kill, and from the start to the end of the next.
    `away`: seconds from the kill until the relay was ready, and the other encoder started.
    """

    before: Tracks
    replayed: Tracks
    final: Tracks
    looking: float
    away: float


@pytest.fixture(scope="module")
def restarts(
    start_relay: Start, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Restart]:
    """The whole story, once, for all channels."""
    folder = tmp_path_factory.mktemp("restart")
    relay = start_relay(dict.fromkeys(TRACKS, SETTINGS))
    capture = Capture.load(CAPTURES / "ff9-av")
    assert asyncio.run(replay(capture, relay.port, "naive", random.Random(1))) == [200]

    def encoder(programme: Programme, channel: str) -> Encoder:
        url = f"{relay.url}/{channel}.isml/Streams(av)"
        return Encoder(ffmpeg, programme, url, folder / f"{channel}.log")

    def look() -> dict[str, Tracks]:
        return {name: served.channel(relay.url, name) for name in TRACKS}

    first = Programme(seconds=150, start=next_start(2), kilobits=RATES)
    wait_until(first.start)
    alone = replace(first, kilobits=RATES[:1], reconnecting=True)
    with encoder(alone, "reconnecting") as reconnecting:
        with encoder(first, "restarted") as plain:
            for name in LIVE:
                asyncio.run(served.filled(f"{relay.url}/{name}.isml", 3))
            began = time.monotonic()
            before = look()
            relay.kill()
            killed = time.monotonic()
            looking = killed - began
            assert plain.wait(60) != 0, "the encoder has not noticed that its relay is gone"
        relay.start()
        began = time.monotonic()
        replayed = look()
        looking += time.monotonic() - began
        second = replace(first, start=next_start(2))
        wait_until(second.start)
        away = time.monotonic() - killed
        with encoder(second, "restarted") as plain:
            deadline = time.monotonic() + LIMIT
            while not all(_goes_on(before[name], (final := look())[name]) for name in LIVE):
                assert time.monotonic() < deadline, "it does not go on"
                time.sleep(0.5)
            for one in (plain, reconnecting):
                assert one.running, one.text()
    return {
        name: Restart(before[name], replayed[name], final[name], looking, away) for name in TRACKS
    }


@pytest.fixture(params=TRACKS)
def restart(request: pytest.FixtureRequest, restarts: dict[str, Restart]) -> Restart:
    found = restarts[request.param]
    assert len(found.before) == TRACKS[request.param]
    return found


@pytest.mark.requirement("SVC-7a")
def test_what_was_served_is_served_again(restart: Restart) -> None:
    assert list(restart.before) == list(restart.replayed) == list(restart.final)
    for name, old in restart.before.items():
        assert len(old.segments) >= 2
        for new in (restart.replayed[name], restart.final[name]):
            # Nothing has left a window of two minutes yet.
            assert (new.sequence, new.init, new.url) == (old.sequence, old.init, old.url)
            assert _lines(old) == _lines(new)[: len(_lines(old))]
            assert {i: new.segments.get(i) for i in old.segments} == old.segments


def test_a_replay_invents_nothing(restart: Restart) -> None:
    for name, old in restart.before.items():
        new = restart.replayed[name]
        # One more may have been made safe between the last look and the kill, and a reconnecting
        # encoder may have been quick; a slow look sees what came meanwhile.
        assert len(set(new.indexes) - set(old.indexes)) <= 2 + restart.looking // D


@pytest.mark.requirement("FMT-4c", "ENC-6b")
@pytest.mark.parametrize("restart", ["restarted", "reconnecting"], indirect=True)
def test_numbers_go_on_and_what_is_missing_is_a_gap(restart: Restart) -> None:
    """The index stays floor(UTC / D); what fell into the restart is marked, in all tracks alike."""
    for name, old in restart.before.items():
        new = restart.final[name]
        assert new.indexes == list(range(old.sequence, old.sequence + len(new.indexes)))
        assert len([i for i in new.segments if i > max(old.segments)]) >= 3
        assert len(new.gaps) <= 5 + restart.away // D
        if new.gaps:
            assert new.gaps == set(range(min(new.gaps), max(new.gaps) + 1))
        for index, body in new.segments.items():
            fragments = boxes.fragments(body)
            middle = (fragments[0].time + fragments[-1].end) // 2
            assert middle // (2 * new.timescale) == index
    assert len({t.gaps for t in restart.final.values()}) == 1


def _goes_on(before: Tracks, now: Tracks) -> bool:
    """Each track has three more than it had."""
    return all(
        len([index for index in now[name].segments if index > max(old.segments)]) >= 3
        for name, old in before.items()
    )


def _lines(track: Served) -> list[str]:
    """The playlist, but for its version, which rises with the first EXT-X-GAP."""
    return [x for x in track.playlist.splitlines() if not x.startswith("#EXT-X-VERSION")]

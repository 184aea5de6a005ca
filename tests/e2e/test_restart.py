"""SIGKILL of the relay during the push, and a start on the same store: nothing has moved."""

from pathlib import Path

import pytest

from tests.e2e import boxes, served
from tests.e2e.conftest import Start
from tests.e2e.encoder import Encoder, Programme, next_start, wait_until

pytestmark = pytest.mark.e2e

SETTINGS = {"fragment_duration": "2", "patience": 0.5}
RATES = (150, 300)


def test_numbers_urls_and_window_go_on(start_relay: Start, ffmpeg: str, tmp_path: Path) -> None:
    relay = start_relay({"av": SETTINGS})
    url = f"{relay.url}/av.isml/Streams(av)"
    before = Programme(start=next_start(2), kilobits=RATES)
    wait_until(before.start)
    with Encoder(ffmpeg, before, url, tmp_path / "before.log") as encoder:
        wait_until(before.start + 7)
        known = served.channel(relay.url, "av")
        relay.kill()
        assert encoder.wait(10) != 0, "the encoder has not noticed that its relay is gone"

    relay.start()
    replayed = served.channel(relay.url, "av")
    assert list(replayed) == list(known)
    assert len(known) == len(RATES) + 1
    for name, old in known.items():
        new = replayed[name]
        assert len(old.segments) >= 2
        assert (new.sequence, new.init, new.url) == (old.sequence, old.init, old.url)
        assert _lines(old) == _lines(new)[: len(_lines(old))]
        # One more may have been made safe between the last look and the kill.
        assert set(new.indexes) - set(old.indexes) <= {max(old.indexes) + 1}
        assert {i: new.segments[i] for i in old.segments} == old.segments

    after = Programme(start=next_start(2), kilobits=RATES)
    wait_until(after.start)
    with Encoder(ffmpeg, after, url, tmp_path / "after.log") as encoder:
        wait_until(after.start + 9)
        assert encoder.running, encoder.text()
        final = served.channel(relay.url, "av")

    numbers = set()
    for name, old in replayed.items():
        new = final[name]
        assert new.url == old.url
        assert new.sequence == old.sequence, "nothing has left a window of two minutes yet"
        assert _lines(old) == _lines(new)[: len(_lines(old))]
        assert {i: new.segments[i] for i in old.segments} == old.segments
        resumed = after.start // 2
        fresh = [i for i in new.segments if i >= resumed]
        assert fresh == list(range(resumed, resumed + len(fresh)))
        assert len(fresh) >= 3
        assert new.gaps == frozenset(range(max(old.segments) + 1, resumed))
        numbers.add(tuple(new.indexes[: new.indexes.index(resumed) + 3]))
        _on_the_clock(new)
    assert len(numbers) == 1, "the tracks disagree about numbers"


def _lines(track: served.Served) -> list[str]:
    """The playlist, but for its version, which rises with the first EXT-X-GAP."""
    return [x for x in track.playlist.splitlines() if not x.startswith("#EXT-X-VERSION")]


def _on_the_clock(track: served.Served) -> None:
    """Every number is that of its media time, before and after."""
    for index, body in track.segments.items():
        fragments = boxes.fragments(body)
        middle = (fragments[0].time + fragments[-1].end) // 2
        assert middle // (2 * track.timescale) == index

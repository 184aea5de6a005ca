"""Two encoders, a relay, and two relays that it forwards to: real processes, killed at will."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e import served
from tests.e2e.chain import newest, status
from tests.e2e.conftest import Start
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SETTINGS: dict[str, object] = {"fragment_duration": "1.92", "patience": 0.5}
LIMIT = 90.0


def upstreams(**to: RelayProcess) -> dict[str, object]:
    tables = {name: {"url": f"{relay.url}/news.isml"} for name, relay in to.items()}
    return {**SETTINGS, "upstreams": tables}


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def same(hub: RelayProcess, *others: RelayProcess) -> None:
    """What the others serve is, byte for byte, what the hub serves; nothing is missing."""
    ours = served.channel(hub.url, "news")
    assert len(ours) == 3
    for other in others:
        theirs = served.channel(other.url, "news")
        assert theirs.keys() == ours.keys()
        for name, track in theirs.items():
            assert track.indexes == list(range(track.indexes[0], track.indexes[-1] + 1))
            assert not track.gaps
            assert "EXT-X-DISCONTINUITY\n" not in track.playlist
            assert track.init == ours[name].init
            common = track.segments.keys() & ours[name].segments.keys()
            assert len(common) >= len(track.segments) - 2
            for index in common:
                assert track.segments[index] == ours[name].segments[index]


def test_what_is_killed_on_the_way_leaves_nothing_out(
    start_relay: Start, loop: Path, tmp_path: Path
) -> None:
    eu, us = start_relay({"news": SETTINGS}), start_relay({"news": SETTINGS})
    hub = start_relay({"news": upstreams(eu=eu, us=us)})
    point = f"{hub.url}/news.isml"
    with Push(loop, point, "enc_a", tmp_path) as a, Push(loop, point, "enc_b", tmp_path) as b:
        a.start()
        b.start()
        until(lambda: newest(eu) and newest(us), "nothing arrives upstream")

        eu.kill()
        mark = newest(hub)
        until(lambda: newest(us) >= mark + 2, "one upstream waits for the other")
        told = status(hub)["upstreams"]
        assert told["eu"]["state"] in ("retrying", "probing", "connecting")
        assert told["eu"]["failing"]
        assert told["us"]["state"] in ("streaming", "catching_up")
        until(lambda: status(hub)["upstreams"]["eu"]["backlog"] > 0, "no backlog is told")
        eu.start()
        until(lambda: newest(eu) >= mark + 4, "it does not catch up")

        hub.kill()
        a.kill()
        hub.start()
        mark = newest(hub)
        until(lambda: min(newest(eu), newest(us)) >= mark + 2, "a restart does not go on")

        eu.kill()  # while both ways are busy again
        eu.start()
        mark = newest(hub)
        until(lambda: min(newest(eu), newest(us)) >= mark + 3, "a second loss stops it")
        same(hub, eu, us)
        for name in ("eu", "us"):
            assert status(hub)["upstreams"][name]["lost"] == 0
        said = subprocess.run(
            [sys.executable, "-m", "relay", "status", "--admin", hub.admin_url],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert "to eu: streaming" in said.stdout or "to eu: catching_up" in said.stdout
        hub.terminate()
        assert hub.wait() == 0
    for upstream in (eu, us):
        assert '"clean": true' in upstream.text(), "the last POST was not ended"
        assert "differs" not in upstream.text()

"""A relay whose encoder dies sends players on, so that a balancer finds the one that goes on."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e import served
from tests.e2e.conftest import Start
from tests.e2e.pushing import Push

pytestmark = pytest.mark.e2e

SETTINGS = {"fragment_duration": "1.92", "fail_over": ["stale", "no_source"], "patience": 1.0}
DOCUMENTS = ("master.m3u8", "manifest.mpd")


def wait_for(what: str, holds: Callable[[], bool], limit: float = 40) -> None:
    deadline = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_documents_are_refused_while_nobody_delivers(
    start_relay: Start, loop: Path, tmp_path: Path
) -> None:
    relay = start_relay({"news": SETTINGS})
    point = f"{relay.url}/news.isml"

    def answers(status: int) -> bool:
        return all(served.get(f"{point}/{path}").status == status for path in DOCUMENTS)

    with Push(loop, point, "enc_a", tmp_path) as push:
        push.start()
        wait_for("nothing plays", lambda: answers(200))
        (url, *_) = (u for u in served.playlists(f"{point}/master.m3u8") if u)
        segment = served.fetch(url).decode().split()[-1]
        age = float(served.get(url).headers["Live-Edge-Age"])
        assert -2 < age < 10
        push.kill()
        wait_for("it is not refused", lambda: answers(404))
        refused = served.get(url)
        assert refused.headers["Cache-Control"] == "public, max-age=1"
        assert json.loads(refused.body)["code"] == "PLAYBACK_FAIL_OVER"
        assert served.get(url.replace("index.m3u8", segment)).status == 200
        assert b"no_source" in served.fetch(f"{point}/state")
        push.start()
        wait_for("it is not served again", lambda: answers(200))
    log = relay.text()
    assert "PLAYBACK_FAIL_OVER" in log
    assert "FAIL_OVER_ENDED" in log

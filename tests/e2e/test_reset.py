"""`relay reset` while encoders push: they come back, and the other channel goes on."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import m3u8
import pytest

from tests.e2e.conftest import Start
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.e2e.served import fetch, get

pytestmark = pytest.mark.e2e

TRACK = "video-300000"


def playlist(relay: RelayProcess, channel: str) -> Any:
    url = f"{relay.url}/{channel}.isml/{TRACK}/index.m3u8"
    answer = get(url)
    return m3u8.loads(answer.body.decode(), uri=url) if answer.status == 200 else None


def indexes(relay: RelayProcess, channel: str) -> list[int]:
    told = playlist(relay, channel)
    return [] if told is None else [int(s.uri.removesuffix(".m4s")) for s in told.segments]


def until(condition: Callable[[], bool], limit: float = 60) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_encoders_come_back_and_the_other_channel_goes_on(
    start_relay: Start, loop: Path, tmp_path: Path
) -> None:
    relay = start_relay({"news": {"patience": 5.0}, "sport": {"patience": 5.0}})
    news = Push(loop, f"{relay.url}/news.isml", "enc_n", tmp_path)
    sport = Push(loop, f"{relay.url}/sport.isml", "enc_s", tmp_path)
    with news, sport:
        news.start()
        sport.start()
        until(lambda: min(len(indexes(relay, name)) for name in ("news", "sport")) >= 3)
        before = indexes(relay, "news")
        connected = relay.text().count('"event": "connected"')
        told = subprocess.run(
            [sys.executable, "-m", "relay", "reset", "news", "--yes", "--url", relay.admin_url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (told.returncode, told.stderr) == (0, "")
        until(lambda: len(indexes(relay, "news")) >= 3)
        until(lambda: len(indexes(relay, "sport")) > len(before))
        after, other = indexes(relay, "news"), playlist(relay, "sport")
        assert news.running
        assert sport.running
        # It comes back with the last fragments that it had sent, and no earlier ones.
        assert before[0] < after[0]
        assert after == list(range(after[0], after[-1] + 1))
        assert not [s for s in other.segments if s.gap_tag or s.discontinuity]
        assert relay.text().count('"event": "connected"') > connected
        assert '"code": "INGEST_RESET"' in relay.text()
        status = json.loads(fetch(f"{relay.admin_url}/api/v1/status"))
        assert set(status["rejected"]) == {"INGEST_RESET"}
        assert news.end() == 0
        assert sport.end() == 0

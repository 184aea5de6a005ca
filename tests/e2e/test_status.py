"""`relay status` before a real relay, and real encoders of which some are not as they should be."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.encoder.clips import LADDER, make

pytestmark = pytest.mark.e2e

FAULTS = {
    "good": (),
    "holes": ("--fault", "drop=3", "--fault", "drop=5-6"),
    "twice": ("--fault", "duplicate=3", "--fault", "duplicate=5"),
    "back": ("--fault", "kill=7"),
    "late": ("--fault", "delay=4000"),
}
LIMIT = 90.0
"""Seconds. The slowest finding needs ten fragments of two sources."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(LADDER, tmp_path_factory.mktemp("clip"))


@pytest.fixture
def pushed(start_relay: Start, clip: Path, tmp_path: Path) -> Iterator[RelayProcess]:
    """A relay to which all of them push."""
    channel = {"fragment_duration": "1.92", "patience": 1.5}
    relay = start_relay({"news": channel}, f"[limits]\nsources_per_stream = {len(FAULTS)}\n")
    pushes = [Push(clip, f"{relay.url}/news.isml", name, tmp_path) for name in FAULTS]
    try:
        for push in pushes:
            push.start(*FAULTS[push.source])
        yield relay
    finally:
        for push in pushes:
            push.kill()


def status(*words: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "relay", "status", *words]
    env = os.environ | {"COLUMNS": "140"}
    ran = subprocess.run(command, capture_output=True, check=True, timeout=60, env=env)
    return ran.stdout.decode()


def until(relay: RelayProcess, there: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The status of the channel once it is so."""
    deadline = time.monotonic() + LIMIT
    while True:
        channel: dict[str, Any] = json.loads(status(relay.admin_url, "--json"))["channels"]["news"]
        if there(channel):
            return channel
        assert time.monotonic() < deadline, json.dumps(channel, indent=1)
        time.sleep(0.5)


def facts(channel: dict[str, Any], source: str) -> list[dict[str, Any]]:
    return list(channel["sources"].get(source, {"tracks": {}})["tracks"].values())


@pytest.mark.requirement("ENC-4a", "TIME-3b")
def test_each_encoder_is_told_by_what_is_wrong_with_it(pushed: RelayProcess) -> None:
    warned: dict[tuple[str, str], str] = {}

    def settled(channel: dict[str, Any]) -> bool:
        warned.update({(w["code"], w["subject"]): w["text"] for w in channel["warnings"]})
        resent = [each["resent"] for each in facts(channel, "back")]
        return ("OUT_OF_SYNC", "late") in warned and len(resent) == 3 and all(resent)

    channel = until(pushed, settled)
    expected = {
        ("SOURCE_DISCONTINUITY", "holes"),
        ("SOURCE_NONINCREASING", "twice"),
        ("OUT_OF_SYNC", "late"),
    }
    assert expected <= set(warned)
    # A busy machine may keep any of them waiting, and then it is late.
    delayed = {source for code, source in set(warned) - expected if code == "OUT_OF_SYNC"}
    assert set(warned) - expected == {("OUT_OF_SYNC", source) for source in delayed}
    assert [each["gap"] for each in facts(channel, "holes")] == [3] * 3
    assert [each["discontinuity"] for each in facts(channel, "holes")] == [2] * 3
    assert [each["nonincreasing"] for each in facts(channel, "twice")] == [2] * 3
    for each in facts(channel, "good"):
        assert each["healthy"] or "good" in delayed, each
        assert each["clock_offset_ms"] > -10_000  # on this machine, by one clock
    assert all("out_of_sync" in each["words"] for each in facts(channel, "late"))
    table = status("--admin", pushed.admin_url)
    assert "out of sync" in table
    (line,) = (line for line in table.splitlines() if line.startswith("! OUT_OF_SYNC  late, "))
    assert line.endswith("set a longer patience")

"""What only time can tell of a channel: bitrates, since when, and five minutes of numbers."""

import json
from typing import Any

import pytest

from relay.monitor.history import EVERY_MS, SAMPLES, SLOPE_MS, History

LOOK = 500


def facts(state: str = "ON AIR", protection: str = "PROTECTED") -> dict[str, Any]:
    """A board of one source and one upstream, as far as history is told of it."""
    return {
        "state": state,
        "protection": protection,
        "sources": {"a": {"lateness": 40, "drift": -2}},
        "upstreams": {"eu": {"seconds": 0.5}},
    }


def look(history: History, utc: int, **sizes: int) -> dict[str, Any]:
    """One look; `a` and `eu`: bytes so far."""
    seen = facts()
    kinds = {"a": "sources", "eu": "upstreams"}
    history.took(utc, seen, {(kinds[name], name): size for name, size in sizes.items()})
    return seen


def test_a_counter_that_grows_in_lumps_is_a_steady_bitrate() -> None:
    history = History()
    seen = [
        look(history, utc, a=250_000 * (utc // 1_920), eu=125 * utc)
        for utc in range(0, 60_000, LOOK)
    ]
    last = seen[-20:]
    true = 250_000 * 8 / 1.92
    assert all(abs(one["sources"]["a"]["bitrate"] - true) < 0.05 * true for one in last)
    assert {one["upstreams"]["eu"]["bitrate"] for one in last} == {1_000_000}


def test_a_bitrate_ends_with_what_it_counts() -> None:
    history = History()
    for utc in range(0, 20_000, LOOK):
        look(history, utc, a=utc)
    for utc in range(20_000, 20_000 + SLOPE_MS + EVERY_MS + LOOK, LOOK):
        seen = look(history, utc, a=20_000)
    assert seen["sources"]["a"]["bitrate"] == 0


@pytest.mark.parametrize("back", ["size", "clock"])
def test_a_counter_or_clock_that_fell_begins_anew(back: str) -> None:
    history = History()
    for utc in range(0, 20_000, LOOK):
        look(history, utc, a=10**9 + utc)
    start = 30_000 if back == "size" else 1_000
    for utc in range(start, start + 10_000, LOOK):
        seen = look(history, utc, a=(0 if back == "size" else 2 * 10**9) + 125 * (utc - start))
    assert seen["sources"]["a"]["bitrate"] == 1_000_000
    times = history.series()["at"]
    assert times == sorted(times)


def test_a_state_has_the_time_at_which_it_began() -> None:
    history = History()
    told = [
        (1_000, facts("STARTING", "DOWN"), 1_000),
        (2_000, facts(), 2_000),
        (3_000, facts(), 2_000),
        (4_000, facts(protection="EXPOSED"), 4_000),
    ]
    for utc, seen, since in told:
        history.took(utc, seen, {})
        assert seen["since"] == since


def test_the_series_are_as_long_as_their_times_and_bounded() -> None:
    history = History()
    for utc in range(0, 2 * SAMPLES * EVERY_MS, EVERY_MS):
        look(history, utc, a=utc, eu=utc)
    found = history.series()
    assert len(found["at"]) == SAMPLES
    assert found["at"][-1] - found["at"][0] == (SAMPLES - 1) * EVERY_MS
    assert set(found["sources"]["a"]) == {"lateness", "drift", "bitrate"}
    assert set(found["upstreams"]["eu"]) == {"seconds", "bitrate"}
    of_all = [*found["sources"]["a"].values(), *found["upstreams"]["eu"].values()]
    assert {len(values) for values in of_all} == {SAMPLES}
    assert json.loads(json.dumps(found)) == found


def test_what_was_not_known_is_null() -> None:
    history = History()
    empty = facts() | {"sources": {}}
    history.took(0, empty, {})
    look(history, EVERY_MS, a=0)
    assert history.series()["sources"]["a"]["lateness"] == [None, 40]


def test_of_a_source_that_has_gone_there_is_nothing_more() -> None:
    history = History()
    look(history, 0, a=0)
    gone = facts()
    gone["sources"]["a"] = {"alive": 0, "lateness": 40, "drift": -2}
    history.took(EVERY_MS, gone, {("sources", "a"): 10})
    assert gone["sources"]["a"]["bitrate"] == 0
    assert history.series()["sources"]["a"]["lateness"] == [40, None]
    for utc in range(2 * EVERY_MS, (SAMPLES + 1) * EVERY_MS, EVERY_MS):
        history.took(utc, gone, {("sources", "a"): 10})
    assert history.series()["sources"] == {}


def test_it_samples_at_its_own_pace() -> None:
    history = History()
    for utc in range(0, 10_000, LOOK):
        look(history, utc)
    assert history.series()["at"] == list(range(0, 10_000, EVERY_MS))

"""F20 to F25 and F27: upstreams that are down, refuse, are slow, lie, flap; all at once on one hub.

What happens in each is in `climbs`. Of every one of them holds: nothing is lost on its way up and
nothing comes out twice, the other upstream has everything at once, and the encoder is still in its
first POST.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.faults import chain, invariants, legs
from tests.faults.climb import Climb, Way, climb
from tests.faults.climbs import (
    COME_AGAIN,
    EARLY,
    REFUSED,
    RETRIED,
    flapping,
    told_lost,
    ways,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NAMES = ("down", "statuses", "early", "slow", "flapping", "backup", "overrun")
MOST_UNSURE = 6
"""Fragments that had arrived when a connection was reset, and the hub could not know it."""
LATE = 0.5
"""Seconds by which a busy machine may be late to note that somebody has come."""
BUSY = ("send timeout", "no answer")
"""What an upstream with which nothing is wrong may be reproached with on a busy machine."""


@dataclass(frozen=True, slots=True)
class Day:
    """All climbs, and the relays."""

    climbs: Mapping[str, Climb]
    relays: Mapping[str, RelayProcess]


@pytest.fixture(scope="module")
def day(made: Stamper, tmp_path_factory: pytest.TempPathFactory) -> Day:
    folder = tmp_path_factory.mktemp("upstreams")
    return Day(*asyncio.run(climb(ways(folder), made, folder)))


def climbed(day: Day, name: str) -> Climb:
    found = day.climbs[name]
    if found.error is not None:
        raise found.error
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.fault("F20", "F21", "F22", "F23", "F24", "F25", "F27")
def test_the_encoder_and_the_other_upstream_never_notice(day: Day, name: str) -> None:
    found = climbed(day, name)
    assert found.posts == 1
    assert found.broken("us") == []
    assert found.standings["us"]["lost"] == 0
    graves = [line for line in chain.lines(found.hub, name) if line["level"] == "warning"]
    ours = [line["event"] for line in graves if line.get("upstream") == "us"]
    assert [text for text in ours if not any(why in text for why in BUSY)] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "overrun"])
@pytest.mark.fault("F20", "F22", "F23", "F24", "F25", "F27")
def test_an_upstream_that_was_bad_has_everything_once_it_is_well(day: Day, name: str) -> None:
    found = climbed(day, name)
    for upstream, told in found.standings.items():
        if upstream != "ap":
            assert found.broken(upstream) == []
        assert told["lost"] == 0


@pytest.mark.fault("F20")
def test_what_is_refused_or_swallowed_goes_up_behind_the_last_two(day: Day) -> None:
    found = climbed(day, "down")
    assert "refused" in found.seen["refused"]["reason"]
    assert any(why in found.seen["hole"]["reason"] for why in BUSY)
    went = found.gates["eu"].went
    for track in went.tracks():
        repeated = [index for index, sent in went.of(track).items() if len(sent) > 1]
        assert len(repeated) >= 2


@pytest.mark.fault("F21")
def test_what_left_the_window_is_counted_and_told_and_nothing_else_is_missing(day: Day) -> None:
    found = climbed(day, "overrun")
    ledger, theirs = found.channel.ledger, found.theirs["eu"]
    lost = {track: chain.missing(ledger, theirs, track) for track in ledger.tracks()}
    for indexes in lost.values():
        assert indexes == set(range(min(indexes), max(indexes) + 1)), "the oldest, and no other"
    missing = sum(map(len, lost.values()))
    counted = found.standings["eu"]["lost"]
    assert 10 < missing <= counted <= missing + MOST_UNSURE
    assert sum(told_lost(found)) == counted
    lines = [one for one in chain.lines(found.hub, "overrun") if one.get("code") == "UPSTREAM_LOST"]
    assert {line["level"] for line in lines} == {"warning"}


@pytest.mark.parametrize("status", [*REFUSED, *RETRIED])
@pytest.mark.fault("F22", "F23")
def test_a_status_is_reported_and_not_hammered(day: Day, status: int) -> None:
    found = climbed(day, "statuses")
    state, pause = found.seen[f"s{status}"]
    assert state == ("refused" if status in REFUSED else "retrying")
    assert pause >= (COME_AGAIN if status in (429, 503) else 1) - LATE
    said = f"s{status}: " + ("refuses" if state == "refused" else "does not take it")
    assert any(line["event"].startswith(said) for line in chain.lines(found.hub, "statuses"))


@pytest.mark.fault("F22")
def test_credentials_are_read_anew_when_they_are_refused(day: Day) -> None:
    heads = climbed(day, "statuses").gates["s403"].heads
    secrets = [b"Bearer first\r\n" in head for head in heads]
    assert secrets == sorted(secrets, reverse=True)
    assert secrets[0]
    assert b"Bearer second\r\n" in heads[-1]


@pytest.mark.parametrize("name", EARLY)
@pytest.mark.fault("F25")
def test_an_early_answer_is_seen_within_a_second(day: Day, name: str) -> None:
    reason, took = climbed(day, "early").seen[name]
    assert took <= 1
    assert reason.startswith(name[1:] if name != "reset" else "connection lost")


@pytest.mark.fault("F24")
def test_one_that_reads_nothing_is_given_up_between_one_and_two_fragments(day: Day) -> None:
    found = climbed(day, "slow")
    assert any(why in found.seen["hung"]["reason"] for why in BUSY)
    assert float(legs.D) < found.seen["after"] < 20


@pytest.mark.fault("F27")
def test_one_that_flaps_is_not_overrun_with_attempts(day: Day) -> None:
    found = climbed(day, "flapping")
    assert found.standings["eu"]["retries"] <= found.seen["lasted"]


@pytest.mark.long
@pytest.mark.fault("F27")
def test_one_that_comes_and_goes_every_ten_seconds_is_complete_in_the_end(
    made: Stamper, tmp_path: Path
) -> None:
    way = Way(flapping(6, 42), {"eu": {}, "ap": {"backup_of": "eu"}})
    climbs, relays = asyncio.run(climb({"flapping": way}, made, tmp_path))
    found = climbed(Day(climbs, relays), "flapping")
    assert found.posts == 1
    for upstream in ("eu", "us"):
        assert found.broken(upstream) == []
    for told in found.standings.values():
        assert told["lost"] == 0
        assert told["retries"] <= found.seen["lasted"] / 4
    assert found.theirs["ap"].tracks, "the backup had to step in"


@pytest.mark.fault("F27")
def test_a_backup_has_what_its_principal_did_not_take(day: Day) -> None:
    found = climbed(day, "backup")
    for track in found.theirs["eu"].tracks:
        wanted = set(range(found.seen["from"] + 1, found.seen["to"]))
        assert wanted <= found.theirs["ap"].tracks[track].bodies.keys()


@pytest.mark.fault("F20", "F24")
def test_no_relay_complains(day: Day) -> None:
    for relay in day.relays.values():
        assert invariants.quiet(relay.text()) == []

"""F02 to F06, F08, F09, F10, F14, F17 over the wire: connections and encoders that break.

All scenes are played at once, on one relay; what happens in them is in `plays`.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.faults import invariants
from tests.faults.invariants import Footprint
from tests.faults.plays import MORE, PLAYS
from tests.faults.stage import Show, play, settings
from tests.faults.tap import PARTS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

IDLE = 12
"""Seconds of silence after which the relay gives a body up."""


@dataclass(frozen=True, slots=True)
class Evening:
    """All shows, and what the relay weighed before and after them."""

    shows: dict[str, Show]
    log: str
    before: Footprint
    after: Footprint


@pytest.fixture(scope="module")
def evening(
    made: Stamper, clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Evening]:
    folder = tmp_path_factory.mktemp("network")
    (folder / "stalled").mkdir()
    with RelayProcess(folder, settings(PLAYS, MORE)) as relay:
        before = Footprint.of(relay.pid, relay.admin_url)
        shows = asyncio.run(play(relay, PLAYS, made, clip, folder))
        deadline = time.monotonic() + 20
        while (
            before.leaks(after := Footprint.of(relay.pid, relay.admin_url))
            and time.monotonic() < deadline
        ):
            time.sleep(0.5)
        yield Evening(shows, relay.text(), before, after)


def shown(evening: Evening, name: str) -> Show:
    found = evening.shows[name]
    if found.error is not None:
        raise found.error
    return found


def judged(show: Show, *, breaks: int = 0, forgiven: set[int] | None = None) -> list[str]:
    channel = show.scene.channel
    broken = invariants.published(
        channel.ledger, channel.witness, breaks=breaks, forgiven=forgiven or ()
    )
    return broken + invariants.edges(channel.ledger, channel.witness)


def gaps(show: Show) -> dict[str, set[int]]:
    return {name: track.gaps for name, track in show.scene.channel.witness.tracks.items()}


@pytest.mark.fault("F02")
def test_one_leg_that_is_killed_leaves_exactly_the_hole_of_the_ledger(evening: Evening) -> None:
    show = shown(evening, "killed")
    assert judged(show) == []
    for name, track in show.scene.channel.witness.tracks.items():
        first, last = min(track.listed), max(track.listed)
        assert track.gaps == set(show.scene.channel.ledger.holes(name, first, last))
    assert any(gaps(show).values()), "the kill has cost nothing: it was none"


@pytest.mark.fault("F03")
@pytest.mark.fault("F05")
def test_a_leg_whose_cable_is_pulled_is_given_up_and_the_other_goes_on(evening: Evening) -> None:
    show = shown(evening, "pulled")
    assert judged(show) == []
    assert not any(gaps(show).values())
    assert show.scene.seen["after"] > IDLE / 2, "what a busy machine notes late comes off that"
    assert show.scene.codes()["INGEST_STALLED"] >= 1
    assert show.of("a", "duplicate") + show.of("a", "won") > 0


@pytest.mark.fault("F04")
@pytest.mark.fault("F02")
@pytest.mark.parametrize("manner", ["fin", "rst", "half"])
def test_what_is_cut_is_dropped_and_what_was_whole_is_kept(evening: Evening, manner: str) -> None:
    show = shown(evening, manner)
    ledger = show.scene.channel.ledger
    assert judged(show) == []
    assert not any(gaps(show).values()), "two are sent again, so one leg alone loses nothing"
    assert show.scene.seen["cuts"] == len(PARTS)
    whole = sum(len(ledger.of(track)) for track in ledger.tracks())
    assert ledger.count("a") > whole
    if manner == "rst":  # it may overtake what was sent before it
        assert whole <= show.settled("a") <= ledger.count("a")
    else:
        assert show.settled("a") == ledger.count("a")
    assert show.of("a", "won") == whole


@pytest.mark.fault("F06")
def test_what_is_sent_again_is_counted_one_by_one(evening: Evening) -> None:
    show = shown(evening, "fin")
    ledger = show.scene.channel.ledger
    whole = sum(len(ledger.of(track)) for track in ledger.tracks())
    assert show.of("a", "duplicate") == ledger.count("a") - whole


@pytest.mark.fault("F05")
def test_a_leg_that_stands_still_for_a_while_loses_nothing(evening: Evening) -> None:
    show = shown(evening, "stalled")
    assert judged(show) == []
    assert not any(gaps(show).values())
    assert not show.scene.codes()["INGEST_STALLED"]


@pytest.mark.fault("F08")
def test_a_leg_that_is_late_within_the_patience_fills_the_hole(evening: Evening) -> None:
    show = shown(evening, "late")
    assert judged(show) == []
    assert not any(gaps(show).values())
    assert show.of("b", "late") == 0


@pytest.mark.fault("F08")
def test_a_leg_that_is_later_than_the_patience_fills_no_gap_and_nothing_goes_back(
    evening: Evening,
) -> None:
    show = shown(evening, "later")
    dropped = show.scene.seen["dropped"]
    assert judged(show, forgiven=dropped) == []
    assert all(found == dropped for found in gaps(show).values())
    # What comes for a gap is kept beside it; what comes later than the window would be "late".
    assert show.of("b", "fill") == len(dropped) * len(gaps(show))


@pytest.mark.fault("F09")
def test_what_both_lack_is_a_gap_and_the_numbers_go_on(evening: Evening) -> None:
    show = shown(evening, "missing")
    assert judged(show) == []
    assert all(found == show.scene.seen["dropped"] for found in gaps(show).values())


@pytest.mark.fault("F10")
def test_what_is_damaged_comes_from_the_other_leg(evening: Evening) -> None:
    show = shown(evening, "corrupt")
    assert judged(show) == []
    assert not any(gaps(show).values())
    assert show.scene.seen["posts"] >= 3, "it was not refused twice"


@pytest.mark.fault("F13")
def test_an_encoder_that_counts_from_0_again_keeps_its_numbers(evening: Evening) -> None:
    show = shown(evening, "renumbered")
    assert judged(show) == []
    assert show.scene.codes()["INDEX_DIFFERS"] >= 1
    for name, track in show.scene.channel.witness.tracks.items():
        first, last = min(track.listed), max(track.listed)
        assert track.gaps == set(show.scene.channel.ledger.holes(name, first, last))


@pytest.mark.fault("F14")
def test_an_encoder_that_begins_anew_at_zero_begins_a_run(evening: Evening) -> None:
    show = shown(evening, "rewound")
    witness, ledger = show.scene.channel.witness, show.scene.channel.ledger
    assert witness.complaints == []
    assert show.scene.codes()["TIMELINE_RUN"] == 1
    refused = show.scene.codes()["INGEST_CLOCK"]
    for name, track in witness.tracks.items():
        (begun,) = [at for at, listed in track.listed.items() if listed.broken]
        indexes = sorted(track.listed)
        assert indexes == list(range(indexes[0], indexes[0] + len(indexes)))
        # Its new life may overtake the end of its old one. What a POST brings that is then refused
        # is nobody's, and of what is sent again one track may have a fragment less.
        assert track.gaps <= ({begun} if refused else set())
        sent = {index: found[0].fragment.moof.media for index, found in ledger.of(name).items()}
        first = [sent[at] for at in sorted(sent) if at >= indexes[0]]
        second = [sent[at] for at in sorted(sent) if at < indexes[0]]
        played = [moof.media for at in indexes for moof in track.fragments(at)]
        begins = begun - indexes[0]
        assert played[:begins] == first
        # Of its new life, the first may have come faster than they play, as what is sent again.
        again = second.index(played[begins])
        assert played[begins:] == second[again : again + len(played) - begins]
        dates = [track.listed[at].date for at in indexes]
        assert dates == sorted(dates)


@pytest.mark.fault("F14")
def test_an_encoder_that_begins_anew_beside_another_is_refused(evening: Evening) -> None:
    show = shown(evening, "refused")
    assert judged(show) == []
    assert not any(gaps(show).values())
    assert show.scene.codes()["INGEST_CLOCK"] >= 1
    assert not show.scene.codes()["TIMELINE_RUN"]


@pytest.mark.fault("F17")
def test_tracks_that_die_on_different_encoders_go_on(evening: Evening) -> None:
    show = shown(evening, "apart")
    assert judged(show) == []
    assert not any(gaps(show).values())


@pytest.mark.fault("F17")
def test_sound_that_dies_everywhere_stops_no_picture_and_is_told(evening: Evening) -> None:
    show = shown(evening, "silent")
    assert judged(show) == []
    ends = show.scene.seen["ends"]
    assert ends["video-137000"] > ends["audio-64000"] + 2
    assert not gaps(show)["video-137000"]


def test_all_that_is_served_can_be_decoded(evening: Evening, ffmpeg: str, tmp_path: Path) -> None:
    for name in ("pulled", "fin", "corrupt", "apart"):
        show = shown(evening, name)
        if name != "corrupt":  # whose damage nobody can see but the decoder
            assert invariants.decodable(show.scene.channel.witness, ffmpeg, tmp_path) == []


def test_no_fault_leaves_a_trace_in_the_log_or_in_memory(evening: Evening) -> None:
    assert invariants.quiet(evening.log) == []
    assert evening.before.leaks(evening.after) == []

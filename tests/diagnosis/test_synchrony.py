"""How sources stand to the clock, to the timeline and to each other."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from relay.diagnosis.synchrony import (
    FURTHEST_AHEAD,
    LONGEST_AGO,
    MOST_INDEXES,
    MOST_SKIPPED,
    MOST_STANDINGS,
    RECENT,
    Place,
    Standing,
    Synchrony,
)
from relay.media import Copy
from tests.pieces import CELL, FRAME, SCALE, VIDEO, copy

PATIENCE = 1_500
PLACE = Place(SCALE, Fraction(2), PATIENCE)
KEY = ("a", VIDEO.name)


def came(index: int, source: str = "a", delay: int = 300, **changed: Any) -> Copy:
    """A copy that is in `delay` ms after the end of its media, which is UTC."""
    return copy(index, source, arrival=(index + 1) * CELL + delay, **changed)


def standing(*copies: Copy, place: Place = PLACE) -> Standing:
    """The standing of a after these copies."""
    synchrony = Synchrony()
    for each in copies:
        synchrony.took(each, place)
    return synchrony.standings[KEY]


def test_the_clock_offset_is_that_of_the_least_late_of_the_last_copies() -> None:
    delays = [900, 250, 700, 400]
    copies = [came(index, delay=delay) for index, delay in enumerate(delays)]
    assert standing(*copies).offset == -250
    later = [came(index, delay=500) for index in range(4, 4 + RECENT)]
    assert standing(*copies, *later[:-3]).offset == -250
    assert standing(*copies, *later).offset == -500


def test_an_encoder_whose_clock_is_ahead_is_above_zero() -> None:
    assert standing(came(0, delay=-4_000)).offset == 4_000


def test_the_clock_offset_counts_from_the_epoch_of_the_times() -> None:
    local = replace(PLACE, epoch=1_700_000_000)
    late = came(3)
    assert standing(
        replace(late, arrival=late.arrival + 1_700_000_000_000), place=local
    ).offset == (-300)


def test_the_clock_offset_is_exact_in_any_timescale() -> None:
    place = replace(PLACE, timescale=90_000)
    time = 90 * 2**55 + 30
    assert standing(copy(0, time=time, arrival=2**55 + CELL), place=place).offset == 23 - CELL


def test_the_offset_of_a_source_is_that_of_its_least_late_track() -> None:
    synchrony = Synchrony()
    assert synchrony.offset("a") is None
    synchrony.took(came(0, delay=700), PLACE)
    synchrony.took(came(0, delay=90, track="audio-1"), PLACE)
    synchrony.took(came(0, "b", delay=5), PLACE)
    assert (synchrony.offset("a"), synchrony.last("a")) == (-90, CELL + 700)
    assert synchrony.last("nobody") is None


@pytest.mark.parametrize(
    ("time", "drift", "off"),
    [
        (CELL, 0, False),
        (CELL + FRAME // 2, 20, False),
        (CELL + FRAME // 2 + 1, 21, True),
        (CELL - FRAME, -40, True),
    ],
)
def test_drift_is_what_a_copy_misses_the_join_by(time: int, drift: int, off: bool) -> None:
    found = standing(came(1, time=time), place=replace(PLACE, joins=CELL))
    assert (found.drift, found.off) == (drift, off)


def test_without_a_fragment_before_it_a_copy_cannot_drift() -> None:
    found = standing(came(1, time=CELL + 900))
    assert (found.drift, found.off) == (None, False)


def gaps(*indexes: int) -> int:
    return standing(*(came(index) for index in indexes)).gaps


def test_gaps_are_what_a_source_left_out_and_has_not_sent_since() -> None:
    assert gaps(5, 6, 7) == 0
    assert gaps(5, 9) == 3
    assert gaps(5, 9, 7) == 2
    assert gaps(5, 9, 6, 7, 8, 10) == 0
    assert gaps(5, 9, 7, 7, 3) == 2


def test_what_has_gone_on_elsewhere_has_skipped_nothing() -> None:
    assert gaps(5, 6 + MOST_SKIPPED, 8 + MOST_SKIPPED) == 1
    assert gaps(5 + MOST_SKIPPED, 4, 6) == 1
    assert gaps(5, 5 + MOST_SKIPPED) == MOST_SKIPPED - 1


def test_a_new_run_has_no_gap_before_it_and_a_clock_of_its_own() -> None:
    found = standing(came(5), came(9, run=1, delay=800), came(11, run=1, delay=900))
    assert (found.gaps, found.offset) == (1, -800)


def test_a_straggler_of_an_older_run_says_nothing_new() -> None:
    found = standing(came(9, run=1, delay=800), came(5, delay=100), came(11, run=1, delay=900))
    assert (found.gaps, found.offset) == (1, -800)


def test_sparse_tracks_have_neither_gaps_nor_drift() -> None:
    place = replace(PLACE, sparse=True, joins=7)
    found = standing(came(5), came(90), place=place)
    assert (found.gaps, found.drift, found.off) == (0, None, False)


def test_a_copy_that_comes_again_says_nothing_new() -> None:
    synchrony = Synchrony()
    assert synchrony.took(came(5), PLACE) is not None
    assert synchrony.took(came(5, delay=9), PLACE) is None
    assert synchrony.standings[KEY].offset == -300
    assert synchrony.standings[KEY].last == 6 * CELL + 300


def pair(behind: int, count: int = RECENT, place: Place = PLACE) -> Synchrony:
    """Sources a and b, of which b is so many ms later."""
    synchrony = Synchrony()
    for index in range(count):
        synchrony.took(came(index), place)
        synchrony.took(came(index, "b", 300 + behind), place)
    return synchrony


@pytest.mark.requirement("ENC-4a")
def test_a_source_that_comes_later_than_the_merge_waits_is_out_of_sync() -> None:
    assert pair(PATIENCE).apart("b") == ""
    synchrony = pair(PATIENCE + 1)
    assert synchrony.apart("a") == ""
    assert synchrony.apart("b") == (
        f"b, {VIDEO.name}: comes 1.501 s after a, and the merge waits 1.5 s: synchronise the"
        " encoders' clocks and delays, or set a longer patience"
    )


def test_of_several_the_odd_one_out_is_named() -> None:
    synchrony = Synchrony()
    delays = {"a": -4_000, "b": 300, "c": 310, "d": 4_000}
    copies = [came(index, *each) for index in range(2 * RECENT) for each in delays.items()]
    for each in sorted(copies, key=lambda copy: copy.arrival)[: -4 * RECENT // 2]:
        synchrony.took(each, PLACE)
    assert synchrony.apart("a").startswith(f"a, {VIDEO.name}: comes 4.31 s before c, and")
    assert synchrony.apart("d").startswith(f"d, {VIDEO.name}: comes 3.7 s after b, and")
    assert synchrony.apart("b") == synchrony.apart("c") == ""


def test_nothing_is_said_before_both_are_measured() -> None:
    assert pair(3_000, RECENT - 1).apart("b") == ""
    for early in "ab":
        synchrony = Synchrony()
        for index in range(RECENT + 1):
            for source, delay in {"a": 300, "b": 3_300}.items():
                if source == early or index > 1:
                    synchrony.took(came(index, source, delay), PLACE)
        assert synchrony.apart("b") == ""
        synchrony.took(came(RECENT + 1), PLACE)
        synchrony.took(came(RECENT + 1, "b", 3_300), PLACE)
        assert synchrony.apart("b")


def test_one_that_runs_ahead_accuses_nobody_who_is_not_alone() -> None:
    synchrony = Synchrony()
    for index in range(2 * RECENT):
        for source, delay in {"a": -1_400, "b": 300, "c": 300}.items():
            synchrony.took(came(index, source, delay), PLACE)
    assert synchrony.apart("b") == synchrony.apart("c") == ""
    assert " s before " in synchrony.apart("a")


def test_a_source_that_has_gone_is_no_measure() -> None:
    synchrony = pair(3_000)
    assert synchrony.apart("b")
    synchrony.took(came(RECENT, "b", 3_300), PLACE)
    assert synchrony.apart("b")
    synchrony.took(came(RECENT + 1, "b", 3_300), PLACE)
    assert synchrony.apart("b") == ""


def test_a_source_that_catches_up_is_in_step_again() -> None:
    synchrony = pair(3_000)
    synchrony.took(came(RECENT), PLACE)
    synchrony.took(came(RECENT, "b", 400), PLACE)
    assert synchrony.apart("b") == ""


def test_the_same_index_further_away_than_half_a_fragment_is_out_of_sync() -> None:
    synchrony = Synchrony()
    won = came(3)
    synchrony.took(won, PLACE)
    beside = replace(PLACE, won=won)
    synchrony.took(came(3, "b", time=3 * CELL + CELL // 2), beside)
    assert synchrony.apart("b") == ""
    synchrony.took(came(4, "b", time=4 * CELL - CELL // 2 - 1), replace(PLACE, won=came(4)))
    assert synchrony.apart("b") == (
        f"b, {VIDEO.name}: fragment 4 begins -1.001 s from where a has it: synchronise the two"
        " encoders"
    )


def test_neither_ones_own_copy_nor_that_of_one_who_has_gone_is_a_measure() -> None:
    synchrony = Synchrony()
    synchrony.took(came(3), PLACE)
    synchrony.took(came(9, "b", time=0), replace(PLACE, won=came(9, "b")))
    assert synchrony.apart("b") == ""
    synchrony.took(came(10, "b", time=0), replace(PLACE, won=came(10, "a")))
    assert synchrony.apart("b") == ""


def test_sparse_tracks_are_in_no_step() -> None:
    assert pair(9_000, place=replace(PLACE, sparse=True)).apart("b") == ""


def test_strangers_cannot_fill_the_memory_and_who_sends_is_not_forgotten() -> None:
    synchrony = Synchrony()
    for number in range(2 * MOST_STANDINGS):
        synchrony.took(came(0, f"s{number}"), PLACE)
        synchrony.took(came(2 * number), PLACE)
    assert len(synchrony.standings) == MOST_STANDINGS
    mine = synchrony.standings[KEY]
    assert mine.gaps == 2 * MOST_STANDINGS - 1
    assert len(mine._known) == len(mine._skipped) == MOST_INDEXES


@pytest.mark.parametrize(
    ("delay", "said"),
    [
        (3_600_000, "3600 s behind this machine's UTC"),
        (LONGEST_AGO + 1_000, "121 s behind"),
        (LONGEST_AGO, ""),
        (0, ""),
        (-FURTHEST_AHEAD, ""),
        (-FURTHEST_AHEAD - 1_000, "4 s ahead of"),
        (-3_600_000, "3600 s ahead of this machine's UTC: set its clock and time zone"),
    ],
)
def test_even_the_only_source_is_out_of_sync_with_utc(delay: int, said: str) -> None:
    apart = standing(came(0, delay=delay)).apart
    assert said in apart
    assert bool(apart) is bool(said)


def test_on_a_local_timeline_no_clock_is_wrong() -> None:
    local = replace(PLACE, epoch=1_700_000_000)
    late = came(0, delay=3_600_000)
    arrival = late.arrival + 1_700_000_000_000
    assert standing(replace(late, arrival=arrival), place=local).apart == ""


def test_one_that_has_made_up_for_an_outage_is_in_sync_again() -> None:
    behind = [came(index, delay=600_000) for index in range(3)]
    assert standing(*behind).apart
    assert standing(*behind, came(3)).apart == ""


@pytest.mark.parametrize(("hours", "said"), [(0, True), (-23, True), (23, True), (25, False)])
def test_a_source_that_stamps_utc_where_times_count_from_0_is_told_to_reset(
    hours: int, said: bool
) -> None:
    began = 1_700_000_000
    index = (began + 3_600 * hours) * 1000 // CELL
    late = replace(came(index), arrival=(began + 60) * 1000)
    apart = standing(late, place=replace(PLACE, epoch=began)).apart
    assert ("its times are UTC, and this channel counts from 0" in apart) == said

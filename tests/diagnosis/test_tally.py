"""Counters, and the changes that are worth a line."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import pytest

from relay.diagnosis.tally import FAR_BEHIND, MOST_SOURCES, OTHER, RECENT, Change, Tally
from relay.media import Copy, Verdict


def copy(source: str = "a", index: int = 1, arrival: int = 5) -> Copy:
    return Copy("video-1", 0, index, 100 * index, 100, 1, source, arrival, 10)


def test_every_verdict_is_counted() -> None:
    tally = Tally()
    for verdict in (Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.DUPLICATE):
        tally.note(copy(), verdict)
    assert tally.counts == {
        ("a", "video-1", Verdict.ACCEPTED): 2,
        ("a", "video-1", Verdict.DUPLICATE): 1,
    }
    tally.note(copy(arrival=9), Verdict.LATE)
    assert tally.last == {("a", "video-1"): 9}


def test_a_change_is_told_once_and_once_more_when_it_is_over() -> None:
    tally = Tally()
    told = [
        tally.note(copy(index=at), verdict)
        for at, verdict in enumerate(
            [Verdict.ACCEPTED, Verdict.LATE, Verdict.LATE, Verdict.HELD, Verdict.DUPLICATE]
        )
    ]
    assert told == [
        None,
        Change("a", "video-1", 1, "late"),
        None,
        None,
        Change("a", "video-1", 4, "well"),
    ]


def test_what_is_held_is_neither_well_nor_ill_until_its_end_is_known() -> None:
    """A source beside the grid is held, and then differs, with every fragment: one line."""
    tally = Tally()
    told = []
    for index in range(5):
        told += [tally.note(copy(index=index), Verdict.HELD)]
        told += [tally.note(copy(index=index), Verdict.DUPLICATE, "time 9 instead of 8")]
    assert [change for change in told if change] == [
        Change("a", "video-1", 0, "differs", "time 9 instead of 8")
    ]
    assert KEY not in tally.good
    assert tally.counts["a", "video-1", Verdict.HELD] == 5


def test_a_copy_that_differs_is_counted_and_told_with_its_detail() -> None:
    tally = Tally()
    assert tally.note(copy(), Verdict.DUPLICATE, "2 samples more") == Change(
        "a", "video-1", 1, "differs", "2 samples more"
    )
    assert tally.note(copy(), Verdict.DUPLICATE, "3 samples more") is None
    assert tally.differing == {("a", "video-1"): 2}


def test_sources_change_one_by_one() -> None:
    tally = Tally()
    tally.note(copy("a"), Verdict.LATE)
    assert tally.note(copy("b"), Verdict.LATE) == Change("b", "video-1", 1, "late")
    assert tally.sources() == ["a", "b"]


def test_a_source_stands_as_its_worst_track_and_each_track_by_itself() -> None:
    tally = Tally()
    tally.note(copy(), Verdict.ACCEPTED)
    tally.note(replace(copy(), track="audio-1"), Verdict.LATE)
    assert tally.state("a") == tally.state("a", "audio-1") == "late"
    assert tally.state("a", "video-1") == tally.state("a", "unknown") == "well"


@pytest.mark.threat("T29")
def test_strangers_cannot_fill_the_memory_with_names() -> None:
    tally = Tally()
    for number in range(10 * MOST_SOURCES):
        tally.note(copy(f"s{number}"), Verdict.ACCEPTED)
    assert len(tally.sources()) == MOST_SOURCES + 1
    assert tally.counts[OTHER, "video-1", Verdict.ACCEPTED] == 9 * MOST_SOURCES
    tally.note(copy("s3"), Verdict.ACCEPTED)
    assert tally.counts["s3", "video-1", Verdict.ACCEPTED] == 2


KEY = ("a", "video-1")


def test_the_outcome_of_recent_indexes_is_remembered() -> None:
    tally = Tally()
    verdicts = [Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.PARTIAL, Verdict.HELD, Verdict.LATE]
    for index, verdict in enumerate(verdicts):
        tally.note(copy(index=index), verdict)
    tally.note(copy(index=5), Verdict.DUPLICATE, "2 samples more")
    assert list(tally.recent[KEY].values()) == [
        "won",
        "duplicate",
        "partial",
        "held",
        "late",
        "differs",
    ]


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ([Verdict.ACCEPTED, Verdict.DUPLICATE], "won"),  # resent after a reconnection
        ([Verdict.HELD, Verdict.ACCEPTED], "won"),
        ([Verdict.HELD, Verdict.DUPLICATE], "duplicate"),
        ([Verdict.DUPLICATE, Verdict.LATE], "duplicate"),
    ],
)
def test_of_two_outcomes_the_stronger_one_counts(verdicts: list[Verdict], outcome: str) -> None:
    tally = Tally()
    for verdict in verdicts:
        tally.note(copy(), verdict)
    assert tally.recent[KEY] == {1: outcome}


def test_the_recent_past_is_bounded_and_a_suspect_has_no_place_in_it() -> None:
    tally = Tally()
    tally.note(copy(index=10**9), Verdict.SUSPECT)
    for index in range(3 * RECENT):
        tally.note(copy(index=index), Verdict.ACCEPTED)
    assert sorted(tally.recent[KEY]) == list(range(2 * RECENT, 3 * RECENT))


def test_what_cannot_be_published_is_no_good_arrival() -> None:
    tally = Tally()
    tally.note(copy(arrival=7), Verdict.DUPLICATE)
    for verdict in (Verdict.LATE, Verdict.SUSPECT):
        tally.note(copy(arrival=9), verdict)
    assert (tally.good[KEY], tally.last[KEY]) == (7, 9)


def test_what_is_unlike_the_published_copy_could_not_stand_in_for_it() -> None:
    tally = Tally()
    tally.note(copy(arrival=7), Verdict.DUPLICATE)
    tally.note(copy(index=2, arrival=9), Verdict.DUPLICATE, "time 9 instead of 8")
    assert (tally.good[KEY], tally.last[KEY]) == (7, 9)


def past(tally: Tally, indexes: Iterable[int], edge: int, track: str = "video-1") -> list[str]:
    """Duplicates of these indexes while the live edge stands: the states that are told."""
    told = [
        tally.note(
            replace(copy(index=at), track=track), Verdict.DUPLICATE, behind=max(0, edge - at)
        )
        for at in indexes
    ]
    return [change.state for change in told if change]


def test_a_source_that_sends_the_past_is_told_once_and_protects_nobody() -> None:
    tally = Tally()
    assert past(tally, range(5), 29) == ["behind"]
    assert tally.state("a") == "behind"
    assert KEY not in tally.good
    # It comes nearer, and is well once it is as near as a slow encoder may be.
    assert past(tally, range(5, 29 - FAR_BEHIND), 29) == []
    assert past(tally, range(29 - FAR_BEHIND, 29), 29) == ["well"]
    assert KEY in tally.good


def test_being_behind_is_one_line_for_all_tracks() -> None:
    tally = Tally()
    assert past(tally, [0], 29, "video-1") == ["behind"]
    assert past(tally, [0], 29, "audio-1") == []
    assert past(tally, [28], 29, "video-1") == []
    assert past(tally, [28], 29, "audio-1") == ["well"]


def test_being_behind_is_told_in_seconds() -> None:
    change = Change("enc_a", "video-1", 3, "behind", behind=26)
    assert change.code == "SOURCE_BEHIND"
    assert change.sentence(Fraction("1.92")) == (
        "enc_a is 50 s behind: it sends what was published long ago"
    )


@pytest.mark.parametrize("verdict", [Verdict.LATE, Verdict.SUSPECT, Verdict.PARTIAL])
def test_every_change_has_its_sentence(verdict: Verdict) -> None:
    tally = Tally()
    for told in (tally.note(copy(), verdict), tally.note(copy(), Verdict.ACCEPTED)):
        assert told is not None
        assert told.sentence(Fraction(2)).startswith("a, video-1, fragment 1: ")
        assert told.code == f"SOURCE_{told.state.upper()}"

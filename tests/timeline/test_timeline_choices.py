"""Which of several copies a timeline waits for, and what comes of the ones that it does not."""

from dataclasses import replace

import pytest

from relay.gathering import Offer, join
from relay.media import Copy, Gap, Verdict
from relay.timeline import Timeline
from relay.timeline.held import MOST_BYTES, MOST_HELD
from tests.pieces import CELL, GRID, SCALE, VIDEO, copy, fragment, offer

PATIENCE = 1500


def timeline(*placed: int) -> Timeline:
    line = Timeline(VIDEO.name, GRID, SCALE, PATIENCE, 60, 60)
    for index in placed:
        line.apply(copy(index), 0)
    return line


def offers(line: Timeline, now: int) -> list[Copy]:
    return [due.copy for due in line.due(now) if isinstance(due, Offer)]


def test_a_spare_source_waits_while_the_preferred_one_delivers() -> None:
    line = timeline(6)
    assert line.offer(offer(7, "b"), 0, prefer="a") is Verdict.ACCEPTED  # it is not there yet
    line.apply(copy(7, "b"), 0)
    assert line.offer(offer(8, "a"), 2000, prefer="a") is Verdict.ACCEPTED
    line.apply(copy(8, "a"), 2000)
    assert line.offer(offer(9, "b"), 4000, prefer="a") is Verdict.HELD
    assert line.offer(offer(9, "a"), 4500, prefer="a") is Verdict.ACCEPTED
    line.apply(copy(9, "a"), 4500)
    assert [due.source for due in offers(line, 4000 + PATIENCE)] == ["b"]  # the store has a's


def test_when_the_preferred_source_dies_the_spare_is_placed_after_patience() -> None:
    line = timeline(6)
    line.offer(offer(7, "a"), 0, prefer="a")
    line.apply(copy(7, "a"), 0)
    assert line.offer(offer(8, "b"), 2000, prefer="a") is Verdict.HELD
    assert line.deadline() == 2000 + PATIENCE
    assert [due.index for due in offers(line, 2000 + PATIENCE)] == [8]
    line.apply(copy(8, "b"), 2000 + PATIENCE)
    assert line.offer(offer(9, "b"), 4001, prefer="a") is Verdict.ACCEPTED  # two cells of silence


def test_another_is_preferred_from_the_next_copy_on() -> None:
    line = timeline(6)
    line.offer(offer(7, "a"), 0, prefer="a")
    line.apply(copy(7, "a"), 0)
    assert line.offer(offer(8, "b"), 2000, prefer="b") is Verdict.ACCEPTED
    assert line.offer(offer(9, "a"), 2001, prefer="b") is Verdict.HELD
    assert line.offer(offer(9, "a"), 2002, prefer=None) is Verdict.ACCEPTED


def test_what_is_held_for_a_preference_is_bounded() -> None:
    line = timeline(6)
    line.offer(offer(7, "a"), 0, prefer="a")
    verdicts = [line.offer(offer(7 + at, "b"), 1, prefer="a") for at in range(MOST_HELD + 2)]
    assert verdicts == [Verdict.HELD] * MOST_HELD + [Verdict.ACCEPTED] * 2


@pytest.mark.parametrize("order", ["slate first", "real first"])
def test_a_slate_loses_to_a_real_copy(order: str) -> None:
    line = timeline(6)
    slate, real = replace(offer(7, "a"), slate=True), offer(7, "b")
    if order == "slate first":
        assert line.offer(slate, 0) is Verdict.HELD
        assert line.offer(real, PATIENCE - 1) is Verdict.ACCEPTED
        line.apply(real.copy, PATIENCE - 1)
        assert [due.source for due in offers(line, PATIENCE)] == ["a"]
    else:
        line.offer(real, 0)
        line.apply(real.copy, 0)
        assert line.offer(slate, 0) is Verdict.DUPLICATE


def test_a_slate_is_better_than_a_gap() -> None:
    line = timeline(6)
    line.offer(replace(offer(7, "a"), slate=True), 0)
    line.apply(copy(8, "a"), 10)
    due = line.due(10 + PATIENCE)
    assert [each.copy.index for each in due if isinstance(each, Offer)] == [7]
    assert not any(isinstance(each, Gap) for each in due)


def test_halves_that_join_are_offered_as_one_before_either() -> None:
    line = timeline(6)
    begin = 7 * CELL
    rest = join(copy(7, "b"), [fragment(begin + 800, 1200)])
    half = join(copy(7, "a", partial=True), [fragment(begin, 800)])
    assert line.offer(rest, 0) is Verdict.HELD  # it does not begin where 6 ended
    assert line.offer(half, 100) is Verdict.HELD
    first, *others = offers(line, PATIENCE)
    assert (first.source, first.time, first.duration, first.partial) == ("a+b", begin, CELL, False)
    assert len(others) == 2


def test_a_break_comes_before_the_first_index_that_has_no_place_yet() -> None:
    line = timeline(6, 7)
    line.breaks(9)
    broken = [entry.discontinuity for at in (8, 9, 10) for entry in line.apply(copy(at), 0)]
    assert broken == [False, True, False]
    line.breaks(9)  # too late for 9: the next one
    assert [entry.discontinuity for entry in line.apply(copy(11), 0)] == [True]


def test_a_line_that_has_not_begun_has_nothing_to_break() -> None:
    line = timeline()
    line.breaks(7)
    assert [entry.discontinuity for entry in line.apply(copy(7), 0)] == [False]


def test_what_is_held_is_bounded_in_bytes() -> None:
    line, half = timeline(6), MOST_BYTES // 2
    line.offer(offer(7, "a"), 0, prefer="a")
    held = [line.offer(offer(7 + at, "b", size=half), 1, prefer="a") for at in range(3)]
    assert held == [Verdict.HELD, Verdict.HELD, Verdict.ACCEPTED]
    alone = timeline(6)
    alone.offer(offer(7, "a"), 0, prefer="a")
    assert alone.offer(offer(7, "b", size=3 * half), 1, prefer="a") is Verdict.HELD


def test_a_break_that_was_known_before_the_line_began_still_comes() -> None:
    line = timeline()
    line.breaks(5)
    line.breaks(9)
    broken = [entry.discontinuity for at in (7, 8, 9, 10) for entry in line.apply(copy(at), 0)]
    assert broken == [False, False, True, False]
    again = timeline()
    again.breaks(7)
    again.breaks(8)
    again.begin(7)
    broken = [entry.discontinuity for at in (7, 8) for entry in again.apply(copy(at), 0)]
    assert broken == [False, True]


def test_what_lost_while_it_was_held_takes_no_room_and_is_told_at_once() -> None:
    line = timeline(6)
    for at in range(MOST_HELD + 2):
        assert line.offer(replace(offer(7 + at, "a"), slate=True), 0) is Verdict.HELD
        line.apply(copy(7 + at, "b"), 0)
        assert [(due.source, due.index) for due in offers(line, 0)] == [("a", 7 + at)]
    assert line.deadline() is None


def test_what_was_held_for_a_place_behind_the_window_is_given_up() -> None:
    line = timeline(6)
    line.offer(replace(offer(7, "a"), slate=True), 0)
    line.apply(copy(500, "b"), 0)
    assert offers(line, PATIENCE) == []
    assert line.deadline() is None


def test_when_no_more_can_be_held_what_is_worse_than_what_is_is_let_go() -> None:
    line = timeline(6)
    line.offer(replace(offer(7, "a"), slate=True), 0, prefer="a")
    for at in range(MOST_HELD - 1):
        assert line.offer(offer(7 + at, "b"), 1, prefer="a") is Verdict.HELD
    assert line.offer(replace(offer(8, "a"), slate=True), 1, prefer="a") is Verdict.DUPLICATE
    assert line.offer(offer(8, "c"), 1, prefer="a") is Verdict.ACCEPTED
    assert line.offer(offer(8, "c", partial=True), 1) is Verdict.DUPLICATE

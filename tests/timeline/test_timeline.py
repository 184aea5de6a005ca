"""The verdicts and the order of one track (design 4.2)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.gathering import Offer
from relay.media import Copy, Gap, Verdict
from relay.runs import Run
from relay.timeline import Timeline
from tests.pieces import CELL, GRID, SCALE, VIDEO, copy, offer

PATIENCE = 1500


def timeline(depth: int = 60, reach: int = 60) -> Timeline:
    return Timeline(VIDEO.name, GRID, SCALE, PATIENCE, depth, reach)


def placed(line: Timeline, *members: Copy | Gap, now: int = 0) -> list[int]:
    return [entry.member.index for member in members for entry in line.apply(member, now)]


def test_copies_in_order_are_placed_as_they_come() -> None:
    line = timeline()
    for index in (7, 8, 9):
        assert line.offer(offer(index), 0) is Verdict.ACCEPTED
        assert placed(line, copy(index)) == [index]
    assert line.next == 10


def test_a_taken_index_is_a_duplicate() -> None:
    line = timeline()
    placed(line, copy(7))
    assert line.offer(offer(7, "b"), 0) is Verdict.DUPLICATE


def test_a_copy_that_does_not_join_is_held_for_one_that_does() -> None:
    line = timeline()
    placed(line, copy(7))
    early = offer(8, "b", time=8 * CELL - 21)
    assert line.offer(early, 100) is Verdict.HELD
    assert line.deadline() == 100 + PATIENCE
    assert line.offer(offer(8), 200) is Verdict.ACCEPTED
    assert placed(line, copy(8)) == [8]
    assert line.due(100 + PATIENCE) == [early]  # its put will find the index taken


def test_a_copy_that_nobody_bettered_is_placed_with_its_drift() -> None:
    line = timeline()
    placed(line, copy(7))
    early = offer(8, "b", time=8 * CELL - 300)
    line.offer(early, 100)
    assert line.due(99 + PATIENCE) == []
    (ready,) = line.due(100 + PATIENCE)
    assert isinstance(ready, Offer)
    (entry,) = line.apply(ready.copy, 0)
    assert entry.drift == -300


def test_half_a_frame_still_joins() -> None:
    line = timeline()
    placed(line, copy(7))
    assert line.offer(offer(8, "b", time=8 * CELL + 20), 0) is Verdict.ACCEPTED
    assert line.offer(offer(8, "b", time=8 * CELL + 21), 0) is Verdict.HELD


def test_what_is_ahead_waits_and_all_is_placed_in_order() -> None:
    line = timeline()
    placed(line, copy(7))
    assert line.offer(offer(9), 0) is Verdict.ACCEPTED
    assert placed(line, copy(9), copy(10)) == []
    assert placed(line, copy(8)) == [8, 9, 10]
    assert line.deadline() is None


def test_a_hole_becomes_gaps_that_fill_it_exactly() -> None:
    line = timeline()
    placed(line, copy(7))
    placed(line, copy(10), now=1000)
    assert line.due(999 + PATIENCE) == []
    gaps = line.due(1000 + PATIENCE)
    assert [gap.index for gap in gaps if isinstance(gap, Gap)] == [8, 9]
    told = [gap for gap in gaps if isinstance(gap, Gap)]
    assert (told[0].time, told[0].end, told[1].end) == (8 * CELL, 9 * CELL, 10 * CELL)
    assert placed(line, *told) == [8, 9, 10]


def test_a_copy_that_beat_the_gap_in_the_store_counts() -> None:
    line = timeline()
    placed(line, copy(7))
    placed(line, copy(9))
    line.due(PATIENCE)
    assert placed(line, copy(8)) == [8, 9]


def test_a_copy_for_a_declared_gap_fills_it_too_late() -> None:
    line = timeline()
    placed(line, copy(7), Gap(VIDEO.name, 0, 8, 8 * CELL, CELL, 0))
    assert line.offer(offer(8), 0) is Verdict.FILL
    assert line.offer(offer(8, partial=True), 0) is Verdict.LATE


def test_what_is_older_than_the_window_is_late_and_changes_nothing() -> None:
    line = timeline(depth=5)
    placed(line, *(copy(index) for index in range(7, 20)))
    assert line.offer(offer(3), 0) is Verdict.LATE
    assert placed(line, copy(3)) == []
    assert line.next == 20


def test_a_poisoned_far_future_changes_nothing() -> None:
    line = timeline(reach=60)
    placed(line, copy(7))
    assert line.offer(offer(7 + 10**6), 0) is Verdict.SUSPECT
    assert line.offer(offer(8), 0) is Verdict.ACCEPTED
    assert placed(line, copy(8)) == [8]
    assert line.deadline() is None


def test_suspects_that_follow_each_other_move_the_line_and_none_is_lost() -> None:
    line = timeline(reach=60)
    placed(line, copy(7))
    ahead = [offer(5000 + at) for at in range(3)]
    assert [line.offer(each, 10) for each in ahead] == [Verdict.SUSPECT] * 3
    assert line.due(10) == ahead
    assert placed(line, *(each.copy for each in ahead)) == [5000, 5001, 5002]
    assert line.offer(offer(5003), 20) is Verdict.ACCEPTED


def test_what_follows_on_what_is_ahead_is_not_far() -> None:
    """A backlog behind a hole nearly as long as the reach: its end is as sure as its beginning."""
    line = timeline(reach=60)
    placed(line, copy(7))
    for index in (8 + 59, 8 + 60, 8 + 61, 8 + 62):
        assert line.offer(offer(index), 0) is Verdict.ACCEPTED
        assert placed(line, copy(index)) == []
    assert line.offer(offer(8 + 62 + 62), 0) is Verdict.SUSPECT


def test_half_a_copy_convinces_nobody() -> None:
    line = timeline(reach=60)
    placed(line, copy(7))
    for index in (5000, 5001, 5002):
        assert line.offer(offer(index, partial=True), 10**6) is Verdict.SUSPECT
    assert line.due(10**9) == []


def test_a_line_that_goes_on_clears_suspicion() -> None:
    line = timeline(reach=60)
    placed(line, copy(7))
    for index in range(8, 20):
        assert line.offer(offer(5000 + index, "b"), 0) is Verdict.SUSPECT
        assert line.offer(offer(index), 0) is Verdict.ACCEPTED
        placed(line, copy(index))
    assert line.due(10**9) == []


@pytest.mark.requirement("FMT-4c", "ENC-5a", "AUDIO-1b")
def test_duplicates_that_differ_are_told() -> None:
    line = timeline()
    placed(line, copy(7))
    assert line.differs(copy(7, "b", time=7 * CELL + 20)) is None
    assert "time" in str(line.differs(copy(7, "b", time=7 * CELL + 100)))
    assert "duration" in str(line.differs(copy(7, "b", duration=CELL - 100)))
    assert "samples" in str(line.differs(copy(7, "b", sample_count=49)))
    assert line.differs(copy(7, "b", duration=100, partial=True)) is None


@pytest.mark.requirement("FMT-8a", "FMT-4c")
@given(st.data())
def test_any_order_of_arrival_is_placed_once_in_order(data: st.DataObject) -> None:
    """The view's law: placed = what was put, rising, each once, holes filled by gaps."""
    first, count = 100, data.draw(st.integers(1, 12))
    present = data.draw(st.sets(st.integers(first, first + count)))
    order = data.draw(st.permutations(sorted(present)))
    line = timeline()
    line.begin(first)
    seen: list[Copy | Gap] = []
    for index in order:
        seen += [entry.member for entry in line.apply(copy(index), 0)]
    while line.deadline() is not None:
        for ready in line.due(line.deadline() or 0):
            assert isinstance(ready, Gap)
            seen += [entry.member for entry in line.apply(ready, 0)]
    expected = list(range(first, max(present) + 1)) if present else []
    assert [member.index for member in seen] == expected
    assert {m.index for m in seen if isinstance(m, Copy)} == present
    assert all(a.end == b.time for a, b in pairwise(seen))


def test_a_run_goes_on_with_a_discontinuity_and_fills_what_it_skips() -> None:
    line = timeline()
    placed(line, copy(7), copy(8), copy(10))
    run = Run(1, 11, 11, 0)
    fillers = line.turn(run)
    assert [(e.member.run, e.member.index) for e in fillers] == [(0, 9), (0, 10)]
    assert line.deadline() is None
    assert placed(line, copy(9)) == []  # the old run is over
    first, second = line.apply(copy(11, time=0, run=1), 0) + line.apply(
        copy(12, time=CELL, run=1), 0
    )
    assert (first.discontinuity, second.discontinuity) == (True, False)
    assert line.offer(offer(13, time=2 * CELL, run=1), 0) is Verdict.ACCEPTED
    assert line.offer(offer(9, run=0), 0) is Verdict.LATE

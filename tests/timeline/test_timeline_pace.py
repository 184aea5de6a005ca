"""Who is ahead of the others, and of his time: what one track believes, and how long it waits."""

import pytest

from relay.gathering import Offer
from relay.media import Gap, Verdict
from relay.runs import LEAP, SILENCE
from relay.timeline import Timeline
from tests.pieces import copy, offer
from tests.timeline.test_timeline import PATIENCE, placed, timeline


@pytest.mark.parametrize("far", [LEAP + 1, 30, 60])
def test_a_leap_while_the_line_goes_on_opens_no_hole(far: int) -> None:
    """The line would not wait for what is before it, and the next of every source came too late."""
    line = timeline()
    line.offer(offer(7), 0)
    placed(line, copy(7))
    assert line.offer(offer(8 + far), 10) is Verdict.SUSPECT
    for index in range(8, 8 + far + 2):
        now = 2_000 * (index - 7)
        assert line.offer(offer(index, "b"), now) is Verdict.ACCEPTED
        assert placed(line, copy(index, "b")) == [index]
        assert line.due(now) == []


def test_who_comes_back_after_a_silence_is_where_he_is() -> None:
    line = timeline()
    line.offer(offer(7), 0)
    placed(line, copy(7))
    assert line.offer(offer(8 + LEAP), 10) is Verdict.ACCEPTED
    line = timeline()
    line.offer(offer(7), 0)
    placed(line, copy(7))
    assert line.offer(offer(30), SILENCE * 2_000) is Verdict.ACCEPTED


def test_a_leap_of_all_sources_is_believed_and_none_is_lost() -> None:
    """A backlog that is sent faster than it plays, with a hole in it."""
    line = timeline()
    for source in "ab":
        line.offer(offer(7, source), 0)
        placed(line, copy(7, source))
    ahead = [offer(30 + at, source) for at in range(3) for source in "ab"][:-1]
    assert {line.offer(each, 10) for each in ahead} == {Verdict.SUSPECT}
    assert {each.copy.index for each in line.due(10) if isinstance(each, Offer)} == {30, 31, 32}
    assert line.offer(offer(33, "b"), 10) is Verdict.ACCEPTED


def test_one_that_is_ahead_takes_over_where_the_other_dies() -> None:
    line = timeline()
    line.offer(offer(7), 0)
    placed(line, copy(7))
    for cell in range(5):
        now = 2_000 * (cell + 1)
        assert line.offer(offer(8 + cell + 5, "early"), now) is Verdict.SUSPECT
        assert line.offer(offer(8 + cell), now) is Verdict.ACCEPTED
        assert placed(line, copy(8 + cell)) == [8 + cell]
    for cell in (5, 6):
        assert line.offer(offer(13 + cell, "early"), 2_000 * (cell + 1)) is Verdict.SUSPECT
    assert line.offer(offer(20, "early"), 16_000) is Verdict.ACCEPTED
    assert placed(line, copy(20, "early")) == []
    after = [each.copy for each in line.due(16_000) if isinstance(each, Offer)]
    assert placed(line, *after) == [13, 14, 15, 16, 17, 18, 19, 20]


def walked(line: Timeline, source: str, *indexes: int, utc: int) -> list[Verdict]:
    found = []
    for index in indexes:
        found.append(line.offer(offer(index, source), 0, utc=utc))
        if found[-1] is Verdict.ACCEPTED:
            placed(line, copy(index, source))
    return found


def test_who_does_not_keep_the_pace_of_live_leaves_nobody_behind() -> None:
    """The line would be minutes ahead, and what others send live would come too late."""
    line, live = timeline(), 8 * 2_000
    walked(line, "b", 7, utc=live)
    found = walked(line, "a", *range(8, 20), utc=live)
    assert found == [Verdict.ACCEPTED] * 4 + [Verdict.SUSPECT] * 8
    found = walked(line, "b", *range(8, 14), utc=live + 12_000)
    assert found == [Verdict.DUPLICATE] * 4 + [Verdict.ACCEPTED] * 2


def test_who_is_alone_or_makes_up_for_the_past_keeps_his_pace() -> None:
    line = timeline()
    assert set(walked(line, "a", *range(7, 40), utc=8 * 2_000)) == {Verdict.ACCEPTED}
    line = timeline()
    walked(line, "b", 7, utc=100 * 2_000)
    assert set(walked(line, "a", *range(8, 40), utc=100 * 2_000)) == {Verdict.ACCEPTED}


def test_what_is_missing_is_no_gap_before_it_could_have_come() -> None:
    """Somebody is early, and has a hole: it is for the others to fill, in their time."""
    line, live = timeline(), 8 * 2_000
    walked(line, "b", 7, utc=live)
    walked(line, "a", 9, 10, utc=live)
    comes = 9 * 2_000 - live + PATIENCE
    assert line.deadline() == comes
    assert line.due(comes - 1) == []
    assert [gap.index for gap in line.due(comes) if isinstance(gap, Gap)] == [8]


def test_a_clock_that_is_wrong_keeps_no_hole_open_for_long() -> None:
    line = timeline()
    walked(line, "b", 7, utc=0)
    walked(line, "b", 9, utc=0)
    assert line.deadline() == LEAP * 2_000 + PATIENCE


def test_what_was_offered_stands_for_what_the_store_has_not_told_yet() -> None:
    line = timeline()
    for index in range(7, 20):
        assert line.offer(offer(index), 0) is Verdict.ACCEPTED

"""How gaps share the time between their neighbours."""

from relay.timeline.gaps import gaps
from tests.pieces import copy


def test_they_lie_between_what_is_known_and_fill_it_to_the_tick() -> None:
    known = {9: copy(9, time=9_001, duration=2_000), 12: copy(12, time=16_002)}
    found = list(gaps(7, 5_000, known))
    assert [index for index, _, _ in found] == [7, 8, 10, 11]
    assert found[0] == (7, 5_000, 2_000)
    assert found[1] == (8, 7_000, 2_001)
    assert found[2][1] == 11_001
    assert sum(length for _, _, length in found[2:]) == 16_002 - 11_001


def test_there_are_none_where_nothing_is_missing_and_empty_ones_where_no_time_is() -> None:
    assert list(gaps(7, 5_000, {7: copy(7, time=5_000)})) == []
    assert list(gaps(7, 5_000, {8: copy(8, time=4_000)})) == [(7, 5_000, 0)]

"""Members by index: what is kept, what is forgotten, and that it stays small."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.timeline.placed import Placed
from tests.pieces import copy


@given(st.integers(1, 40), st.lists(st.integers(1, 40), max_size=200), st.integers(0, 9))
def test_it_is_as_a_dict_of_the_last_ones(depth: int, steps: list[int], first: int) -> None:
    placed, known, at = Placed(), {}, first
    for step in steps:
        for _ in range(step):
            known[at] = copy(at)
            placed.add(known[at])
            at += 1
            known.pop(at - 1 - depth, None)
            placed.cut(at - depth)
        assert len(placed) == len(known) == len(placed.indexes)
        assert len(placed._members) <= 2 * depth
    assert [*placed.indexes] == [*known]
    assert all(placed.get(index) is known.get(index) for index in range(first - 2, at + 2))


def test_only_the_next_one_has_a_place() -> None:
    placed = Placed()
    placed.add(copy(7))
    with pytest.raises(ValueError, match="9 is not behind 7"):
        placed.add(copy(9))
    placed.clear()
    placed.add(copy(9))
    placed.cut(20)
    assert not placed
    placed.add(copy(3))
    assert placed.indexes == range(3, 4)

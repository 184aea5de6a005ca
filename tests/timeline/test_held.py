"""What waits for a better copy, and how much of it there may be."""

from relay.timeline.held import MOST_BYTES, MOST_HELD, Held
from tests.pieces import offer


def test_they_are_bounded_in_number_and_in_bytes_and_one_may_be_larger() -> None:
    held = Held()
    assert held.takes(offer(7, size=2 * MOST_BYTES))
    held.add(10, offer(7, size=MOST_BYTES))
    assert not held.takes(offer(8, size=1))
    held.drop()
    held.add(10, *(offer(7 + at, size=1) for at in range(MOST_HELD)))
    assert not held.takes(offer(8, size=1))


def test_all_of_an_index_come_out_when_one_is_due() -> None:
    held = Held()
    held.add(10, offer(7, "a"), offer(9, "a"))
    held.add(20, offer(7, "b"), offer(8, "b"))
    assert [(o.copy.index, o.copy.source) for o in held.of(7)] == [(7, "a"), (7, "b")]
    assert held.ready(9, 0) == []
    held.hurry(5, lambda index: index == 8)
    assert sorted(held.deadlines()) == [5, 10, 10, 20]
    assert [o.copy.index for o in held.ready(5, 0)] == [8]
    found = held.ready(10, 0)
    assert [(o.copy.index, o.copy.source) for o in found] == [(7, "a"), (9, "a"), (7, "b")]
    assert len(held) == 0


def test_what_lies_before_a_stop_comes_out_and_what_lies_behind_a_start_is_given_up() -> None:
    held = Held()
    held.add(99, *(offer(at) for at in (7, 8, 9)))
    assert [o.copy.index for o in held.ready(0, 8)] == [7]
    held.drop(9)
    assert [o.copy.index for _, o in held] == [8]

"""What waits is bounded, and comes out in order."""

from relay.arrival import MOST_BYTES, MOST_WAITING, Arrival, Ending, Sender, Waiting
from tests.pieces import fragment

A = Sender("a", "main")
B = Sender("b", "main")


def arrival(time: int, sender: Sender = A, size: int = 1) -> Arrival:
    return Arrival(sender, fragment(time, data=(bytes(size),)), 0, 0)


def test_what_waits_comes_out_in_the_order_in_which_it_came() -> None:
    waiting = Waiting()
    items: list[Arrival | Ending] = [arrival(2), Ending(B, 0, clean=True), arrival(1)]
    for item in items:
        assert waiting.add(item) == []
    assert list(waiting) == items
    assert waiting.take(lambda item: item.sender == B) == [items[1]]
    assert waiting.take_all() == [items[0], items[2]]
    assert waiting.take_all() == []


def test_the_oldest_is_given_up_for_the_newest() -> None:
    waiting = Waiting()
    waiting.add(Ending(B, 0, clean=True))
    for time in range(MOST_WAITING - 1):
        assert waiting.add(arrival(time)) == []
    assert waiting.add(arrival(500)) == []  # the end of a POST is no fragment
    (oldest,) = waiting.add(arrival(501))
    assert oldest.time == 0


def test_bytes_are_bounded_but_one_fragment_may_always_wait() -> None:
    waiting = Waiting()
    half = MOST_BYTES // 2
    assert waiting.add(arrival(0, size=half)) == []
    assert waiting.add(arrival(1, size=half)) == []
    assert [given.time for given in waiting.add(arrival(2, size=1))] == [0]
    assert [given.time for given in waiting.add(arrival(3, size=2 * half))] == [1, 2]
    assert len(waiting.take_all()) == 1
    assert waiting.add(arrival(4, size=half)) == []

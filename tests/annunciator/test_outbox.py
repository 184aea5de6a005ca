"""Messages of one receiver: in order, tried again, given up, bounded."""

from relay.annunciator.outbox import (
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    MOST_WAITING,
    Message,
    Outbox,
)


def message(number: int) -> Message:
    return Message(f"msg_{number}", b"{}")


def test_in_order_and_one_at_a_time() -> None:
    box = Outbox()
    assert (box.due(0), box.deadline()) == (None, None)
    for number in range(3):
        box.put(message(number))
    for number in range(3):
        assert box.due(5) == box.due(6) == message(number)
        box.taken()
    assert (box.sent, box.failed, box.lost, box.waiting) == (3, 0, 0, 0)


def test_what_failed_is_tried_again_after_longer_and_longer_waits() -> None:
    box, now, waits = Outbox(), 0, []
    box.put(message(1))
    for _ in range(MOST_ATTEMPTS - 1):
        assert box.due(now) == message(1)
        box.did_not(now)
        assert box.failing
        deadline = box.deadline()
        assert deadline is not None
        assert box.due(deadline - 1) is None
        waits.append(deadline - now)
        now = deadline
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= LONGEST_WAIT
    assert box.due(now) == message(1)
    box.taken()
    assert (box.sent, box.failed, box.lost, box.failing) == (1, MOST_ATTEMPTS - 1, 0, False)


def test_the_wait_that_a_receiver_asks_for_is_kept() -> None:
    box = Outbox()
    box.put(message(1))
    box.due(0)
    box.did_not(0, 90_000)
    assert box.deadline() == 90_000


def test_one_that_refuses_for_good_loses_message_by_message() -> None:
    box = Outbox()
    for number in (1, 2):
        box.put(message(number))
    now = 0
    for _ in range(MOST_ATTEMPTS):
        now = box.deadline() or 0
        assert box.due(now) == message(1)
        box.did_not(now)
    now = box.deadline() or 0
    assert box.due(now) == message(2)
    assert (box.lost, box.waiting) == (1, 1)
    box.did_not(now)
    assert (box.lost, box.waiting, box.deadline()) == (2, 0, None)
    box.put(message(3))
    deadline = box.deadline()
    assert deadline is not None
    assert box.due(deadline) == message(3)
    box.taken()
    assert not box.failing


def test_of_too_many_the_oldest_is_lost_but_not_the_one_under_way() -> None:
    box = Outbox()
    for number in range(MOST_WAITING):
        box.put(message(number))
    box.put(message(1_000))
    assert box.due(0) == message(1)
    box.put(message(1_001))
    assert box.lost == 2
    box.taken()
    assert box.due(0) == message(3)
    assert box.waiting == MOST_WAITING - 1

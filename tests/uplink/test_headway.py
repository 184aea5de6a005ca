"""The send timeout: what counts as being taken, and what does not."""

from relay.uplink.headway import Headway
from relay.uplink.stamp import PIECE

LIMIT = 3_000


def test_a_receiver_that_takes_nothing_is_over_behind_the_limit() -> None:
    made = Headway(LIMIT, 0)
    made.hand(10)
    made.look(9, 2_000)
    assert not made.over(LIMIT)
    assert made.over(LIMIT + 1)
    assert not made.over(LIMIT + 1, least=LIMIT + 1)


def test_bytes_now_and_then_do_not_count_and_pieces_do() -> None:
    made = Headway(LIMIT, 0)
    made.hand(3 * PIECE + 5)
    for at in range(1, 4):
        made.look(at * PIECE, at * LIMIT)
        assert not made.over((at + 1) * LIMIT)
        made.look(at * PIECE + 4, (at + 1) * LIMIT)
        assert made.since == at * LIMIT
        assert made.waits
    made.look(3 * PIECE + 5, 4 * LIMIT)
    assert not made.waits


def test_nothing_to_take_takes_no_time() -> None:
    made = Headway(LIMIT, 0)
    made.look(0, 100 * LIMIT)
    made.hand(7)
    made.look(7, 101 * LIMIT)
    made.look(7, 200 * LIMIT)
    assert not made.over(201 * LIMIT)


def test_a_way_that_carries_what_a_stream_makes_is_never_given_up() -> None:
    """Fragments of 2 s, larger and smaller than a piece, over a way with a queue of a minute."""
    for size in (16_000, 400_000):
        made, handed = Headway(LIMIT, 0), 0
        for _ in range(30):
            made.hand(size)
            handed += size
        for now in range(0, 60_000, 100):
            made.look(min(handed, now * size // 2_000), now)
            assert not made.over(now)

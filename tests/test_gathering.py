"""When a sender's copy of an index is whole."""

from relay.gathering import MOST_BYTES, MOST_OPEN, Gathering
from tests.pieces import CELL, GRID, VIDEO, fragment


def gathering() -> Gathering:
    return Gathering(VIDEO, "a", GRID, patience=1500)


def test_one_fragment_that_fills_its_cell_is_whole_at_once() -> None:
    (offer,) = gathering().add(5, fragment(5 * CELL), utc=7)
    assert (offer.copy.index, offer.copy.time, offer.copy.duration) == (5, 5 * CELL, CELL)
    assert (offer.copy.arrival, offer.copy.size, offer.copy.partial) == (
        7,
        len(offer.data[0]),
        False,
    )


def test_a_split_fragment_is_whole_with_its_second_half() -> None:
    sender = gathering()
    assert sender.add(5, fragment(5 * CELL, 800), 0) == []
    (offer,) = sender.add(5, fragment(5 * CELL + 800, 1200), 1)
    assert offer.copy.duration == CELL
    assert offer.copy.sample_count == 50
    assert len(offer.data) == 2
    assert not sender.busy


def test_a_short_copy_is_whole_when_its_sender_goes_on_from_its_end() -> None:
    sender = gathering()
    assert sender.add(5, fragment(5 * CELL, 800), 0) == []
    (short,) = sender.add(6, fragment(5 * CELL + 800, 2600), 1)[:1]
    assert (short.copy.index, short.copy.duration, short.copy.partial) == (5, 800, False)


def test_a_copy_whose_end_its_sender_left_out_waits_and_is_partial() -> None:
    sender = gathering()
    assert sender.add(5, fragment(5 * CELL, 800), 0, 10) == []
    (full,) = sender.add(6, fragment(6 * CELL), 1, 20)
    assert full.copy.index == 6
    assert sender.deadline() == 1520
    (short,) = sender.due(1520)
    assert (short.copy.index, short.copy.duration, short.copy.partial) == (5, 800, True)


def test_a_clean_end_makes_the_rest_whole() -> None:
    sender = gathering()
    sender.add(5, fragment(5 * CELL, 800), 0)
    (offer,) = sender.end(now=10, clean=True)
    assert not offer.copy.partial


def test_a_dead_sender_leaves_a_partial_after_patience() -> None:
    sender = gathering()
    sender.add(5, fragment(5 * CELL, 800), 0)
    assert sender.end(now=10, clean=False) == []
    assert sender.deadline() == 1510
    assert sender.due(1509) == []
    (offer,) = sender.due(1510)
    assert offer.copy.partial
    assert not sender.busy


def test_a_sender_that_comes_back_in_time_completes_its_copy() -> None:
    """It resends what it had sent, then goes on: pieces that are there are not doubled."""
    sender = gathering()
    sender.add(5, fragment(5 * CELL, 800), 0)
    sender.end(now=10, clean=False)
    assert sender.add(5, fragment(5 * CELL, 800), 20) == []
    assert sender.deadline() is None
    (offer,) = sender.add(5, fragment(5 * CELL + 800, 1200), 30)
    assert (offer.copy.duration, offer.copy.partial) == (CELL, False)


def test_a_resent_older_index_is_a_copy_of_its_own() -> None:
    sender = gathering()
    sender.add(6, fragment(6 * CELL, 800), 0)
    (offer,) = sender.add(5, fragment(5 * CELL), 1)
    assert offer.copy.index == 5
    assert sender.busy


def test_what_begins_in_mid_cell_is_not_whole_by_reaching_its_end() -> None:
    sender = gathering()
    assert sender.add(5, fragment(5 * CELL + 800, 1200), 0) == []


def test_pieces_that_do_not_join_are_partial() -> None:
    sender = gathering()
    sender.add(5, fragment(5 * CELL, 400), 0)
    assert sender.add(5, fragment(5 * CELL + 800, 1200), 1) == []
    sender.add(6, fragment(6 * CELL), 2, 30)
    (first,) = sender.due(1530)
    assert first.copy.partial


def test_what_is_open_is_bounded() -> None:
    sender = gathering()
    for index in range(100, 0, -1):
        sender.add(index, fragment(index * CELL, 400), 0)
    assert len(sender._open) <= MOST_OPEN + 1


def test_an_empty_duration_neither_fails_nor_loops() -> None:
    sender = gathering()
    for _ in range(3):
        sender.add(5, fragment(5 * CELL, 0), 0)
    assert len(sender.end(0, clean=True)) == 1


def test_the_bytes_of_one_copy_are_bounded_and_what_was_cut_is_partial() -> None:
    sender, data = gathering(), (bytes(MOST_BYTES // 4),)
    for at in range(8):
        sender.add(5, fragment(5 * CELL + at, 1, data=data), 0)
    (cut,) = sender.end(0, clean=True)
    assert cut.copy.size == MOST_BYTES
    assert cut.copy.partial


def test_a_piece_replaces_what_it_overlaps() -> None:
    sender = gathering()
    sender.add(5, fragment(5 * CELL, 400), 0)
    sender.add(5, fragment(5 * CELL + 400, 400), 0)
    sender.end(now=10, clean=False)
    assert sender.add(5, fragment(5 * CELL, 800), 20) == []
    (offer,) = sender.add(5, fragment(5 * CELL + 800, 1200), 30)
    assert (offer.copy.time, offer.copy.duration, len(offer.data)) == (5 * CELL, CELL, 2)
    assert offer.copy.sample_count == 50


def test_what_was_left_alone_the_longest_is_closed_first() -> None:
    sender = gathering()
    for index in range(100, 100 + MOST_OPEN):
        sender.add(index, fragment(index * CELL, 400), 0)
        sender.end(now=0, clean=False)
    (oldest,) = sender.add(5, fragment(5 * CELL, 400), 0)
    assert (oldest.copy.index, oldest.copy.partial) == (100, True)

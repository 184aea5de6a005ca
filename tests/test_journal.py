"""The list that an operator reads stays short and in order."""

from relay.journal import MOST_EVENTS, REPEATS, WITHIN_MS, Event, Journal


def test_events_are_kept_in_order_and_the_oldest_leave() -> None:
    journal = Journal()
    for at in range(3 * MOST_EVENTS):
        journal.note(at, "SOURCE_LATE", f"fragment {at}", grave=True)
    kept = list(journal.events.items())
    assert len(kept) == MOST_EVENTS
    assert [event.at for _, event in kept] == list(range(2 * MOST_EVENTS, 3 * MOST_EVENTS))
    assert [number for number, _ in kept] == sorted(number for number, _ in kept)
    assert all(event.grave for _, event in kept)


def test_one_that_repeats_itself_counts_and_moves_to_the_end() -> None:
    journal = Journal()
    journal.note(1, "GAP", "a gap")
    for at in range(2, 100, 2):
        journal.note(at, "SOURCE_CONNECTED", "a connected")
        journal.note(at + 1, "SOURCE_ENDED", "a ended")
    assert list(journal.events.values()) == [
        Event(1, "GAP", "a gap"),
        Event(98, "SOURCE_CONNECTED", "a connected", count=49),
        Event(99, "SOURCE_ENDED", "a ended", count=49),
    ]


def test_an_equal_one_of_long_ago_stays_where_it_is() -> None:
    journal = Journal()
    journal.note(0, "A", "first")
    for at in range(REPEATS):
        journal.note(at, "B", str(at))
    journal.note(9, "A", "first")
    assert [event.code for event in journal.events.values()] == ["A", *"B" * REPEATS, "A"]
    journal.note(9 + WITHIN_MS, "A", "first")
    journal.note(10 + 2 * WITHIN_MS, "A", "first")
    assert [event.count for event in journal.events.values()][-2:] == [2, 1]

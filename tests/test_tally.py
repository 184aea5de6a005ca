"""Counters, and the changes that are worth a line."""

from relay.media import Copy, Verdict
from relay.tally import MOST_SOURCES, OTHER, Change, Tally


def copy(source: str = "a", index: int = 1, arrival: int = 5) -> Copy:
    return Copy("video-1", 0, index, 0, 100, 1, source, arrival, 10)


def test_every_verdict_is_counted() -> None:
    tally = Tally()
    for verdict in (Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.DUPLICATE):
        tally.note(copy(), verdict)
    assert tally.counts == {
        ("a", "video-1", Verdict.ACCEPTED): 2,
        ("a", "video-1", Verdict.DUPLICATE): 1,
    }
    tally.note(copy(arrival=9), Verdict.LATE)
    assert tally.last == {("a", "video-1"): 9}


def test_a_change_is_told_once_and_once_more_when_it_is_over() -> None:
    tally = Tally()
    told = [
        tally.note(copy(index=at), verdict)
        for at, verdict in enumerate(
            [Verdict.ACCEPTED, Verdict.LATE, Verdict.LATE, Verdict.HELD, Verdict.DUPLICATE]
        )
    ]
    assert told == [
        None,
        Change("a", "video-1", 1, "late"),
        None,
        Change("a", "video-1", 3, "well"),
        None,
    ]


def test_a_copy_that_differs_is_counted_and_told_with_its_detail() -> None:
    tally = Tally()
    assert tally.note(copy(), Verdict.DUPLICATE, "2 samples more") == Change(
        "a", "video-1", 1, "differs", "2 samples more"
    )
    assert tally.note(copy(), Verdict.DUPLICATE, "3 samples more") is None
    assert tally.differing == {("a", "video-1"): 2}


def test_sources_change_one_by_one() -> None:
    tally = Tally()
    tally.note(copy("a"), Verdict.LATE)
    assert tally.note(copy("b"), Verdict.LATE) == Change("b", "video-1", 1, "late")
    assert tally.sources() == ["a", "b"]


def test_strangers_cannot_fill_the_memory_with_names() -> None:
    tally = Tally()
    for number in range(10 * MOST_SOURCES):
        tally.note(copy(f"s{number}"), Verdict.ACCEPTED)
    assert len(tally.sources()) == MOST_SOURCES + 1
    assert tally.counts[OTHER, "video-1", Verdict.ACCEPTED] == 9 * MOST_SOURCES
    tally.note(copy("s3"), Verdict.ACCEPTED)
    assert tally.counts["s3", "video-1", Verdict.ACCEPTED] == 2

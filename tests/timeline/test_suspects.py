"""When copies from far ahead convince, and how many of them are kept."""

from relay.gathering import Offer
from relay.timeline.suspects import CONVINCING, MOST_BYTES, MOST_SUSPECTS, Suspects
from tests.pieces import offer


def places(offers: list[Offer]) -> list[tuple[str, int]]:
    return [(each.copy.source, each.copy.index) for each in offers]


def row(suspects: Suspects, source: str, *indexes: int) -> list[Offer]:
    """What is in a row after all of these."""
    return [suspects.add(offer(index, source)) for index in indexes][-1]


def test_three_in_a_row_of_one_source_convince() -> None:
    suspects = Suspects()
    assert places(row(suspects, "b", 901, 903, 902)) == [("b", 902)]
    line = row(suspects, "b", 903)
    assert not suspects.convinces(line, 0, leap=False)
    row(suspects, "a", 904)
    line = row(suspects, "b", 904)
    assert places(line) == [("b", 902), ("b", 903), ("b", 904)]
    assert suspects.convinces(line, 0, leap=False)
    suspects.clear()
    assert places(row(suspects, "b", 905)) == [("b", 905)]


def test_a_leap_convinces_when_no_other_source_goes_on_and_more_when_none_does() -> None:
    suspects = Suspects()
    suspects.goes_on("a", 7, now=100)
    line = row(suspects, "a", 20, 21, 22)
    assert suspects.convinces(line, 99, leap=True)
    assert not suspects.convinces(line, 99, leap=False)
    assert suspects.convinces(line, 100, leap=False)
    suspects.goes_on("b", 8, now=200)
    assert not suspects.convinces(line, 199, leap=True)
    assert suspects.convinces(line, 200, leap=True)
    row(suspects, "b", 20)  # it has left the line too
    assert suspects.convinces(line, 199, leap=True)


def test_who_delivers_where_the_line_is_was_only_damaged() -> None:
    suspects = Suspects()
    row(suspects, "a", 20, 21)
    row(suspects, "b", 30)
    suspects.goes_on("c", 9, now=0)
    assert len(list(suspects)) == 3
    suspects.goes_on("c", 21, now=0)
    assert places(list(suspects)) == [("b", 30)]
    suspects.goes_on("b", 22, now=0)
    assert not list(suspects)


def test_those_who_go_on_are_bounded() -> None:
    suspects = Suspects()
    for name in range(MOST_SUSPECTS + 1):
        suspects.goes_on(f"stranger {name}", 7, now=name)
    assert len(suspects._went_on) == MOST_SUSPECTS
    assert suspects.goes(MOST_SUSPECTS - 1)
    assert not suspects.goes(MOST_SUSPECTS)


def test_the_newest_of_a_source_and_the_newest_sources_are_kept() -> None:
    suspects = Suspects()
    for at in range(MOST_SUSPECTS + 2):
        suspects.add(offer(900 + at, "a"))
    assert [index for _, index in places(list(suspects))] == list(range(902, 902 + MOST_SUSPECTS))
    for name in range(MOST_SUSPECTS):
        suspects.add(offer(900, f"stranger {name}"))
    assert {source for source, _ in places(list(suspects))} == {
        f"stranger {name}" for name in range(MOST_SUSPECTS)
    }


def test_they_are_bounded_in_bytes_but_enough_to_convince_is_kept() -> None:
    suspects = Suspects()
    for source in "abcdef":
        for at in range(6):
            suspects.add(offer(9_000 + at, source, size=MOST_BYTES // 2))
    assert places(list(suspects)) == [("f", 9_003 + at) for at in range(CONVINCING)]

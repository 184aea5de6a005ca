"""When copies from far ahead convince, and how many of them are kept."""

from relay.gathering import Offer
from relay.suspects import CONVINCING, MOST_BYTES, MOST_SUSPECTS, Suspects
from tests.pieces import offer


def places(offers: list[Offer]) -> list[tuple[str, int]]:
    return [(each.copy.source, each.copy.index) for each in offers]


def test_three_in_a_row_of_one_source_convince() -> None:
    suspects = Suspects()
    assert not any(suspects.add(offer(900 + at, "ab"[at % 2])) for at in range(5) if at != 2)
    assert suspects.add(offer(902, "b")) == []  # not in a row with its 901 and 903
    assert suspects.add(offer(903, "b")) == []
    assert places(suspects.add(offer(904, "b"))) == [("b", 902), ("b", 903), ("b", 904)]
    suspects.clear()
    assert suspects.add(offer(905, "b")) == []


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

"""How a source came and left, in its own words."""

from relay.diagnosis.visits import MOST_REFUSALS, MOST_VISITORS, Visits


def test_a_visit_is_counted_and_its_end_told() -> None:
    visits = Visits()
    visits.began("a")
    visits.began("a")
    visits.ended("a", 7, "broke off: stream main")
    visitor = visits.visitors["a"]
    assert (visitor.posts, visitor.reason, visitor.left) == (2, "broke off: stream main", 7)


def test_a_refusal_says_more_than_the_end_behind_it_but_not_than_the_next_visit() -> None:
    visits = Visits()
    visits.began("a")
    visits.refused("a", 5, "was refused: no header")
    visits.ended("a", 6, "broke off")
    visitor = visits.visitors["a"]
    assert (visitor.reason, visitor.left, list(visitor.refused)) == (
        "was refused: no header",
        5,
        [5],
    )
    visits.began("a")
    visits.ended("a", 9, "ended")
    assert (visitor.reason, visitor.left) == ("ended", 9)
    assert list(visitor.refused) == [5]


def test_what_strangers_name_is_bounded() -> None:
    visits = Visits()
    visits.began("first")
    for number in range(MOST_VISITORS - 1):
        visits.began(f"s{number}")
    visits.refused("first", 1, "was refused")
    visits.began("one more")
    assert len(visits.visitors) == MOST_VISITORS
    assert "first" in visits.visitors
    assert "s0" not in visits.visitors
    for at in range(2 * MOST_REFUSALS):
        visits.refused("first", at, "was refused")
    assert len(visits.visitors["first"].refused) == MOST_REFUSALS

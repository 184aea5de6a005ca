"""The timeline's width and the words of its cells that the board's own tests leave out."""

from fractions import Fraction

import pytest

from relay.media import Verdict
from relay.monitor.cells import FEWEST, MOST, columns
from tests.monitor.test_board import Bench
from tests.pieces import VIDEO


@pytest.mark.parametrize(
    ("seconds", "wide"),
    [("2", 30), ("1.92", 32), ("1001/500", 30), ("0.5", MOST), ("1", 60), ("10", FEWEST)],
)
def test_a_minute_is_shown_within_bounds(seconds: str, wide: int) -> None:
    assert columns(Fraction(seconds)) == wide


def test_a_refusal_stands_where_the_copy_is_missing() -> None:
    bench = Bench()
    bench.both(0, 1)
    for index in range(2, 6):
        bench.arrive(index, "a")
        if index == 3:
            bench.diagnosis.visits.refused("b", bench.utc + 100, "was refused: too old")
    assert bench.cells("b") == ["duplicate", "duplicate", "silent", "refused", "silent", "silent"]
    assert bench.cells("a") == ["won"] * 6


def test_a_source_that_delivered_nothing_is_told_with_its_reason() -> None:
    bench = Bench()
    bench.diagnosis.visits.began("c")
    seen = bench.look()["sources"]["c"]
    assert (seen["state"], seen["alive"], seen["visits"]) == ("connected", False, 1)
    bench.diagnosis.visits.refused("c", 3_000, "was refused: no header")
    seen = bench.look()["sources"]["c"]
    assert (seen["state"], seen["reason"], seen["last"]) == (
        "refused",
        "was refused: no header",
        3_000,
    )


def test_a_late_copy_keeps_its_word() -> None:
    bench = Bench()
    bench.both(0, 1)
    bench.arrive(1, "b", VIDEO.name, verdict=Verdict.LATE)
    assert bench.cells("b")[-1] == "duplicate"

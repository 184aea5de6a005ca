"""What goes wrong on purpose."""

from collections.abc import Sequence

import pytest

from relay.encoder.faults import parse
from relay.encoder.stamp import Stamper
from relay.uplink.steps import Answer, Cut, Wait
from tests.encoder.planned import (
    BEGAN,
    CELL,
    FIRST,
    again,
    cells,
    due,
    live,
    numbers,
    plan,
    run,
    sent,
    told,
)


def body(stamper: Stamper, *faults: str, last: int = 6) -> list[int]:
    made = plan(stamper, *faults)
    live(made)
    return numbers(run(made, BEGAN, due(last))[0])


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (["drop=2-3"], [1, 4, 5, 6]),
        (["duplicate=2"], [1, 2, 2, 3, 4, 5, 6]),
        (["reorder=2"], [1, 3, 2, 4, 5, 6]),
        (["reorder=2", "drop=3"], [1, 2, 4, 5, 6]),
    ],
)
def test_faults_of_the_order(stamper: Stamper, faults: list[str], expected: list[int]) -> None:
    assert body(stamper, *faults) == cells(*expected)


def test_late_and_stalled_fragments(stamper: Stamper) -> None:
    made = plan(stamper, "delay=500", "stall=3@2")
    live(made)
    sent(made, BEGAN)
    assert made.step(BEGAN) == Wait(due(1) + 500)
    sent(made, due(1) + 500)
    assert run(made, due(1) + 500, due(2) + 500)[1] == Wait(due(2) + 3500)
    assert made.step(due(2) + 3499) == Wait(due(2) + 3500)
    data, _, _ = run(made, due(2) + 3500, due(4))
    assert data.startswith(stamper.fragment(stamper.tracks[0], FIRST + 1))


def test_a_connection_breaks_at_the_byte_and_its_rest_comesagain(stamper: Stamper) -> None:
    made = plan(stamper, "kill@30000")
    live(made)
    data, step, now = run(made, BEGAN, due(50))
    assert (len(data), step) == (30_000, Cut())
    made.closed(None, now, 30_000)
    whole = (now // CELL - FIRST) - 1  # the last one is cut
    resent, step, _ = run(made, again(made, now), due(9))
    assert numbers(resent) == cells(*range(max(1, whole - 1), 10))
    assert isinstance(step, Wait)


def test_a_connection_breaks_at_a_moment(stamper: Stamper) -> None:
    made = plan(stamper, "kill=5")
    live(made)
    _, step, now = run(made, BEGAN, due(50))
    assert (step, now) == (Cut(), BEGAN + 5000)


def test_a_damaged_fragment_is_whole_when_it_is_sentagain(stamper: Stamper) -> None:
    made = plan(stamper, "corrupt=2")
    live(made)
    data, _, now = run(made, BEGAN, due(2))
    right = [stamper.fragment(each, FIRST + 1) for each in stamper.tracks]
    assert not any(fragment in data for fragment in right)
    made.closed(Answer(400), now, len(data))
    resent = sent(made, again(made, now))
    assert all(fragment in resent for fragment in right)


def test_an_encoder_that_begins_anew_knows_nothing_of_its_first_life(stamper: Stamper) -> None:
    made = plan(stamper, "restart-at-zero=3")
    live(made)
    data, step, now = run(made, BEGAN, due(50))
    assert (numbers(data), step, now) == (cells(1, 2), Cut(), due(3))
    made.closed(None, now, len(data))
    resent, step, _ = run(made, again(made, now), due(6))
    assert isinstance(step, Wait)
    assert _shown(resent) == [0, 1, 2, 3]


def _shown(data: bytes) -> Sequence[int]:
    """Presentation times in cells."""
    return [(f.time + f.offset) * 25 // (48 * f.track.timescale) for f in told(data)]


def test_poison_is_in_the_fragment_however_often_it_is_sent(stamper: Stamper) -> None:
    made = plan(stamper, "poison=2")
    live(made)
    data, _, now = run(made, BEGAN, due(3))
    ten_years = 315_576_000 * 25 // 48
    assert _shown(data) == [FIRST, FIRST + 1 + ten_years, FIRST + 2]
    made.closed(None, now, len(data))
    assert _shown(sent(made, again(made, now))) == [FIRST + 1 + ten_years, FIRST + 2]


def test_an_order_counts_from_what_comes_next_and_stays_in_the_fragment(stamper: Stamper) -> None:
    made = plan(stamper)
    live(made)
    data, _, now = run(made, BEGAN, due(3))
    assert numbers(data) == cells(1, 2, 3)
    made.faults.order(parse("drop=1-2"), made.reached)
    more, _, now = run(made, now, due(7))
    assert numbers(data + more) == cells(1, 2, 3, 6, 7)
    made.closed(None, now, 0)
    assert numbers(sent(made, again(made, now))) == cells(1, 2, 3, 6, 7)


def test_a_delay_may_begin_and_end_while_it_runs(stamper: Stamper) -> None:
    made = plan(stamper)
    live(made)
    sent(made, BEGAN)
    sent(made, due(1))
    made.faults.order(parse("delay=2000"), made.reached)
    assert made.step(due(1)) == Wait(due(2) + 2000)
    made.faults.order(parse("delay=0"), made.reached)
    assert made.step(due(1)) == Wait(due(2))

from fractions import Fraction

import pytest

from relay.encoder.faults import DAMAGED, Faults, Wire, parse
from relay.encoder.stamp import NONE, Slip, Stamper
from relay.errors import OperatorError
from relay.mp4.walk import box_at

CELL = Fraction(2)


def faults(*texts: str, seed: int = 0) -> Faults:
    return Faults([parse(text) for text in texts], seed)


@pytest.mark.parametrize(
    "text",
    [
        *("", "drop", "drop=", "drop=0", "drop=5-3", "kill", "kill@", "kill@1s", "poison=-1"),
        *("corrupt=1:ftyp", "stall=1@", "dorp=1", "delay=1.5", "drop=1;kill=2", "drift=fast"),
    ],
)
def test_what_cannot_be_read_is_refused_with_help(text: str) -> None:
    with pytest.raises(OperatorError) as caught:
        parse(text)
    assert text[:4] in caught.value.message
    if "=" in text and not text.startswith("dorp") and text not in {"drop=0", "drop=5-3"}:
        assert caught.value.hint.startswith(f"Write: {text[:4]}")


def test_connections_break_where_and_when_it_was_asked() -> None:
    wrong = faults("kill@900", "kill=2.5", "kill@30", "kill=1")
    assert (wrong.kill_bytes, wrong.kill_ms) == ([30, 900], [1000, 2500])


def test_fragments_are_dropped_from_first_to_last() -> None:
    wrong = faults("drop=2-3", "drop=6")
    assert [n for n in range(1, 9) if wrong.dropped(n)] == [2, 3, 6]


def test_what_happens_on_the_wire_happens_to_one_fragment() -> None:
    wrong = faults("duplicate=2", "reorder=3", "corrupt=4:moof", "corrupt=5", "stall=1.5@6")
    assert [wrong.wire(n) for n in range(1, 8)] == [
        Wire(),
        Wire(copies=2),
        Wire(late=True),
        Wire(corrupt="moof"),
        Wire(corrupt="mdat"),
        Wire(stall=1500),
        Wire(),
    ]
    assert [n for n in range(1, 9) if faults("stall=1").wire(n).stall] == [4]


def test_delays_add_up() -> None:
    assert faults("delay=300", "delay=50").delay == 350
    assert faults().delay == 0


def test_a_drifting_clock_moves_begin_and_end() -> None:
    wrong = faults("drift=30")  # 1 ms in a cell of 2 s
    slips = [wrong.slip(n, 1000 + n, CELL) for n in (1, 2, 3)]
    assert [slip.shift_after for slip in slips] == [Fraction(n, 1000) for n in (1, 2, 3)]
    assert [slip.shift for slip in slips] == [0, *(slip.shift_after for slip in slips[:2])]
    assert faults("drift=-30").slip(2, 0, CELL).shift == Fraction(-1, 1000)


def test_poison_and_slate_touch_their_fragments_only() -> None:
    wrong = faults("poison=2", "slate=4-5")
    assert wrong.slip(1, 100, CELL) == wrong.slip(3, 100, CELL) == NONE
    assert wrong.slip(2, 100, CELL).shift == 10 * Fraction(31_557_600)
    assert [wrong.slip(n, 100 + n, CELL) for n in (4, 5)] == [
        Slip(content=105),
        Slip(content=106),
    ]


def test_a_new_life_lasts_until_the_next() -> None:
    wrong = faults("restart-at-zero=3", "restart-at-zero=5")
    assert [wrong.restarted(n) for n in range(1, 7)] == [0, 0, 3, 3, 5, 5]


@pytest.mark.parametrize("where", ["moof", "mdat"])
def test_damage_is_where_it_was_asked_for_and_the_seed_repeats_it(
    stamper: Stamper, where: str
) -> None:
    whole = stamper.fragment(stamper.tracks[0], 7)
    moof = box_at(whole, 0, len(whole))
    wrong = faults("corrupt=1")
    damaged = wrong.damaged(whole, 1, where)
    assert damaged == faults("corrupt=1").damaged(whole, 1, where)
    assert damaged != faults("corrupt=1", seed=1).damaged(whole, 1, where)
    changed = [at for at, (a, b) in enumerate(zip(whole, damaged, strict=True)) if a != b]
    assert 1 <= len(changed) <= DAMAGED
    inside = range(8, moof.end) if where == "moof" else range(moof.end + 8, len(whole))
    assert all(at in inside for at in changed)


def test_orders_count_from_the_next_fragment() -> None:
    wrong = faults("drop=2")
    wrong.order(parse("drop=1-3"), 10)
    wrong.order(parse("corrupt=2"), 10)
    assert [n for n in range(1, 20) if wrong.dropped(n)] == [2, 11, 12, 13]
    assert [n for n in range(1, 20) if wrong.wire(n).corrupt] == [12]


def test_a_delay_takes_the_place_of_the_one_before() -> None:
    wrong = faults("delay=300", "delay=50")
    wrong.order(parse("delay=2000"), 5)
    assert wrong.delay == 2000
    wrong.order(parse("delay=0"), 9)
    assert wrong.delay == 0


def test_an_order_is_forgotten_when_it_is_long_over() -> None:
    wrong = faults()
    for n in range(1, 5000):
        wrong.order(parse("drop=1"), n)
    assert not wrong.dropped(4000)
    assert [n for n in range(4900, 4999) if not wrong.dropped(n)] == []


@pytest.mark.parametrize("text", ["kill=3", "kill@9", "drift=5", "restart-at-zero=1"])
def test_what_has_to_be_asked_for_at_the_start_is_no_order(text: str) -> None:
    with pytest.raises(OperatorError) as caught:
        faults().order(parse(text), 1)
    assert caught.value.message.startswith('"' + text.partition("=")[0].partition("@")[0])
    assert "delay" in caught.value.hint

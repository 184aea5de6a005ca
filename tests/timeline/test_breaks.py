"""Where discontinuities come."""

from relay.timeline.breaks import Breaks


def test_none_comes_before_the_beginning_and_one_before_the_first_from_its_start_on() -> None:
    breaks = Breaks()
    breaks.add(5)
    assert [breaks.before(index) for index in (5, 6)] == [False, False]
    breaks.add(8)
    assert [breaks.before(index) for index in (7, 9, 10)] == [False, True, False]


def test_a_line_that_moves_begins_anew_and_a_run_breaks_however_it_began() -> None:
    breaks = Breaks()
    assert not breaks.before(1)
    breaks.add(50)
    breaks.move()
    assert not breaks.before(60)
    breaks.add(3)
    breaks.add(90)
    breaks.turn(70)
    assert [breaks.before(index) for index in (70, 71, 95)] == [True, False, True]

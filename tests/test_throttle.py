"""How much an attack may write into the log."""

from relay.throttle import BURST, EVERY_MS, MOST_KEYS, RATE, Throttle


def test_one_address_has_a_line_a_second() -> None:
    throttle = Throttle()
    passed = [now for now in range(0, 5_000, 10) if throttle.passes("10.0.0.1", now)]
    assert passed == [0, 1_000, 2_000, 3_000, 4_000]


def test_the_next_line_says_how_many_were_left_out() -> None:
    throttle = Throttle()
    assert throttle.passes("a", 0)
    assert throttle.told() == {}
    assert not any(throttle.passes("a", now) for now in range(1, 8))
    assert throttle.passes("b", 10)
    assert throttle.told() == {"left_out": 7}
    assert throttle.told() == {}


def test_many_addresses_together_have_a_burst_and_then_a_rate() -> None:
    throttle = Throttle()
    seconds = 60
    passed = [at for at in range(seconds * 1_000) if throttle.passes(f"address {at}", at)]
    assert BURST + RATE * seconds - 2 <= len(passed) <= BURST + RATE * seconds
    assert len(throttle._last) <= MOST_KEYS


def test_after_a_pause_there_is_a_burst_again_and_no_more() -> None:
    throttle = Throttle()
    for at in range(BURST):
        assert throttle.passes(str(at), 0)
    assert not throttle.passes("one more", 0)
    late = 3_600_000
    assert [throttle.passes(f"late {at}", late) for at in range(BURST + 1)].count(True) == BURST
    assert EVERY_MS == 1_000

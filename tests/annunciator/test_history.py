"""Alarms begin, settle, come and go, end, are seen, and are bounded."""

from relay.annunciator.history import CLEARING, MOST_PAST, MOST_STANDING, Amiss, History, Key

DOWN = Key("CHANNEL_DOWN", "news", "")
NOBODY = Amiss("nobody delivers", "0 sources", "2 sources")


def test_an_alarm_has_a_beginning_and_an_end() -> None:
    history = History(7)
    (raised,) = history.look({DOWN: NOBODY}, 1_000)
    assert raised.raised
    assert (raised.alarm.id, raised.alarm.since, raised.alarm.until) == (7, 1_000, None)
    assert history.look({DOWN: NOBODY}, 1_500) == []
    assert history.look({}, 1_500 + CLEARING - 1) == []
    (cleared,) = history.look({}, 1_500 + CLEARING)
    assert not cleared.raised
    assert (cleared.alarm.id, cleared.alarm.until) == (7, 1_500), "when it was last so"
    assert list(history.standing) == []
    assert [alarm.id for alarm in history] == [7]


def test_one_that_comes_and_goes_is_one() -> None:
    history = History()
    told = [history.look({DOWN: NOBODY} if at % 2 else {}, at * 1_000) for at in range(1, 60)]
    assert sum(map(len, told)) == 1


def test_one_that_begins_again_is_another_one() -> None:
    history = History()
    for at in (0, 100_000):
        history.look({DOWN: NOBODY}, at)
        history.look({}, at + CLEARING)
    assert [(alarm.id, alarm.since) for alarm in history] == [(2, 100_000), (1, 0)]


def test_its_figures_are_the_newest_and_its_beginning_the_first() -> None:
    history = History()
    history.look({DOWN: NOBODY}, 0)
    assert history.look({DOWN: Amiss("x", "1 source", "2 sources")}, 500) == []
    (alarm,) = history
    assert (alarm.since, alarm.amiss.measured) == (0, "1 source")


def test_what_has_to_settle_is_told_later_and_began_earlier() -> None:
    late, history = Amiss("late", settle=5_000), History()
    assert history.look({DOWN: late}, 0) == []
    assert history.look({}, 1_000) == []
    assert history.look({DOWN: late}, 2_000) == []
    assert history.look({DOWN: late}, 6_999) == [], "it began anew"
    (raised,) = history.look({DOWN: late}, 7_000)
    assert raised.alarm.since == 2_000


def test_it_is_acknowledged_while_it_stands_and_afterwards_and_once() -> None:
    history = History()
    history.look({DOWN: NOBODY}, 0)
    history.look({DOWN: NOBODY, Key("CLOCK", "", "host"): NOBODY}, 10)
    assert history.unacknowledged() == 2
    seen = history.acknowledge(1, 20)
    assert seen is not None
    assert seen.acknowledged == 20
    history.look({}, 10 + CLEARING)
    again = history.acknowledge(1, 99)
    assert again is not None
    assert (again.acknowledged, again.until) == (20, 10)
    assert history.unacknowledged() == 1
    assert history.acknowledge(2, 30) is not None
    assert history.unacknowledged() == 0
    assert history.acknowledge(3, 30) is None


def test_strangers_cannot_fill_it() -> None:
    history = History()
    many = {Key("SOURCE_LATE", "news", f"s{at}"): NOBODY for at in range(MOST_STANDING + 50)}
    assert len(history.look(many, 0)) == MOST_STANDING
    assert history.look(many, 500) == []
    history.look({}, 500 + CLEARING)
    assert len(list(history)) == MOST_PAST
    assert min(alarm.id for alarm in history) == MOST_STANDING - MOST_PAST + 1, "the newest stay"
    settling = {Key("X", "news", f"{at}"): Amiss("", settle=1) for at in range(3 * MOST_STANDING)}
    history.look(settling, 10_000)
    assert len(history.look(settling, 10_001)) == MOST_STANDING

"""Alarms are told when they begin and when they are over, and never in between."""

from relay.diagnosis.alarms import MOST_ALARMS, Alarm, Alarms


def test_an_alarm_is_told_once_and_once_more_when_it_is_over() -> None:
    alarms = Alarms()
    assert alarms.stand("X", "a", "a: by 1") == [Alarm("X", "a: by 1")]
    assert alarms.stand("X", "a", "a: by 2") == []
    assert alarms.standing == {("X", "a"): Alarm("X", "a: by 2")}
    assert alarms.over("X", "a") == [Alarm("X", "a: as it should be again", grave=False)]
    assert alarms.over("X", "a") == []
    assert alarms.stand("X", "a", "again") == [Alarm("X", "again")]


def test_codes_and_subjects_are_told_apart() -> None:
    alarms = Alarms()
    alarms.stand("X", "a", "1")
    assert alarms.stand("X", "b", "2") == [Alarm("X", "2")]
    assert alarms.stand("Y", "a", "3", grave=False) == [Alarm("Y", "3", grave=False)]
    assert alarms.over("X", "a")[0].code == "X"
    assert set(alarms.standing) == {("X", "b"), ("Y", "a")}


def test_all_that_stands_under_a_code_is_told_as_a_difference() -> None:
    alarms = Alarms()
    alarms.stand("Y", "z", "of another code")
    assert alarms.only("X", {"a": "1", "b": "2"}) == [Alarm("X", "1"), Alarm("X", "2")]
    assert alarms.only("X", {"b": "2", "c": "3"}) == [
        Alarm("X", "a: as it should be again", grave=False),
        Alarm("X", "3"),
    ]
    assert set(alarms.standing) == {("Y", "z"), ("X", "b"), ("X", "c")}


def test_a_subject_that_is_gone_is_forgotten_without_a_word() -> None:
    alarms = Alarms()
    for code, subject in (("X", "a"), ("Y", "a"), ("X", "b"), ("X", "a, video"), ("X", "ab, a")):
        alarms.stand(code, subject, "")
    alarms.forget("a")
    assert set(alarms.standing) == {("X", "b"), ("X", "a, video"), ("X", "ab, a")}
    alarms.forget("a", tracks=True)
    assert set(alarms.standing) == {("X", "b"), ("X", "ab, a")}


def test_strangers_cannot_fill_the_memory_nor_the_log() -> None:
    alarms = Alarms()
    told = [alarms.stand("X", f"s{at}", "bad") for at in range(3 * MOST_ALARMS)]
    assert sum(map(len, told)) == len(alarms.standing) == MOST_ALARMS
    assert alarms.stand("X", "s0", "worse") == []
    assert alarms.standing["X", "s0"].text == "worse"

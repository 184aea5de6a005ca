"""A publishing point whose encoder was restarted, or whose clock is off."""

import pytest

from relay.arrival import Sender
from relay.media import Pin
from relay.outcome import Outcome
from relay.publishing_point import PublishingPoint
from relay.runs import Run
from tests.pieces import AUDIO, CELL, GRID, VIDEO, fragment, header

A = Sender("a", "main")
B = Sender("b", "main")
UTC = 1_767_225_600_000


def on_air(**settings: object) -> PublishingPoint:
    point = PublishingPoint("news", **settings)  # type: ignore[arg-type]
    point.header(A, header(VIDEO, AUDIO), 0)
    point.pinned_grid(GRID)
    for index in range(1000, 1003):
        point.fragment(A, fragment(index * CELL), index * 2000, UTC)
    return point


@pytest.mark.requirement("ENC-6e")
def test_a_restarted_encoder_begins_a_run_and_loses_nothing() -> None:
    point, now = on_air(), 2_010_000
    pins: list[Pin] = []
    for raw in range(3):
        for of in (VIDEO, AUDIO):
            outcome = point.fragment(A, fragment(raw * CELL, of=of), now, UTC + now)
            assert outcome.offers == []
            pins += outcome.pins
        now += 2000
    assert {pin.name for pin in pins} == {"run/1"}
    run = Run.read(pins[0])
    assert (run.start, run.offset) == (1003, 1003)
    assert run.epoch == round((UTC + 2_010_000) / 1000) - 2
    offers = point.pinned_run(run).offers
    assert [(o.copy.track, o.copy.run, o.copy.index) for o in offers] == [
        (of.name, 1, index) for index in (1003, 1004, 1005) for of in (VIDEO, AUDIO)
    ]
    (offer,) = point.fragment(A, fragment(3 * CELL), now, UTC).offers
    assert (offer.copy.run, offer.copy.index, offer.copy.time) == (1, 1006, 3 * CELL)


@pytest.mark.requirement("ENC-6e", "RED-3a")
def test_a_clock_that_went_back_beside_a_good_one_is_refused() -> None:
    point = on_air()
    point.fragment(B, fragment(1003 * CELL), 2_006_000, UTC)
    assert point.fragment(A, fragment(0), 2_007_000, UTC) == Outcome()
    outcome = point.fragment(A, fragment(CELL), 2_009_000, UTC)
    assert outcome.offers == []
    assert outcome.refusal is not None
    assert outcome.refusal.status == 409
    assert "2004 s behind" in outcome.refusal.message
    assert "-output_ts_offset" in outcome.refusal.hint


def test_a_restart_may_be_refused_by_configuration() -> None:
    point = on_air(restarts=False)
    outcomes = [point.fragment(A, fragment(n * CELL), 2_010_000 + n * 2000, UTC) for n in range(3)]
    assert [outcome.refusal is None for outcome in outcomes] == [True, True, False]
    assert [outcome.pins for outcome in outcomes] == [[], [], []]


def test_a_replay_takes_up_the_run() -> None:
    point = PublishingPoint("news")
    point.pinned_run(Run(1, 1003, 1003, 77))
    point.pinned_grid(GRID)
    (offer,) = point.fragment(A, fragment(5 * CELL), 0, UTC).offers
    assert (offer.copy.run, offer.copy.index) == (1, 1008)


def test_what_was_resent_in_a_burst_is_not_lost() -> None:
    point = on_air()
    assert point.fragment(A, fragment(990 * CELL), 2_010_000, UTC) == Outcome()
    offers = point.fragment(A, fragment(991 * CELL), 2_010_020, UTC).offers
    assert [offer.copy.index for offer in offers] == [990, 991]


def test_a_restart_of_both_relay_and_encoder_begins_a_run() -> None:
    point = PublishingPoint("news")
    point.pinned_grid(GRID)
    point.stored({VIDEO.name: 1002})
    outcomes = [point.fragment(A, fragment(n * CELL), n * 2000, UTC) for n in range(3)]
    (pin,) = outcomes[2].pins
    assert Run.read(pin).start == 1003


def test_what_waits_for_a_run_that_nobody_begins_is_given_up() -> None:
    point, now = on_air(), 2_010_000
    came = fragment(0)
    assert point.fragment(A, came, now, UTC) == Outcome()
    over = point.deadline()
    assert over is not None
    assert point.due(over - 1) == Outcome()
    assert point.due(over).suspect == [came]
    assert point.deadline() is None
    assert over - now > 3 * 2000  # a restarted encoder has sent three by then


def test_what_was_refused_or_left_behind_long_ago_is_no_part_of_a_restart() -> None:
    point, now, once = on_air(), 2_006_000, Sender("c", "main")
    for sender in (once, A, B):
        point.fragment(sender, fragment(1003 * CELL), now, UTC)
    point.fragment(once, fragment(50 * CELL), now, UTC)
    now += 60_000
    point.fragment(A, fragment(1009 * CELL), now, UTC)
    point.fragment(B, fragment(60 * CELL), now, UTC)
    assert point.fragment(B, fragment(61 * CELL), now + 2000, UTC).refusal is not None
    now += 10_000
    pins: list[Pin] = []
    for raw in (100, 101, 102):
        pins += point.fragment(A, fragment(raw * CELL), now, UTC).pins
        now += 2000
    assert [Run.read(pin).offset for pin in pins] == [910]
    offers = point.pinned_run(Run.read(pins[0])).offers
    assert [(o.copy.source, o.copy.index) for o in offers] == [
        ("a", 1010),
        ("a", 1011),
        ("a", 1012),
    ]

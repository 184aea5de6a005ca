"""Events of sparse tracks: when they can be seen, and how many there may be."""

from dataclasses import replace
from fractions import Fraction

import pytest

from relay.media import Copy, Entry, Gap, Kind, Verdict
from relay.presentation import Presentation, fold, register
from relay.sparse import (
    AHEAD,
    LARGEST,
    MOST_BYTES,
    MOST_EVENTS,
    MOST_IN_A_CELL,
    NOTICE,
    Signals,
    linger,
)
from tests.pieces import AUDIO, CELL, GRID, SCALE, VIDEO, copy, track

CUES = replace(track("scte", Kind.TEXT, 0), parent=VIDEO.key.name)


def event(time: int, **changed: object) -> Copy:
    values: dict[str, object] = {"time": time, "duration": 0, "track": CUES.name, "event": True}
    return copy(time // CELL, **{**values, **changed})  # type: ignore[arg-type]


def signals(*events: Copy) -> Signals:
    made = Signals()
    made.register(VIDEO)
    made.register(CUES)
    for each in events:
        made.apply(each)
    return made


def playing(*indexes: int) -> Presentation:
    shown = register(Presentation("news", GRID, Fraction(120)), VIDEO, 800_000)
    for index in indexes:
        shown = fold(shown, Entry(copy(index)))
    return shown


def seen(made: Signals) -> list[int]:
    return [each.time for each in made.visible[CUES.name]]


@pytest.mark.requirement("SPARSE-4f")
def test_an_event_is_visible_once_a_parent_fragment_begins_at_its_time_or_later() -> None:
    made = signals(event(8 * CELL), event(8 * CELL + 1))
    assert not made.surface(playing(7), {})
    assert seen(made) == []
    assert made.surface(playing(7, 8), {})
    assert seen(made) == [8 * CELL]
    assert made.surface(playing(7, 8, 9), {})
    assert seen(made) == [8 * CELL, 8 * CELL + 1]
    assert not made.surface(playing(7, 8, 9, 10), {})


@pytest.mark.requirement("SPARSE-4f")
def test_a_hole_of_the_parent_lets_time_pass_too() -> None:
    made = signals(event(8 * CELL))
    gap = Gap(VIDEO.name, 0, 8, 8 * CELL, CELL, 0)
    assert made.surface(fold(playing(7), Entry(gap)), {})


@pytest.mark.requirement("SPARSE-2a")
def test_an_event_waits_while_its_parent_is_unknown() -> None:
    orphan = replace(CUES, parent="camera")
    made = Signals()
    made.register(orphan)
    made.apply(event(CELL))
    assert not made.surface(playing(7, 8), {})
    assert seen(made) == []


def test_another_timescale_is_compared_exactly() -> None:
    fine = replace(CUES, timescale=90_000)
    made = Signals()
    made.register(fine)
    made.apply(event(8 * CELL * 90 + 1))
    assert not made.surface(playing(7, 8), {})
    assert made.surface(playing(7, 8, 9), {})


def test_events_of_an_older_run_are_past() -> None:
    made = signals(event(50 * CELL), event(CELL, run=1))
    shown = fold(playing(7), Entry(copy(8, time=0, run=1), discontinuity=True))
    assert made.surface(shown, {})
    assert seen(made) == [50 * CELL]


def test_two_encoders_events_are_one() -> None:
    made = signals(event(CELL))
    assert made.offer(event(CELL, source="b")) is Verdict.DUPLICATE
    assert made.offer(event(CELL + 1)) is Verdict.ACCEPTED


def test_events_are_seen_in_order_of_time() -> None:
    made = signals(event(3 * CELL), event(CELL), event(2 * CELL))
    made.surface(playing(7), {})
    assert seen(made) == [CELL, 2 * CELL, 3 * CELL]


@pytest.mark.threat("T42")
def test_a_flood_is_bounded_in_a_cell_and_in_all() -> None:
    made = signals(*(event(CELL + at) for at in range(MOST_IN_A_CELL)))
    assert made.offer(event(2 * CELL - 1)) is Verdict.FLOOD
    assert made.offer(event(2 * CELL)) is Verdict.ACCEPTED
    many = signals(*(event(at * SCALE) for at in range(MOST_EVENTS)))
    assert many.offer(event(MOST_EVENTS * CELL)) is Verdict.FLOOD
    many.surface(playing(7), {VIDEO.name: MOST_EVENTS // 4 + linger(playing(7))})
    assert many.offer(event(MOST_EVENTS * CELL)) is Verdict.ACCEPTED


@pytest.mark.threat("T42")
def test_one_whose_time_is_damaged_takes_no_room() -> None:
    made = signals()
    assert made.offer(event(10**9 * CELL)) is Verdict.ACCEPTED, "nobody knows yet what time it is"
    made.surface(playing(100), {VIDEO.name: 40})
    day = AHEAD * SCALE // CELL
    assert made.offer(event((40 + day) * CELL)) is Verdict.ACCEPTED
    assert made.offer(event((200 + day) * CELL)) is Verdict.SUSPECT


def test_what_events_hold_is_bounded() -> None:
    """Twenty of 20 MB made a playlist cost 400 MB, and a Smooth manifest 16 s and 1.4 GB."""
    made = signals()
    assert made.offer(event(0, size=LARGEST)) is Verdict.ACCEPTED
    assert made.offer(event(0, size=LARGEST + 1)) is Verdict.FLOOD
    full = signals(*(event(at * CELL, size=LARGEST) for at in range(MOST_BYTES // LARGEST)))
    assert full.offer(event(CELL + 1, size=1)) is Verdict.FLOOD


def test_what_has_left_the_window_is_forgotten_when_no_segment_can_tell_of_it_any_more() -> None:
    """A segment can be fetched for a quarter of the window of 120 s more: 30 s, 15 cells."""
    late = linger(playing(7))
    assert late >= (30 + NOTICE) // 2
    made = signals(event(CELL), event(9 * CELL))
    made.surface(playing(7), {})
    assert not made.surface(playing(7), {VIDEO.name: 1 + late})
    assert seen(made) == [CELL]
    assert made.surface(playing(7), {VIDEO.name: 2 + late})
    assert seen(made) == []
    assert made.floors == {CUES.name: 2}
    assert made.offer(event(CELL)) is Verdict.LATE


def test_the_window_is_that_of_the_furthest_track_by_the_parents_name() -> None:
    """One that was taken out of the ladder keeps no event for ever; others have no say."""
    made = signals(event(CELL), event(9 * CELL))
    low = track(bitrate=300_000)
    shown = register(register(playing(7, 8, 9), low, 300_000), AUDIO, 96_000)
    late = linger(shown)
    assert made.surface(shown, {low.name: 0, AUDIO.name: 50 + late})
    assert seen(made) == [CELL, 9 * CELL]
    assert made.surface(shown, {low.name: 0, AUDIO.name: 50 + late, VIDEO.name: 2 + late})
    assert seen(made) == [9 * CELL]

"""A publishing point whose encoder comes back with other settings."""

from dataclasses import replace

import pytest

from relay.arrival import Sender
from relay.errors import HeaderDiffers
from relay.headers import Change
from relay.media import Pin
from relay.outcome import Outcome
from relay.publishing_point import PublishingPoint
from tests.pieces import AUDIO, CELL, GRID, VIDEO, fragment, header

A = Sender("a", "main")
B = Sender("b", "main")
UTC = 1_767_225_600_000
OTHER = replace(VIDEO, codecs="y", sample_entry=b"another")
NEW = header(OTHER, AUDIO, data=b"new")


def begun() -> PublishingPoint:
    """Video and audio up to index 8, then the encoder's POST ended."""
    point = PublishingPoint("news", patience=1_500)
    point.header(A, header(VIDEO, AUDIO), 0)
    point.pinned_grid(GRID)
    for index in (7, 8):
        for of in (AUDIO, VIDEO):
            point.fragment(A, fragment(index * CELL, of=of), index, UTC)
    point.ended(A, 9, clean=True)
    return point


def sent(point: PublishingPoint, cell: int, sender: Sender = A, **changed: object) -> Outcome:
    return point.fragment(sender, fragment(cell * CELL, **changed), 100 + cell, UTC)  # type: ignore[arg-type]


def put(outcome: Outcome) -> list[tuple[str, int]]:
    return [(offer.copy.track, offer.copy.index) for offer in outcome.offers]


def change_of(outcome: Outcome) -> Change:
    (pin,) = outcome.pins
    return Change.read(pin)


def test_a_change_begins_with_the_first_fragment_and_its_own_wait_for_it() -> None:
    point = begun()
    assert point.header(A, NEW, 100).pins == []
    first = sent(point, 9, of=AUDIO)
    change = change_of(first)
    assert (change.number, change.start, change.header) == (1, 9, b"new")
    assert put(first) == [(AUDIO.name, 9)]  # unchanged: it need not wait
    assert sent(point, 9, of=OTHER) == Outcome()
    came = point.pinned_change(change, NEW)
    assert put(came) == [(VIDEO.name, 9)]
    assert put(sent(point, 10, of=OTHER)) == [(VIDEO.name, 10)]
    assert point.tracks[VIDEO.name] == OTHER
    assert point.headers["main"] == NEW


def test_a_change_begins_above_all_that_was_numbered_under_the_old_configuration() -> None:
    point = begun()
    point.header(B, header(VIDEO, AUDIO), 20)
    sent(point, 9, B, duration=800)  # half a copy, and it dies
    point.ended(B, 200, clean=False)
    point.header(A, NEW, 10_000)
    outcome = point.fragment(A, fragment(9 * CELL + 1000, 1000, OTHER), 10_001, UTC)
    change = change_of(outcome)
    assert change.start == 10
    point.pinned_change(change, NEW)
    assert put(point.fragment(A, fragment(10 * CELL, of=OTHER), 10_002, UTC)) == [(VIDEO.name, 10)]
    (left,) = point.due(20_000).offers
    assert (left.copy.index, left.copy.partial) == (9, True)


def test_what_waits_for_a_change_that_another_won_asks_again() -> None:
    point = begun()
    point.header(A, NEW, 100)
    sent(point, 9, of=OTHER)
    third = header(replace(VIDEO, codecs="z"), AUDIO, data=b"third")
    outcome = point.pinned_change(Change(1, 9, "main", b"third"), third)
    assert change_of(outcome).number == 2
    assert outcome.offers == []
    assert put(point.pinned_change(change_of(outcome), NEW)) == [(VIDEO.name, 9)]


def test_a_sender_whose_header_was_replaced_is_sent_for_the_new_one() -> None:
    point = begun()
    point.pinned_change(Change(1, 9, "main", b"new"), NEW)
    outcome = sent(point, 9)
    assert isinstance(outcome.refusal, HeaderDiffers)
    assert "another source has changed it" in outcome.refusal.message
    assert outcome.offers == []


def test_a_replayed_change_counts_from_the_start() -> None:
    point = PublishingPoint("news")
    point.pinned_header("main", header(VIDEO, AUDIO))
    point.pinned_change(Change(1, 9, "main", b"new"), NEW)
    point.pinned_grid(GRID)
    point.stored({VIDEO.name: 20, AUDIO.name: 21})
    point.header(A, header(VIDEO, AUDIO), 0)
    outcome = sent(point, 18)
    assert change_of(outcome).start == 21  # above what was published under the one in between
    assert change_of(outcome).number == 2


def test_other_settings_before_the_grid_is_known_wait_with_the_rest() -> None:
    point = PublishingPoint("news")
    point.header(A, header(VIDEO), 0)
    point.fragment(A, fragment(7 * CELL), 0, UTC)
    point.ended(A, 1, clean=False)
    point.header(A, header(OTHER, data=b"new"), 2)
    sent(point, 8, of=OTHER)
    outcome = point.pinned_grid(GRID)
    assert put(outcome) == [(VIDEO.name, 7)]
    change = change_of(outcome)
    assert change.start == 8
    assert put(point.pinned_change(change, header(OTHER, data=b"new"))) == [(VIDEO.name, 8)]


def test_no_change_begins_before_the_one_that_it_follows() -> None:
    point = PublishingPoint("news")
    point.pinned_header("main", header(VIDEO, AUDIO))
    point.pinned_change(Change(1, 12, "main", b"new"), NEW)
    point.pinned_grid(GRID)
    point.stored({VIDEO.name: 8})  # of what counts from 12 on, nothing was stored
    third = header(replace(VIDEO, codecs="z"), AUDIO, data=b"third")
    point.header(A, third, 0)
    assert change_of(sent(point, 9, of=third.tracks[0].track)).start == 12


@pytest.mark.requirement("FMT-4a", "FMT-4c")
def test_an_index_of_its_own_teaches_where_the_grid_counts_from() -> None:
    point = PublishingPoint("news")
    point.header(A, header(VIDEO), 0)
    pins: list[Pin] = []
    for index in (7, 8, 9):
        pins += sent(point, index, index=index + 993).pins
    (pin, *_) = pins
    grid = type(GRID).decode(pin.value)
    assert grid.D == 2
    assert grid.base == 993
    came = point.pinned_grid(grid)
    assert [index for _, index in put(came)] == [1000, 1001, 1002]


def test_indexes_that_contradict_each_other_teach_nothing() -> None:
    point = PublishingPoint("news", base=1)
    point.header(A, header(VIDEO), 0)
    pins = [pin for index in (7, 8) for pin in sent(point, index, index=5 * index).pins]
    assert [type(GRID).decode(pin.value).base for pin in pins] == [1]


@pytest.mark.requirement("FMT-4c")
@pytest.mark.fault("F13")
def test_an_encoder_that_counts_from_0_again_is_told_of_once_and_numbered_by_time() -> None:
    point = PublishingPoint("news", grid=GRID)
    point.header(A, header(VIDEO), 0)
    said = [sent(point, index, index=index) for index in (7, 8)]
    assert [outcome.alarms for outcome in said] == [[], []]
    restarted = [sent(point, index, index=index - 9) for index in (9, 10, 11)]
    assert [index for outcome in restarted for _, index in put(outcome)] == [9, 10, 11]
    ((code, text),) = [alarm for outcome in restarted for alarm in outcome.alarms]
    assert code == "INDEX_DIFFERS"
    assert "numbers a fragment of video-800000 0, whose time means 9" in text

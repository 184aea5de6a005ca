"""Routing: headers, the grid, and which sender's fragments make which copies."""

from dataclasses import replace
from fractions import Fraction

import pytest

from relay.arrival import MOST_WAITING, Sender
from relay.errors import HeaderDiffers, LimitReached
from relay.headers import MOST_STREAMS
from relay.learning import AUDIO_WAIT
from relay.media import Kind, Pin
from relay.numbering import Grid
from relay.outcome import Outcome
from relay.publishing_point import PublishingPoint
from tests.pieces import AUDIO, CELL, GRID, VIDEO, fragment, header, track

A = Sender("a", "main")
B = Sender("b", "main")
UTC = 1_767_225_600_000


def numbered() -> PublishingPoint:
    return PublishingPoint("news", grid=GRID)


def grid_of(outcome: Outcome) -> Grid:
    (pin,) = outcome.pins
    assert pin.name == "grid"
    return Grid.decode(pin.value)


@pytest.mark.requirement("ENC-3a")
def test_the_first_header_of_a_stream_is_offered_as_its_pin() -> None:
    point = numbered()
    assert point.header(A, header(VIDEO, AUDIO), 0).pins == [Pin("header/main", b"header")]
    assert point.header(B, header(VIDEO, AUDIO, data=b"other bytes"), 0).pins == []
    assert set(point.tracks) == {VIDEO.name, AUDIO.name}


def test_a_header_that_only_adds_tracks_is_pinned_beside_the_first() -> None:
    point = numbered()
    point.header(A, header(VIDEO), 0)
    (pin,) = point.header(B, header(VIDEO, AUDIO, data=b"more"), 0).pins
    assert pin.name.startswith("header/main/")
    assert point.headers["main"].data == b"header"


@pytest.mark.requirement("SVC-5c", "RED-3a")
def test_a_header_that_says_something_else_is_refused_with_the_difference() -> None:
    point = numbered()
    point.header(A, header(VIDEO), 0)
    with pytest.raises(HeaderDiffers, match="timescale 1000 became 90000"):
        point.header(B, header(replace(VIDEO, timescale=90000)), 0)
    with pytest.raises(HeaderDiffers, match=r"sample_entry of 5 bytes \(\w+\) became of 7 bytes"):
        point.header(Sender("b", "other"), header(replace(VIDEO, sample_entry=b"another")), 0)


def test_streams_are_bounded() -> None:
    point = numbered()
    for number in range(MOST_STREAMS):
        point.header(Sender("a", f"s{number}"), header(VIDEO), 0)
    with pytest.raises(LimitReached):
        point.header(Sender("a", "one-more"), header(VIDEO), 0)


def test_tracks_are_bounded() -> None:
    point = numbered()
    with pytest.raises(LimitReached):
        point.header(A, header(*(track(f"v{number}") for number in range(129))), 0)


def test_a_fragment_becomes_a_copy_of_its_index() -> None:
    (offer,) = numbered().fragment(A, fragment(7 * CELL), 0, UTC).offers
    assert (offer.copy.index, offer.copy.source, offer.copy.arrival) == (7, "a", UTC)


def test_an_index_from_the_encoder_is_used() -> None:
    (offer,) = numbered().fragment(A, fragment(7 * CELL, index=4), 0, UTC).offers
    assert offer.copy.index == 7


def test_two_senders_gather_apart() -> None:
    point = numbered()
    assert point.fragment(A, fragment(7 * CELL, 800), 0, UTC).offers == []
    assert point.fragment(B, fragment(7 * CELL + 800, 1200), 0, UTC).offers == []
    (offer,) = point.fragment(A, fragment(7 * CELL + 800, 1200), 0, UTC).offers
    assert offer.copy.source == "a"


def test_a_number_out_of_range_is_no_number() -> None:
    point = numbered()
    assert point.fragment(A, fragment(-5 * CELL), 0, UTC).suspect
    assert point.fragment(A, fragment(2**62), 0, UTC).suspect
    assert point.fragment(A, fragment(0), 0, UTC).offers


def test_fragments_wait_for_the_grid_and_come_out_in_order() -> None:
    point = PublishingPoint("news")
    point.header(A, header(VIDEO, AUDIO), 0)
    assert point.fragment(A, fragment(0), 0, UTC) == Outcome()
    assert point.fragment(A, fragment(-20, of=AUDIO), 0, UTC) == Outcome()
    grid = grid_of(point.fragment(A, fragment(CELL), 0, UTC))
    assert (grid.D, grid.learnt) == (Fraction(2), True)
    offers = point.pinned_grid(grid).offers
    assert [(o.copy.track, o.copy.index) for o in offers] == [
        (VIDEO.name, 0),
        (AUDIO.name, 0),
        (VIDEO.name, 1),
    ]


def test_the_pin_that_was_first_counts_not_ones_own() -> None:
    point = PublishingPoint("news")
    point.fragment(A, fragment(4 * CELL), 0, UTC)
    point.fragment(A, fragment(5 * CELL), 0, UTC)
    offers = point.pinned_grid(Grid(Fraction(1))).offers
    assert [offer.copy.index for offer in offers] == [9, 11]


def test_an_end_that_came_before_the_grid_still_counts() -> None:
    point = PublishingPoint("news")
    point.header(A, header(VIDEO, AUDIO), 0)
    point.fragment(A, fragment(0), 0, UTC)
    point.fragment(A, fragment(0, 800, of=AUDIO), 0, UTC)
    grid = grid_of(point.fragment(A, fragment(CELL), 0, UTC))
    assert point.ended(A, 0, clean=True).offers == []
    offers = point.pinned_grid(grid).offers
    assert [(o.copy.track, o.copy.duration) for o in offers][-1] == (AUDIO.name, 800)
    assert point.deadline() is None


def test_audio_alone_teaches_the_grid_after_a_while() -> None:
    point = PublishingPoint("radio")
    point.header(A, header(AUDIO), 0)
    for number in range(3):
        assert point.fragment(A, fragment(number * CELL, of=AUDIO), 100, UTC).pins == []
    assert point.deadline() == 100 + AUDIO_WAIT
    assert point.due(99 + AUDIO_WAIT).pins == []
    assert grid_of(point.due(100 + AUDIO_WAIT)).D == 2


def test_audio_waits_longer_for_video_that_is_announced() -> None:
    point = PublishingPoint("news")
    point.header(A, header(VIDEO, AUDIO), 0)
    for number in range(3):
        point.fragment(A, fragment(number * CELL, of=AUDIO), 0, UTC)
    assert point.due(AUDIO_WAIT).pins == []
    assert point.due(4 * AUDIO_WAIT).pins


def test_what_waits_for_the_grid_is_bounded() -> None:
    point = PublishingPoint("radio")
    lost = [
        point.fragment(A, fragment(0, of=AUDIO), 0, UTC).suspect for _ in range(MOST_WAITING + 5)
    ]
    assert sum(map(len, lost)) == 5


def test_utc_stamps_need_no_epoch_and_local_ones_get_their_arrival() -> None:
    exact = Fraction(2)
    on_air = UTC // 1000 // 2
    point = PublishingPoint("news", duration=exact)
    assert grid_of(point.fragment(A, fragment(on_air * CELL), 0, UTC)).epoch == 0
    local = PublishingPoint("news", duration=exact)
    assert grid_of(local.fragment(A, fragment(0), 0, UTC)).epoch == UTC // 1000 - 2
    forced = PublishingPoint("news", duration=exact, anchor="utc")
    assert grid_of(forced.fragment(A, fragment(0), 0, UTC)).epoch == 0


def test_a_time_beyond_all_dates_teaches_nothing_and_has_no_number() -> None:
    """Its epoch would be pinned, and no document could be dated from then on."""
    point = PublishingPoint("news", duration=Fraction(2))
    assert not point.fragment(A, fragment(2**62), 0, UTC).pins
    point = PublishingPoint("news", grid=Grid(Fraction(60)))
    beyond = fragment(2**31 * 60_000, 60_000)
    assert point.fragment(A, beyond, 0, UTC).suspect == [beyond]


def test_a_broken_post_leaves_a_partial_and_nothing_behind() -> None:
    point = numbered()
    point.fragment(A, fragment(7 * CELL, 800), 0, UTC)
    assert point.ended(A, 50, clean=False).offers == []
    deadline = point.deadline()
    assert deadline == 50 + point.patience
    (offer,) = point.due(deadline).offers
    assert offer.copy.partial
    assert point.deadline() is None


@pytest.mark.requirement("SVC-5a")
def test_senders_that_are_gone_are_forgotten() -> None:
    point = numbered()
    for number in range(200):
        sender = Sender(f"s{number}", "main")
        point.fragment(sender, fragment(7 * CELL), 0, UTC)
        point.ended(sender, 0, clean=True)
    assert len(point._gatherings._by) == 0


def test_one_senders_end_does_not_touch_another() -> None:
    point = numbered()
    point.fragment(A, fragment(7 * CELL, 800), 0, UTC)
    point.fragment(B, fragment(7 * CELL, 800), 0, UTC)
    assert [offer.copy.source for offer in point.ended(A, 0, clean=True).offers] == ["a"]
    (offer,) = point.fragment(B, fragment(7 * CELL + 800, 1200), 0, UTC).offers
    assert offer.copy.source == "b"


def test_sparse_fragments_are_numbered_by_where_they_begin() -> None:
    sparse = replace(track("scte", Kind.TEXT, 0), parent="video")
    point = numbered()
    late = fragment(7 * CELL + 1900, 0, of=sparse, sample_count=1)
    (offer,) = point.fragment(A, late, 0, UTC).offers
    assert (offer.copy.index, offer.copy.event) == (7, True)


@pytest.mark.requirement("FMT-6a")
def test_fragments_unlike_the_configured_duration_are_told_once() -> None:
    point = numbered()
    told = [point.fragment(A, fragment(n * 1920, 1920), 0, UTC).alarms for n in range(6)]
    assert [len(alarms) for alarms in told] == [0, 1, 0, 0, 0, 0]
    ((code, text),) = told[1]
    assert code == "FRAGMENT_DURATION"
    assert "1.92 s, not of 2 s" in text
    well = [point.fragment(B, fragment(n * CELL), 0, UTC).alarms for n in range(6)]
    assert well == [[]] * 6

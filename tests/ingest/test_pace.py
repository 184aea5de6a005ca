"""Slow and finely cut bodies (threats T17 and T19)."""

import pytest

from relay.errors import BodyStalled, ChunkingAbusive
from relay.ingest.pace import SPARSE_IDLE, Pace


def test_a_body_under_the_rate_is_ended_after_twenty_seconds() -> None:
    pace = Pace(began=1000)
    for second in range(1, 20):
        pace.took(400, 1000 + second * 1000)
    with pytest.raises(BodyStalled, match="8000 bytes came in 20 s") as caught:
        pace.took(400, 21_000)
    assert caught.value.status == 408


def test_a_body_at_the_rate_goes_on_for_ever() -> None:
    pace = Pace(began=0)
    for second in range(1, 200):
        pace.took(500, second * 1000)


def test_our_own_time_is_not_the_senders() -> None:
    pace = Pace(began=9_000)
    for second in range(1, 100):
        pace.took(500, second * 10_000)
        pace.waits(second * 10_000 + 9_000)


def test_each_span_counts_for_itself() -> None:
    pace = Pace(began=0)
    pace.took(10_000_000, 20_000)
    pace.took(1, 39_999)
    with pytest.raises(BodyStalled):
        pace.took(1, 40_000)


def test_the_minimum_can_be_switched_off() -> None:
    pace = Pace(began=0, rate=0)
    for hour in range(1, 10):
        pace.took(1, hour * 3_600_000)


@pytest.mark.requirement("SPARSE-4b")
def test_a_body_of_sparse_tracks_may_be_silent_for_a_minute_and_no_longer() -> None:
    pace = Pace(began=0)
    usual = pace.idle
    pace.sparse()
    assert usual < pace.idle == SPARSE_IDLE == 60_000
    for hour in range(1, 10):
        pace.took(1, hour * 3_600_000)


def test_ten_thousand_small_chunks_are_too_many() -> None:
    pace = Pace(began=0)
    for _ in range(9_999):
        pace.took(63, 1)
    with pytest.raises(ChunkingAbusive, match="10000 chunks of 63 bytes") as caught:
        pace.took(63, 1)
    assert caught.value.status == 400


def test_small_chunks_among_large_ones_are_well() -> None:
    pace = Pace(began=0)
    for number in range(50_000):
        pace.took(1 if number % 2 else 127, 1)


def test_silence_is_told_in_seconds() -> None:
    error = Pace(began=0, idle=5_000).stalled()
    assert isinstance(error, BodyStalled)
    assert "5 s" in error.message
    assert error.hint

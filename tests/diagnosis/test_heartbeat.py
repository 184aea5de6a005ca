"""What each sender's fragments are like, in AMS's words."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.diagnosis.heartbeat import MOST_LINES, OFTEN, RECENT, Heartbeat, Pulse, Word
from relay.media import Fragment, Kind
from tests.pieces import CELL, FRAME, VIDEO, fragment, track

PLAIN = track(bitrate=0)
"""Promises no bitrate."""
CUES = track("cues", Kind.TEXT, 0)


def taken(heartbeat: Heartbeat, fragments: Iterable[Fragment], stream: str = "main") -> Pulse:
    """The pulse after these fragments of source a."""
    for each in fragments:
        heartbeat.took("a", stream, each)
    return heartbeat.pulses["a", each.track.name]


def at(*times: int) -> list[Fragment]:
    return [fragment(time, of=PLAIN) for time in times]


def counted(pulse: Pulse) -> dict[Word, int]:
    return {word: count for word, count in pulse.counts.items() if count}


def cells(*indexes: int) -> list[Fragment]:
    return at(*(CELL * index for index in indexes))


def test_fragments_that_join_are_healthy() -> None:
    pulse = taken(Heartbeat(), cells(*range(30)))
    assert (counted(pulse), pulse.words, pulse.resent) == ({}, (), 0)


@pytest.mark.parametrize(
    ("time", "word"),
    [
        (CELL + FRAME // 2, None),
        (CELL - FRAME // 2, None),
        (CELL + FRAME // 2 + 1, Word.DISCONTINUITY),
        (CELL - FRAME // 2 - 1, Word.OVERLAP),
        (1, Word.OVERLAP),
        (0, Word.NONINCREASING),
        (-1, Word.NONINCREASING),
    ],
)
def test_half_a_frame_is_rounding_and_beyond_it_there_is_a_word(
    time: int, word: Word | None
) -> None:
    pulse = taken(Heartbeat(), at(0, time))
    assert counted(pulse) == ({word: 1} if word else {})
    assert pulse.words == ((word,) if word else ())


def test_after_a_hole_and_an_overlap_the_next_is_held_against_what_came() -> None:
    pulse = taken(Heartbeat(), at(0, 5 * CELL, 6 * CELL, 7 * CELL - FRAME, 8 * CELL - FRAME))
    assert counted(pulse) == {Word.DISCONTINUITY: 1, Word.OVERLAP: 1}


def test_the_two_that_are_resent_after_a_reconnect_are_counted_apart() -> None:
    heartbeat = Heartbeat()
    taken(heartbeat, cells(0, 1, 2, 3))
    heartbeat.began("a", "main")
    pulse = taken(heartbeat, cells(2, 3, 4, 5))
    assert (pulse.resent, counted(pulse)) == (2, {})


def test_what_a_sender_that_was_gone_sends_follows_nothing() -> None:
    heartbeat = Heartbeat()
    taken(heartbeat, cells(0, 1), "other")
    taken(heartbeat, cells(0, 1, 2))
    heartbeat.forget("a", "main")
    heartbeat.began("a", "main")
    pulse = taken(heartbeat, cells(2, 9))
    assert (pulse.resent, counted(pulse)) == (0, {Word.DISCONTINUITY: 1})
    pulse = taken(heartbeat, cells(1), "other")
    assert pulse.counts[Word.NONINCREASING] == 1


def test_what_comes_again_without_a_reconnect_does_not_rise() -> None:
    heartbeat = Heartbeat()
    taken(heartbeat, cells(0, 1, 2))
    heartbeat.began("a", "other")
    heartbeat.began("b", "main")
    pulse = taken(heartbeat, cells(1, 2, 3))
    assert (pulse.resent, counted(pulse)) == (0, {Word.NONINCREASING: 2})


def test_the_right_to_resend_ends_with_the_first_new_fragment() -> None:
    heartbeat = Heartbeat()
    taken(heartbeat, cells(0, 1, 2))
    heartbeat.began("a", "main")
    pulse = taken(heartbeat, cells(1, 2, 3, 2))
    assert (pulse.resent, counted(pulse)) == (2, {Word.NONINCREASING: 1})


def test_more_than_the_last_two_and_a_cut_one_are_a_clock_that_went_back() -> None:
    heartbeat = Heartbeat()
    taken(heartbeat, cells(*range(10)))
    heartbeat.began("a", "main")
    pulse = taken(heartbeat, cells(*range(2, 12)))
    assert (pulse.resent, counted(pulse)) == (0, {Word.NONINCREASING: 1})


def test_a_poisoned_time_is_two_words_and_no_more() -> None:
    pulse = taken(Heartbeat(), cells(0, 1, 2, 10**6, 3, 4, 5))
    assert counted(pulse) == {Word.DISCONTINUITY: 1, Word.NONINCREASING: 1}


def test_a_restarted_clock_is_one_word() -> None:
    pulse = taken(Heartbeat(), cells(*range(100, 110), *range(20)))
    assert counted(pulse) == {Word.NONINCREASING: 1}


def test_a_track_that_comes_in_two_streams_is_two_lines_and_one_pulse() -> None:
    heartbeat = Heartbeat()
    for each in cells(0, 1, 2):
        taken(heartbeat, [each], "one")
        pulse = taken(heartbeat, [each], "two")
    assert (counted(pulse), len(heartbeat.pulses)) == ({}, 1)


def test_a_word_is_over_once_it_is_none_of_the_last_fragments() -> None:
    heartbeat = Heartbeat()
    pulse = taken(heartbeat, cells(0, 2))
    taken(heartbeat, cells(*range(3, 2 + RECENT)))
    assert pulse.words == (Word.DISCONTINUITY,)
    ended = heartbeat.took("a", "main", *cells(2 + RECENT))
    assert ended == {Word.DISCONTINUITY}
    assert not pulse.words
    assert counted(pulse) == {Word.DISCONTINUITY: 1}


def test_sparse_tracks_have_holes_by_nature_but_rise() -> None:
    events = [fragment(time, 0, CUES) for time in (0, 500, 90_000, 90_000)]
    assert counted(taken(Heartbeat(), events)) == {Word.NONINCREASING: 1}


PROMISED = VIDEO.key.bitrate


def sized(index: int, bitrate: int, promised: int = PROMISED) -> Fragment:
    """A fragment of this bitrate."""
    size = bitrate * CELL // (8 * VIDEO.timescale)
    key = replace(VIDEO.key, bitrate=promised)
    return replace(
        fragment(index * CELL, of=replace(VIDEO, key=key)), data=(memoryview(bytes(size)),)
    )


@pytest.mark.parametrize(
    ("bitrate", "unexpected"),
    [
        (PROMISED, False),
        (2 * PROMISED - 8, False),
        (2 * PROMISED, True),
        (PROMISED // 2 + 8, False),
        (PROMISED // 2, True),
        (0, True),
    ],
)
def test_twice_or_half_the_bitrate_of_the_header_is_unexpected(
    bitrate: int, unexpected: bool
) -> None:
    pulse = taken(Heartbeat(), [sized(index, bitrate) for index in range(RECENT)])
    assert pulse.bitrate == bitrate
    assert pulse.words == ((Word.BITRATE,) if unexpected else ())


def test_a_bitrate_is_measured_over_the_last_fragments_and_not_over_fewer() -> None:
    heartbeat = Heartbeat()
    pulse = taken(heartbeat, [sized(index, 9 * PROMISED) for index in range(RECENT - 1)])
    assert (pulse.bitrate, pulse.words) == (0, ())
    taken(heartbeat, [sized(index, PROMISED) for index in range(RECENT - 1, 2 * RECENT - 1)])
    assert pulse.bitrate == PROMISED


def test_a_header_that_promises_nothing_is_never_broken() -> None:
    pulse = taken(Heartbeat(), [sized(index, 5_000_000, 0) for index in range(RECENT)])
    assert (pulse.bitrate, pulse.words) == (5_000_000, ())


def test_drift_is_a_word_for_copies() -> None:
    pulse = Pulse()
    pulse.joined(off=True)
    assert (pulse.words, pulse.counts[Word.DRIFT]) == ((Word.DRIFT,), 1)
    for _ in range(RECENT):
        pulse.joined(off=False)
    assert (pulse.words, pulse.counts[Word.DRIFT]) == ((), 1)


def test_one_is_an_accident_and_more_are_named_by_track() -> None:
    heartbeat = Heartbeat()
    taken(heartbeat, cells(0, 2))
    assert heartbeat.tracks("a", Word.DISCONTINUITY) == []
    assert heartbeat.any("a", Word.DISCONTINUITY)
    taken(heartbeat, cells(*range(4, 4 + 2 * OFTEN, 2)))
    assert heartbeat.tracks("a", Word.DISCONTINUITY) == [PLAIN.name]
    assert heartbeat.tracks("b", Word.DISCONTINUITY) == []
    assert not heartbeat.any("b", Word.DISCONTINUITY)


def test_strangers_cannot_fill_the_memory_and_who_sends_is_not_forgotten() -> None:
    heartbeat = Heartbeat()
    taken(heartbeat, cells(-9, -1))
    for number in range(2 * MOST_LINES):
        heartbeat.took(f"s{number}", f"t{number}", *cells(0))
        pulse = taken(heartbeat, cells(number))
    assert len(heartbeat.pulses) == len(heartbeat._lines) == MOST_LINES
    assert counted(pulse) == {Word.DISCONTINUITY: 1}


TIMES = st.integers(-5 * CELL, 5 * CELL) | st.integers(-(2**63), 2**63)


@given(st.lists(st.tuples(TIMES, st.integers(0, 2 * CELL)), max_size=40))
def test_any_times_are_counted_and_what_goes_on_heals(times: list[tuple[int, int]]) -> None:
    heartbeat = Heartbeat()
    for time, duration in times:
        heartbeat.took("a", "main", fragment(time, duration, PLAIN))
    base = times[-1][0] if times else 0
    for index in range(RECENT + 10):
        pulse = taken(heartbeat, cells(index + base // CELL))
    assert not pulse.words

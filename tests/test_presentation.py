"""Folding entries into what players see."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.media import Entry, Gap, Kind
from relay.presentation import Presentation, Segment, Window, fold, register, show
from tests.pieces import AUDIO, CELL, GRID, VIDEO, copy, track


def empty(window: int = 120) -> Presentation:
    return register(Presentation("news", GRID, Fraction(window)), VIDEO, 800_000)


def test_an_entry_becomes_a_segment_and_the_old_presentation_stays() -> None:
    before = empty()
    after = fold(before, Entry(copy(7, arrival=5_000)))
    assert not before.renditions[0].segments
    (rendition,) = after.renditions
    assert list(rendition.segments) == [Segment(0, 7, 7 * CELL, CELL, size=10)]
    assert rendition.frame_rate == 25
    assert after.updated == 5


def test_a_gap_keeps_its_number() -> None:
    after = fold(fold(empty(), Entry(copy(7))), Entry(Gap(VIDEO.name, 0, 8, 8 * CELL, CELL, 0)))
    found = after.renditions[0].find(8)
    assert found is not None
    assert found.gap
    assert found.size == 0


def test_old_segments_leave_the_window() -> None:
    shown = empty(window=10)
    for index in range(100):
        shown = fold(shown, Entry(copy(index)))
    (rendition,) = shown.renditions
    assert [segment.index for segment in rendition.segments] == [95, 96, 97, 98, 99]
    assert rendition.find(94) is None
    assert rendition.find(100) is None


def test_a_line_that_moved_on_begins_the_window_anew() -> None:
    shown = fold(fold(empty(), Entry(copy(7))), Entry(copy(5000)))
    assert [segment.index for segment in shown.renditions[0].segments] == [5000]
    assert shown.renditions[0].find(5000) is not None


def test_discontinuities_that_left_are_the_runs_before() -> None:
    shown = empty(window=10)
    for index in range(12):
        run = 0 if index < 2 else 1 if index < 10 else 2
        shown = fold(shown, Entry(copy(index, run=run), discontinuity=index in (2, 10)))
    assert shown.renditions[0].segments[0].run == 1
    assert shown.renditions[0].discontinuities == 1


def test_only_what_plays_is_listed_by_kind() -> None:
    shown = register(fold(empty(), Entry(copy(7))), AUDIO, 96_000)
    assert [rendition.name for rendition in shown.of(Kind.VIDEO)] == [VIDEO.name]
    assert shown.of(Kind.AUDIO) == []


def test_a_track_must_be_registered() -> None:
    with pytest.raises(LookupError):
        fold(Presentation("news", GRID, Fraction(10)), Entry(copy(7)))


@given(st.lists(st.sampled_from(["append", "drop", "branch"]), max_size=60))
def test_a_window_is_a_tuple_that_grows_cheaply(steps: list[str]) -> None:
    """Whatever is done, every view keeps what it showed; compared with plain tuples."""
    views: list[tuple[Window, tuple[Segment, ...]]] = [(Window(), ())]
    for number, step in enumerate(steps):
        window, plain = views[-1]
        segment = Segment(0, number, number, 1)
        if step == "append":
            views.append((window.append(segment), (*plain, segment)))
        elif step == "drop" and plain:
            views.append((window.drop(1), plain[1:]))
        elif step == "branch":
            old, old_plain = views[len(views) // 2]
            views.append((old.append(segment), (*old_plain, segment)))
    for window, plain in views:
        assert tuple(window) == plain
        assert len(window) == len(plain)
        assert window[-2:] == list(plain[-2:])
        if plain:
            assert (window[0], window[-1]) == (plain[0], plain[-1])


def test_an_event_remembers_where_each_rendition_was_when_it_was_first_seen() -> None:
    cue, later = (replace(copy(at), track="cues-0", event=True) for at in (8, 9))
    sparse = replace(track("cues", Kind.TEXT, 0), parent=VIDEO.key.name)
    shown = fold(register(empty(), sparse, 0), Entry(copy(7)))
    after = fold(shown, Entry(copy(8)))
    seen = show(shown, after, {"cues-0": (cue,)})
    assert seen.events == {"cues-0": (cue,)}
    assert seen.since == {("cues-0", 0, cue.time): {VIDEO.name: 7}}
    both = show(seen, fold(seen, Entry(copy(9))), {"cues-0": (cue, later)})
    assert [reached[VIDEO.name] for reached in both.since.values()] == [7, 8]
    assert list(show(both, both, {"cues-0": (later,)}).since.values()) == [{VIDEO.name: 8}]

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.timeline import BLOCK, Row, Timeline
from relay.presentation import Segment, Window

SCALE = 1000


class Shown(Timeline):
    """A timeline whose text can be read in one piece."""

    def text(self) -> bytes:
        return b"".join(self.written()[0])


def write(row: Row, first: bool) -> str:
    return f"{'' if row.joins and not first else row.time}+{row.duration}x{row.count} "


def fresh(segments: Sequence[Segment], start: int = 0, stop: int | None = None) -> Shown:
    timeline = Shown(SCALE, write)
    timeline.follow(segments, start, len(segments) if stop is None else stop, epoch_of)
    return timeline


def epoch_of(run: int) -> int:
    return 1000 * run


def line(durations: Sequence[int], first: int = 7, at: int = 0) -> list[Segment]:
    segments = []
    for index, duration in enumerate(durations, first):
        segments.append(Segment(0, index, at, duration, 1))
        at += duration
    return segments


def test_equal_neighbours_that_join_are_one_row() -> None:
    segments = line([20, 20, 19, 20, 20, 20])
    segments[5] = replace(segments[5], time=segments[5].time + 1)
    assert fresh(segments).text() == b"0+20x2 +19x1 +20x2 100+20x1 "
    assert fresh(segments).longest == 20


def test_a_part_of_a_line() -> None:
    assert fresh(line([20, 20, 19, 20, 20]), 1, 4).text() == b"20+20x1 +19x1 +20x1 "


def test_the_last_of_a_run_lasts_until_the_next() -> None:
    segments = [Segment(0, 1, 0, 20), Segment(0, 2, 20, 20), Segment(1, 3, -900_000, 20)]
    timeline = fresh(segments, stop=2)
    assert timeline.text() == b"0+20x2 "
    timeline.follow(segments, 0, 3, epoch_of)
    assert timeline.text() == b"0+20x1 +99980x1 +20x1 " == fresh(segments).text()
    assert timeline.longest == 20


def test_what_lasts_no_time_may_be_left_unwritten() -> None:
    def lasting(row: Row, first: bool) -> str:
        return write(row, first) if row.duration else ""

    segments = line([0, 20, 0, 20, 20])
    timeline = Shown(SCALE, lasting)
    timeline.follow(segments, 0, 5, epoch_of)
    assert timeline.text() == b"0+20x1 +20x2 "
    assert timeline.lasting == 3


def shown(segments: Sequence[Segment]) -> Shown:
    timeline = Shown(SCALE, write, shown=True)
    timeline.follow(segments, 0, len(segments), epoch_of)
    return timeline


def test_what_lasts_no_time_takes_a_tick_of_what_is_before_it() -> None:
    assert shown(line([20, 20, 0, 20, 0, 20])).text() == b"0+20x1 +19x1 +1x1 +19x1 +1x1 +20x1 "
    assert shown(line([20, 20, 0, 0, 20])).text() == b"0+20x1 +18x1 +1x2 +20x1 "
    behind = [Segment(0, 7, 100, 0), Segment(0, 8, 100, 20)]
    assert shown(behind).text() == b"99+1x1 +20x1 "
    assert shown(line([20, 0])).longest == 20


def test_nothing_is_before_1970() -> None:
    assert fresh([Segment(0, 1, -5, 20), Segment(0, 2, 15, 20)]).text() == b"0+15x1 +20x1 "


def test_rows_never_overlap_though_segments_may() -> None:
    """The first fragment of a restarted encoder begins a little early."""
    segments = [Segment(0, 1, 0, 20), Segment(0, 2, 20, 20), Segment(0, 3, 38, 20)]
    timeline = fresh(segments, stop=2)
    timeline.follow(segments, 0, 3, epoch_of)
    assert timeline.text() == b"0+20x1 +18x1 +20x1 " == fresh(segments).text()
    assert timeline.longest == 20
    before = [*segments, Segment(0, 4, 10, 90)]
    assert fresh(before).text() == b"0+20x1 +18x1 +1x1 +90x1 "


durations = st.lists(st.sampled_from([0, 19, 20, 20, 20, 21]), min_size=1, max_size=40)


@pytest.mark.parametrize("make", [Shown, partial(Shown, shown=True)], ids=["as it is", "shown"])
@given(durations, st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=12))
def test_kept_up_to_date_it_is_what_it_would_be_anew(
    make: Callable[[int, Callable[[Row, bool], str]], Shown],
    lengths: list[int],
    steps: list[tuple[int, int]],
) -> None:
    """Whatever comes at the end and goes at the start, between two looks."""
    every = line([*lengths, *([20, 20, 0, 21, 20, 0, 0] * 20)], at=1000)  # some time after 1970
    window = Window()
    for segment in every[: len(lengths)]:
        window = window.append(segment)
    timeline = make(SCALE, write)
    timeline.follow(window, 0, len(window), epoch_of)
    at = len(lengths)
    for more, fewer in steps:
        for segment in every[at : at + more]:
            window = window.append(segment)
        at += more
        window = window.drop(min(fewer, len(window) - 1))
        timeline.follow(window, 0, len(window), epoch_of)
        anew = make(SCALE, write)
        anew.follow(list(window), 0, len(window), epoch_of)
        assert timeline.text() == anew.text()
        assert list(timeline) == [
            replace(row, joins=r.joins) for row, r in zip(anew, timeline, strict=True)
        ]
        assert timeline.longest == anew.longest


def test_another_line_replaces_it() -> None:
    timeline = fresh(line([20] * 9))
    other = line([30] * 9)
    timeline.follow(other, 0, 9, epoch_of)
    assert timeline.text() == b"0+30x9 "
    assert timeline.longest == 30
    back = line([30] * 9, first=3)
    timeline.follow(back, 0, 9, epoch_of)
    assert timeline.text() == b"0+30x9 "


def test_another_epoch_is_another_line() -> None:
    segments = line([20] * 3)
    timeline = fresh(segments)
    timeline.follow(segments, 0, 3, lambda _: 5)
    assert timeline.text() == b"5000+20x3 "


@pytest.mark.parametrize("gone", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_what_has_not_changed_is_not_written_again(gone: int) -> None:
    written = []

    def noted(row: Row, first: bool) -> str:
        written.append(row.time)
        return write(row, first)

    window = Window()
    for segment in line([19, 20] * 2 * BLOCK):
        window = window.append(segment)
    timeline = Shown(SCALE, noted)
    timeline.follow(window, 0, len(window), epoch_of)
    whole = timeline.written()[1]
    assert len(written) == 4 * BLOCK
    written.clear()
    window = window.drop(gone).append(Segment(0, 7 + 4 * BLOCK, 4 * BLOCK * 39 // 2, 22, 1))
    timeline.follow(window, 0, len(window), epoch_of)
    assert timeline.text() == fresh(list(window)).text()
    assert timeline.written()[1] != whole
    assert len(written) <= 2 * BLOCK

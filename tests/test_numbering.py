"""The midpoint rule, learning D, and the numbers that others publish."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.numbering import MOST_STARTS, Grid, Learner, frame_rate, snap

AAC = Fraction(1024, 48000)


@pytest.mark.requirement("FMT-4b")
def test_aws_epoch_locking() -> None:
    """AWS numbers D = 1.92 s as floor(t/D)+1, alike for video, audio and SCTE-35 tracks."""
    grid = Grid(Fraction("1.92"), base=1)
    for t, number in ((1_700_000_000, 885_416_667), (1_763_000_000, 918_229_167)):
        start = (t * 25 // 48) * Fraction(48, 25)
        assert grid.index(int(start * 90000), int(grid.D * 90000), 90000) == number
        audio = int(start * 48000)
        assert grid.index(audio, 90 * 1024, 48000) == number
        assert grid.sparse_index(int(start * 10**7), 10**7) == number


@pytest.mark.parametrize("lead", [0, 51, 117, 120])
def test_audio_cut_at_the_nearest_frame_is_never_misnumbered(lead: int) -> None:
    """100,000 AAC fragments on D = 2 s, cut at the frame nearest to a boundary `lead` ms early."""
    grid = Grid(Fraction(2))
    first = 883_612_800
    edges = [
        round((Fraction(first + n) * 2 - Fraction(lead, 1000)) / AAC) * 1024 for n in range(25_001)
    ]
    numbers = [grid.index(a, b - a, 48000) for a, b in pairwise(edges)]
    assert numbers == list(range(first, first + 25_000))


def test_flooring_the_start_would_fail() -> None:
    """The rule that this one replaces misnumbers 37.5 % of such fragments."""
    edges = [round(Fraction(2 * n) / AAC) * 1024 for n in range(1, 2001)]
    wrong = sum(edge // 96000 != n for n, edge in enumerate(edges, 1))
    assert wrong > 600
    assert [Grid(Fraction(2)).index(edge, 95232, 48000) for edge in edges] == list(range(1, 2001))


def test_a_day_of_2997_with_both_audio_rates() -> None:
    """D = 2.002 s: video, 44.1 kHz and 48 kHz audio agree for 24 h, +1 each."""
    grid = Grid(Fraction(2002, 1000))
    start = 880_880_000
    for scale, frame in ((30000, 1001), (44100, 1024), (48000, 1024)):
        edges = [round((start + n) * grid.D * scale / frame) * frame for n in range(0, 43_157, 7)]
        numbers = [grid.index(edge, round(grid.D * scale / frame) * frame, scale) for edge in edges]
        assert numbers == list(range(start, start + 43_157, 7))


@given(
    cell=st.integers(0, 2**31),
    cut=st.integers(1, 99),
    rate=st.sampled_from([Fraction(2), Fraction("1.92"), Fraction(2002, 1000), Fraction(6)]),
)
def test_both_parts_of_a_split_fragment_share_a_cell_or_the_last_eighth_moves_on(
    cell: int, cut: int, rate: Fraction
) -> None:
    grid = Grid(rate)
    scale = 10**7
    begin, end = grid.start(cell, scale), grid.start(cell + 1, scale)
    middle = begin + (end - begin) * cut // 100
    assert grid.index(begin, middle - begin, scale) == cell
    last = grid.index(middle, end - middle, scale)
    assert last == (cell if cut < 87.5 else cell + 1)
    assert grid.whole(cell, middle, scale) == (last == cell + 1)


@given(
    st.integers(-(2**40), 2**60), st.integers(0, 2**40), st.sampled_from([1, 1000, 90000, 10**7])
)
def test_the_index_is_monotonic_in_time(time: int, step: int, scale: int) -> None:
    grid = Grid(Fraction(48, 25), Fraction(1, 3))
    assert grid.index(time, scale, scale) <= grid.index(time + step, scale, scale)


def test_a_grid_survives_the_store() -> None:
    grid = Grid(Fraction(1001, 500), Fraction(1, 7), 1, learnt=True, epoch=1_767_225_600)
    assert Grid.decode(grid.encode()) == grid
    assert not grid.locked


@pytest.mark.parametrize(
    ("ticks", "samples", "rate"),
    [
        (20_020_000, 60, Fraction(30000, 1001)),
        (16_683_333, 100, Fraction(60000, 1001)),
        (20_000_000, 50, Fraction(25)),
        (41_708_333, 100, Fraction(24000, 1001)),
    ],
)
def test_frame_rates_are_exact(ticks: int, samples: int, rate: Fraction) -> None:
    assert frame_rate(ticks, samples, 10**7) == rate


def test_a_rate_that_is_none_is_not_invented() -> None:
    assert frame_rate(20_000_000, 94, 10**7) == 47
    assert frame_rate(20_053_333, 94, 10**7) is None
    assert frame_rate(0, 10, 10**7) is None


def test_rounded_ticks_snap_to_whole_frames() -> None:
    """16683333 ticks are 100 frames of 60000/1001: the third of a tick is 35 s at epoch scale."""
    assert snap(16_683_333, 10**7, Fraction(60000, 1001)) == Fraction(1001 * 100, 60000)
    assert snap(20_000_003, 10**7, None) == 2


def learn(learner: Learner, fragments: list[tuple[int, int, int]]) -> tuple[Grid | None, int]:
    for count, (start, duration, samples) in enumerate(fragments, 1):
        grid = learner.offer(start, duration, samples)
        if grid is not None:
            return grid, count
    return None, len(fragments)


def test_regular_video_is_learnt_from_two_fragments() -> None:
    fragments = [(n * 20_000_000, 20_000_000, 50) for n in range(5)]
    assert learn(Learner(10**7), fragments) == (Grid(Fraction(2), learnt=True), 2)


def test_a_stretched_first_fragment_does_not_mislead() -> None:
    """ffmpeg -avoid_negative_ts make_zero."""
    fragments = [(0, 20_800_000, 52), (20_800_000, 20_000_000, 50), (40_800_000, 20_000_000, 50)]
    grid, count = learn(Learner(10**7), fragments)
    assert (grid, count) == (Grid(Fraction(2), learnt=True), 3)


def test_open_gops_are_learnt_from_what_is_shown() -> None:
    fragments = [(0, 19_600_000, 49), (20_000_000, 20_400_000, 51), (40_000_000, 19_600_000, 49)]
    assert learn(Learner(10**7), fragments)[0] == Grid(Fraction(2), learnt=True)


def test_a_start_off_the_grid_is_a_phase() -> None:
    fragments = [(7_000_000 + n * 20_000_000, 20_000_000, 50) for n in range(3)]
    grid, _ = learn(Learner(10**7), fragments)
    assert grid is not None
    assert grid.phase == Fraction(7, 10)
    assert not grid.locked


def test_a_configured_duration_leaves_only_the_phase_to_learn() -> None:
    exact = Fraction("1.92")
    learner = Learner(90000, exact=exact)
    assert learner.offer(172_800 * 5 + 90_000, 82_800, 23) is None  # joined in mid-cell
    assert learner.offer(172_800 * 6, 172_800, 48) == Grid(exact)


def test_audio_alone_is_learnt_in_its_own_frames() -> None:
    equal = [(n * 20_053_333, 20_053_333, 94) for n in range(3)]
    assert learn(Learner(10**7, 48000), equal)[0] == Grid(94 * AAC, learnt=True)
    edges = [round(Fraction(2 * n) / AAC) * 1024 for n in range(12)]
    alternating = [(a, b - a, (b - a) // 1024) for a, b in pairwise(edges)]
    grid, _ = learn(Learner(48000, 48000), alternating)
    assert grid is not None
    assert abs(grid.D - 2) <= AAC / 4


def test_a_restarted_clock_begins_the_lesson_anew() -> None:
    learner = Learner(10**7)
    assert learner.offer(50_000_000, 20_000_000, 50) is None
    assert learner.offer(0, 30_000_000, 75) is None
    assert learner.offer(30_000_000, 30_000_000, 75) == Grid(Fraction(3), learnt=True)


def test_a_lesson_that_teaches_nothing_does_not_grow() -> None:
    learner = Learner(1000)
    for number in range(10 * MOST_STARTS):
        assert learner.offer(5 * number, 5, 1) is None  # shorter than any fragment that is cut
    assert len(learner._starts) <= MOST_STARTS

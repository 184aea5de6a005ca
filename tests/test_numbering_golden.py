"""Numbers that are known in advance: those of a real encoder, and whole days without a miss."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest

from relay.numbering import Grid, Learner

pytestmark = pytest.mark.requirement("FMT-4b")

EPOCH = 1_795_000_000
"""A moment in 2026."""
NTSC = Fraction(30_000, 1001)

# An epoch-locked AWS Elemental MediaLive at D = 1.92 s: (number, decode time, duration, samples) of
# what it pushed in July 2024, from its mfhd, tfdt and trun. Recorded in the test data of livesim2
# (Dash-Industry-Forum, cmaf-ingest-receiver, awsMediaLiveScte35). The first ones are cut short.
VIDEO = [
    (896605655, 154933457050800, 133200, 37),
    (896605656, 154933457184000, 172800, 48),
    (896605657, 154933457356800, 172800, 48),
    (896605658, 154933457529600, 172800, 48),
]
AUDIO = [
    (896605655, 82631177094144, 70656, 69),
    (896605656, 82631177164800, 92160, 90),
    (896605657, 82631177256960, 92160, 90),
    (896605658, 82631177349120, 92160, 90),
]
SCTE35 = [(number, time, duration, 1) for number, time, duration, _ in VIDEO]


def test_medialive_numbers_all_tracks_as_we_do() -> None:
    grid = Grid(Fraction("1.92"), base=1)
    assert [grid.index(t, d, 90_000) for _, t, d, _ in VIDEO] == [n for n, *_ in VIDEO]
    assert [grid.index(t, d, 48_000) for _, t, d, _ in AUDIO] == [n for n, *_ in AUDIO]
    assert [grid.sparse_index(t, 90_000) for _, t, *_ in SCTE35] == [n for n, *_ in SCTE35]


@pytest.mark.parametrize("late", [0, 1])
def test_the_grid_of_medialive_is_learnt_from_its_video(late: int) -> None:
    """Also when the first fragment is a short one."""
    learner = Learner(90_000)
    grids = [learner.offer(time, duration, count) for _, time, duration, count in VIDEO[late:]]
    found = [grid for grid in grids if grid is not None]
    assert found[0] == Grid(Fraction("1.92"), learnt=True)
    assert [found[0].index(t, d, 90_000) + 1 for _, t, d, _ in VIDEO] == [n for n, *_ in VIDEO]


@dataclass(frozen=True, slots=True)
class Cut:
    """How a track is cut: frames of `frame` seconds, at the nearest to each border of the grid.

    `lead`: up to so many ms before the border, another number of them at each. Ticks of `scale`,
    rounded if a frame is no whole number of them.
    """

    D: Fraction
    scale: int
    frame: Fraction
    lead: int = 0

    def edge(self, index: int) -> int:
        early = Fraction(index * 7919 % (self.lead + 1), 1000)
        return round(round((index * self.D - early) / self.frame) * self.frame * self.scale)

    def fragments(self, first: int, count: int) -> Iterator[tuple[int, int]]:
        """Start and duration of consecutive fragments."""
        edges = (self.edge(index) for index in range(first, first + count + 1))
        for begin, end in pairwise(edges):
            yield begin, end - begin


def misnumbered(cut: Cut, count: int) -> int:
    grid, first = Grid(cut.D), int(EPOCH / cut.D)
    found = (grid.index(begin, length, cut.scale) for begin, length in cut.fragments(first, count))
    return sum(index != at for at, index in enumerate(found, first))


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_hundred_thousand_fragments_of_aac_that_lead_by_up_to_120_ms(rate: int) -> None:
    assert misnumbered(Cut(Fraction(2), rate, Fraction(1024, rate), lead=120), 100_000) == 0


DAYS = {
    "29.97 video": Cut(Fraction(2002, 1000), 90_000, 1 / NTSC),
    "29.97 video in 10 MHz": Cut(Fraction(2002, 1000), 10_000_000, 1 / NTSC),
    "29.97 video in 48 kHz": Cut(Fraction(2002, 1000), 48_000, 1 / NTSC),
    "29.97 video at 2 s": Cut(Fraction(2), 90_000, 1 / NTSC),
    "59.94 video": Cut(Fraction(2002, 1000), 10_000_000, 1 / (2 * NTSC)),
    "59.94 video, 100 frames": Cut(Fraction(1001, 600), 10_000_000, 1 / (2 * NTSC)),
    "44.1 kHz at 2.002 s": Cut(Fraction(2002, 1000), 44_100, Fraction(1024, 44_100), 120),
    "48 kHz at 2.002 s": Cut(Fraction(2002, 1000), 48_000, Fraction(1024, 48_000), 120),
    "48 kHz at 100 frames": Cut(Fraction(1001, 600), 10_000_000, Fraction(1024, 48_000), 120),
    "25 fps at 1.92 s": Cut(Fraction(48, 25), 90_000, Fraction(1, 25)),
    "44.1 kHz at 1.92 s": Cut(Fraction(48, 25), 44_100, Fraction(1024, 44_100), 120),
    "48 kHz at 1.92 s": Cut(Fraction(48, 25), 48_000, Fraction(1024, 48_000)),
}


@pytest.mark.parametrize("name", DAYS)
def test_a_day_without_a_miss(name: str) -> None:
    """Every number of 24 h, one after the other: so those of all tracks of one D are equal."""
    cut = DAYS[name]
    assert misnumbered(cut, int(86_400 / cut.D) + 1) == 0


@pytest.mark.parametrize("scale", [90_000, 10_000_000, 48_000])
@pytest.mark.parametrize(
    ("rate", "frames"),
    [
        (NTSC, 60),
        (NTSC, 180),
        (2 * NTSC, 120),
        (2 * NTSC, 100),
        (Fraction(24_000, 1001), 48),
        (Fraction(24_000, 1001), 96),
        (Fraction(24), 48),
        (Fraction(25), 48),
        (Fraction(25), 50),
        (Fraction(25), 144),
        (Fraction(30), 60),
        (Fraction(50), 96),
        (Fraction(60), 120),
        (Fraction(60), 115),
    ],
    ids=str,
)
@pytest.mark.parametrize("offset", [0, 12_345])
def test_a_grid_is_learnt_exactly_from_rounded_ticks(
    rate: Fraction, frames: int, scale: int, offset: int
) -> None:
    """Whatever the encoder begins with, a day later no number is wrong."""
    exact = frames / rate
    cut = Cut(exact, scale, 1 / rate)
    first = int(EPOCH / exact) + offset
    learner, grid = Learner(scale), None
    for begin, length in cut.fragments(first, 5):
        grid = grid or learner.offer(begin, length, frames)
    assert grid == Grid(exact, learnt=True)
    for begin, length in cut.fragments(first + int(86_400 / exact), 3):
        assert grid.index(begin, length, scale) == round(Fraction(begin, scale) / exact)

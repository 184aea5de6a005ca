"""Video renditions are cut at the same times, or it is said which is not and by how much."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from relay.diagnosis.alignment import CONVINCING, LOOK, misaligned
from relay.media import Copy, Entry, Gap, Kind, Track, TrackKey
from relay.presentation import Presentation, fold, register
from tests.pieces import GRID

pytestmark = pytest.mark.requirement("ENC-4a", "TIME-3b")

HIGH = Track(TrackKey(Kind.VIDEO, "video", 2_000_000), 10_000_000, "vide", b"", "x")
LOW = Track(TrackKey(Kind.VIDEO, "video", 500_000), 90_000, "vide", b"", "x")
SOUND = Track(TrackKey(Kind.AUDIO, "audio", 96_000), 48_000, "soun", b"", "x")


def member(track: Track, index: int, late: Fraction = Fraction(0), **changed: object) -> Copy:
    """A copy of 50 frames of 1/25 s that begins `late` seconds after its cell."""
    ticks = round((2 * index + late) * track.timescale)
    made = Copy(track.name, 0, index, ticks, 2 * track.timescale, 50, "a", 0, 1)
    return replace(made, **changed)  # type: ignore[arg-type]


def shown(*members: Copy | Gap, tracks: Iterable[Track] = (HIGH, LOW, SOUND)) -> Presentation:
    found = Presentation("news", GRID, Fraction(120))
    for track in tracks:
        found = register(found, track, track.key.bitrate)
    for each in members:
        found = fold(found, Entry(each))
    return found


IN_ORDER = {LOW.name: (HIGH.name, Fraction(0))}


def both(late: Sequence[Fraction | int]) -> Presentation:
    """HIGH in its cells, LOW by so many seconds later."""
    pairs = [
        (member(HIGH, at), member(LOW, at, Fraction(by))) for at, by in enumerate(late, start=800)
    ]
    return shown(*(each for pair in pairs for each in pair))


def test_boundaries_are_equal_after_rescaling() -> None:
    assert misaligned(both([0] * 5), {}) == IN_ORDER
    rounded = [Fraction(1, 90_000), Fraction(-1, 90_000), Fraction(1, 51)]
    assert misaligned(both(rounded), {}) == IN_ORDER


@pytest.mark.parametrize("by", [Fraction(12, 25), Fraction(-1, 25)])
def test_another_cut_is_told_with_its_distance(by: Fraction) -> None:
    assert misaligned(both([by] * CONVINCING), {}) == {LOW.name: (HIGH.name, by)}


@pytest.mark.parametrize("late", [[1, 1], [0, 1, 1], [1, 1, 0], []])
def test_an_accident_is_neither_in_order_nor_out_of_it(late: list[int]) -> None:
    assert misaligned(both(late), {}) == {}


def test_only_the_newest_count() -> None:
    assert misaligned(both([1] * 10 + [0] * CONVINCING), {}) == IN_ORDER
    by = misaligned(both([1, 1, Fraction(3, 2)]), {})
    assert by == {LOW.name: (HIGH.name, Fraction(3, 2))}


def test_a_new_fragment_is_compared_and_not_those_of_others() -> None:
    third = replace(LOW, key=replace(LOW.key, bitrate=700_000))
    members = [
        member(track, at) for at in range(800, 800 + CONVINCING) for track in (HIGH, LOW, third)
    ]
    known, equal = shown(*members, tracks=(HIGH, LOW, third)), (HIGH.name, Fraction(0))
    assert misaligned(known, {}, LOW.name) == {LOW.name: equal}
    assert misaligned(known, {}, HIGH.name) == {LOW.name: equal, third.name: equal}


def test_what_is_shown_at_one_time_is_equal_whatever_is_decoded_before() -> None:
    """HIGH reorders pictures and decodes two frames earlier; LOW does not."""
    late = Fraction(2, 25)
    decoded = both([late] * CONVINCING)
    assert misaligned(decoded, {}) == {LOW.name: (HIGH.name, late)}
    assert misaligned(decoded, {HIGH.name: 800_000}) == IN_ORDER
    assert misaligned(decoded, {LOW.name: -7_200}) == IN_ORDER


def test_gaps_and_other_runs_are_no_boundaries() -> None:
    members: list[Copy | Gap] = []
    for at in range(5, 8):
        members.append(member(HIGH, at))
        members.append(Gap(LOW.name, 0, at, 7, 7, 0))
    assert misaligned(shown(*members), {}) == {}
    members = [each for at in range(3) for each in (member(HIGH, at), member(LOW, at, run=1))]
    found = replace(shown(), epochs=(0,))
    for each in members:
        found = fold(found, Entry(each))
    assert misaligned(found, {}) == {}


def test_audio_is_cut_elsewhere_and_one_video_is_alone() -> None:
    members = [
        each for at in range(5) for each in (member(HIGH, at), member(SOUND, at, Fraction(1)))
    ]
    assert misaligned(shown(*members), {}) == {}


def test_a_rendition_that_lags_is_compared_where_both_are() -> None:
    ahead = [member(HIGH, at) for at in range(20)]
    behind = [member(LOW, at, Fraction(1)) for at in range(LOOK)]
    assert misaligned(shown(*ahead, *behind), {}) == {LOW.name: (HIGH.name, Fraction(1))}

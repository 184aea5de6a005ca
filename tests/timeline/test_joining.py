"""Half copies of several sources, combined only where they join."""

from itertools import pairwise

import pytest

from relay.gathering import Offer, join
from relay.media import Fragment
from relay.timeline.joining import together
from tests.pieces import CELL, copy, fragment

BEGIN = 7 * CELL


def pieces(source: str, *cuts: int, partial: bool = True, slate: bool = False) -> Offer:
    """A copy of index 7 in pieces between these ticks from its beginning."""
    parts: list[Fragment] = [
        fragment(BEGIN + first, stop - first, data=(source.encode(),), slate=slate)
        for first, stop in pairwise(cuts)
    ]
    return join(copy(7, source, partial=partial), parts)


def spans(offer: Offer) -> list[tuple[int, int]]:
    return [(part.time - BEGIN, part.end - BEGIN) for part in offer.fragments]


def test_the_beginning_of_one_and_the_end_of_another_make_a_whole() -> None:
    first = pieces("a", 0, 400, 800)
    second = pieces("b", 800, 1200, 2000, partial=False)  # it went on to the next index
    best, *rest = together([second, first], BEGIN)
    assert spans(best) == [(0, 400), (400, 800), (800, 1200), (1200, 2000)]
    assert (best.copy.source, best.copy.partial) == ("a+b", False)
    assert (best.copy.time, best.copy.duration, best.copy.sample_count) == (BEGIN, CELL, 50)
    assert best.data == (b"a", b"a", b"b", b"b")
    assert best.copy.size == 4
    assert sorted(offer.copy.source for offer in rest) == ["a", "b"]


def test_pieces_that_overlap_are_taken_once() -> None:
    best = together([pieces("a", 0, 400, 800), pieces("b", 400, 800, 1600)], BEGIN)[0]
    assert spans(best) == [(0, 400), (400, 800), (800, 1600)]
    assert best.copy.partial  # nobody has its end


@pytest.mark.parametrize("miss", [-21, 21])
def test_what_misses_by_more_than_half_a_frame_is_not_combined(miss: int) -> None:
    first, second = pieces("a", 0, 800), pieces("b", 800 + miss, 2000)
    assert together([first, second], BEGIN) == [second, first]
    near = pieces("b", 800 + miss * 20 // 21, 2000)
    assert together([first, near], BEGIN)[0].copy.source == "a+b"


def test_a_whole_copy_needs_no_help_and_comes_first() -> None:
    whole = pieces("c", 0, 2000, partial=False)
    parts = [pieces("a", 0, 800), pieces("b", 800, 2000)]
    assert together([*parts, whole], BEGIN)[0] is whole
    assert len(together([*parts, whole], BEGIN)) == 3


def test_one_source_alone_is_never_combined() -> None:
    assert len(together([pieces("a", 0, 800), pieces("a", 800, 2000)], BEGIN)) == 2


def test_a_slate_comes_after_a_real_copy_and_lends_no_piece() -> None:
    slate = pieces("a", 0, 2000, partial=False, slate=True)
    real = pieces("b", 0, 2000, partial=False)
    assert together([slate, real], None) == [real, slate]
    half = pieces("b", 0, 800)
    filler = pieces("a", 800, 2000, slate=True)
    assert [offer.copy.source for offer in together([half, filler], BEGIN)] == ["b", "a"]


def test_indexes_come_in_order() -> None:
    late = join(copy(8, "a"), [fragment(8 * CELL)])
    assert [offer.copy.index for offer in together([late, pieces("a", 0, 800)], None)] == [7, 8]

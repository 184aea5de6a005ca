"""F06 to F09, F16: fragments that come twice, in another order, late, not at all, or too far on."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from relay.channel import Rules
from relay.media import Verdict
from relay.numbering import INDEX_LIMIT
from tests.door import RULES, TRACK, D, published, verdicts
from tests.faults.twins import CELL, A, B, cut, cuts, orderly, twins

HOUR = 3600 * 1000 // CELL
QUICK = replace(RULES, patience=1_000)


@pytest.mark.fault("F06")
@pytest.mark.parametrize("count", [150, pytest.param(HOUR, marks=pytest.mark.long)])
async def test_all_of_an_hour_that_comes_again_is_counted_and_changes_nothing(count: int) -> None:
    rules = replace(RULES, window=Fraction(2 * 3600))
    async with twins(rules) as stage:
        await stage.header(A)
        for index in range(count):
            await stage.send(A, cut(index))
            stage.clock.at += CELL
        before = await stage.shows(count - 1)
        await stage.channel.ended(A, clean=False)
        await stage.header(A)
        await stage.send(A, *cuts(range(count)))
        for index in range(count, count + 5):
            await stage.send(A, cut(index))
            stage.clock.at += CELL
        after = await stage.shows(count + 4)
        assert after[:count] == before
        assert verdicts(stage.channel) == {
            "a": {Verdict.ACCEPTED: count + 5, Verdict.DUPLICATE: count}
        }


@pytest.mark.fault("F07")
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(3))
async def test_what_comes_in_another_order_is_published_in_order(width: int, seed: int) -> None:
    rng = random.Random(100 * width + seed)
    async with twins() as stage:
        await stage.header(A)
        await stage.send(A, cut(0))
        for first in range(1, 31, width + 1):
            block = list(range(first, first + width + 1))
            rng.shuffle(block)
            for index in block:
                await stage.send(A, cut(index))
                stage.clock.at += CELL
        last = 30 + width + 1
        await stage.send(A, *cuts(range(max(published(stage.channel)) + 1, last + 1)))
        segments = await stage.shows(last)
        assert orderly(segments) == []
        assert published(stage.channel) == list(range(last + 1))
        assert verdicts(stage.channel)["a"][Verdict.ACCEPTED] == last + 1


@pytest.mark.fault("F07")
async def test_what_comes_after_its_place_was_declared_a_gap_is_counted_and_not_shown() -> None:
    async with twins(QUICK) as stage:
        await stage.header(A)
        await stage.send(A, *cuts([0, 1, 3]))
        await stage.tick()
        await stage.shows(3)
        await stage.send(A, cut(2), cut(4))
        segments = await stage.shows(4)
        assert published(stage.channel) == [0, 1, ~2, 3, 4]
        assert orderly(segments) == []
        assert verdicts(stage.channel)["a"] == {Verdict.ACCEPTED: 4, Verdict.FILL: 1}


@pytest.mark.fault("F08")
@pytest.mark.parametrize("k", [Fraction(1, 2), Fraction(9, 10), Fraction(11, 10), Fraction(3)])
async def test_a_leg_that_is_late_by_so_many_times_the_patience(k: Fraction) -> None:
    late = int(k * QUICK.patience)
    async with twins(QUICK) as stage:
        await stage.header(A, B)
        await stage.send(A, *cuts([0, 1, 2]))
        await stage.send(B, *cuts([0, 1, 2]))
        await stage.send(A, cut(4))
        await stage.tick(late)
        await stage.send(B, cut(3), cut(4))
        await stage.send(A, cut(5))
        segments = await stage.shows(5)
        assert orderly(segments) == []
        filled = k < 1
        assert published(stage.channel) == [0, 1, 2, 3 if filled else ~3, 4, 5]
        what = Verdict.ACCEPTED if filled else Verdict.FILL
        assert verdicts(stage.channel)["b"] == {Verdict.DUPLICATE: 4, what: 1}


@pytest.mark.fault("F09")
@pytest.mark.parametrize("indexed", [False, True], ids=["v1", "v2"])
async def test_what_is_missing_on_both_legs_keeps_its_number(indexed: bool) -> None:
    async with twins(QUICK) as stage:
        await stage.header(A, B)
        for index in [0, 1, 2, 5, 6]:
            fragment = cut(index, index=index if indexed else None)
            await stage.send(A, fragment)
            await stage.send(B, fragment)
            await stage.tick()
        segments = await stage.shows(6)
        assert published(stage.channel) == [0, 1, 2, ~3, ~4, 5, 6]
        assert [segment.time // D for segment in segments] == list(range(7))
        assert stage.channel.gaps[TRACK] == 2


@pytest.mark.fault("F16")
async def test_numbers_end_where_32_bits_end_and_nothing_breaks() -> None:
    """An index stays an unsignedInt (DASH); with fragments of 2 s that is the year 2242."""
    first = INDEX_LIMIT - 4
    async with twins(Rules(duration=Fraction(2), anchor="utc")) as stage:
        stage.clock.at = first * CELL - stage.clock.utc()
        await stage.header(A, B)
        for index in range(first, first + 8):
            await stage.send(A, cut(index))
            await stage.send(B, cut(index))
            await stage.tick()
        segments = await stage.shows(INDEX_LIMIT - 1)
        assert [segment.index for segment in segments] == list(range(first, INDEX_LIMIT))
        assert "INDEX_SUSPECT" in stage.codes()


@pytest.mark.fault("F16")
@pytest.mark.parametrize("width", [32, 64])
async def test_an_index_of_the_encoder_that_wraps_changes_no_number(width: int) -> None:
    """The time counts: an index beside it is compared, and told of once."""
    async with twins() as stage:
        await stage.header(A)
        for index in range(6):
            wrapping = (2**width - 3 + index) % 2**width
            await stage.send(A, cut(index, index=wrapping))
            await stage.tick()
        await stage.shows(5)
        assert published(stage.channel) == list(range(6))
        assert stage.codes().count("INDEX_DIFFERS") == 1

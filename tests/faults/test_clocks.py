"""F13, F18, F19, F33: clocks and counters that differ, drift, or are set, and other cuts."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from packagers import hls
from relay.arrival import Sender
from relay.media import Verdict
from relay.store.disk import DiskStore
from tests.door import RULES, TRACK, D, published, verdicts
from tests.faults.twins import CELL, FRAME, A, B, Clock, cut, orderly, twins

QUICK = replace(RULES, patience=1_000)
MS = D // CELL
JOINS = {"a sample of sound": D // 96_000, "10 ms": 10 * MS, "half a frame": FRAME // 2}
MISSES = {"a frame": FRAME, "a frame early": -FRAME, "100 ms": 100 * MS, "100 ms early": -100 * MS}


@pytest.mark.fault("F18")
@pytest.mark.parametrize("shift", [*JOINS.values(), *MISSES.values()], ids=[*JOINS, *MISSES])
@pytest.mark.parametrize("first", ["the right one", "the other one"])
@pytest.mark.threat("T41")
async def test_two_legs_that_are_apart_make_one_line(shift: int, first: str) -> None:
    """Beyond half a frame they are not mixed, whoever is first; and one alone goes on."""
    async with twins(QUICK) as stage:
        await stage.header(A, B)
        await stage.send(A, cut(0), cut(1))
        order = (A, B) if first == "the right one" else (B, A)
        for index in range(2, 12):
            for sender in order:
                await stage.send(sender, cut(index, shift if sender is B else 0))
            await stage.tick()
        await stage.shows(11)
        if shift in MISSES.values():
            assert set(stage.sources().values()) == {"a"}
            assert "SOURCE_DIFFERS" in stage.codes()
        await stage.channel.ended(A, clean=False)
        for index in range(12, 16):
            await stage.send(B, cut(index, shift))
            await stage.tick()
        segments = await stage.shows(15)
        assert [segment.index for segment in segments] == list(range(16))
        assert stage.sources()[15] == "b"
        late = [segment for segment in segments if segment.gap or segment.discontinuity]
        assert late == []
        apart = [b.time - a.end for a, b in pairwise(segments)]
        assert {abs(ticks) for ticks in apart} <= {0, abs(shift)}
        if shift in MISSES.values():
            assert apart.count(0) == len(apart) - 1, "it was changed more than once"


@pytest.mark.fault("F18")
@pytest.mark.parametrize("order", [(A, B), (B, A)], ids=["regular first", "other first"])
async def test_a_leg_whose_clock_drifts_by_a_millisecond_a_minute_is_told_when_it_matters(
    order: tuple[Sender, Sender],
) -> None:
    """For two hours: first their copies are alike, then one protects nobody, and that is said."""
    async with twins(QUICK) as stage:
        await stage.header(A, B)
        for index in range(60 * 120 // 2):
            for sender in order:
                await stage.send(sender, cut(index, (sender is B) * index * CELL * MS // 60_000))
            await stage.tick()
        segments = await stage.shows(3599)
        assert orderly(segments) == []
        assert not stage.channel.gaps
        assert set(stage.sources().values()) == {order[0].source}, "they were mixed"
        assert stage.codes().count("SOURCE_DIFFERS") == 1


@pytest.mark.fault("F19")
@pytest.mark.parametrize("order", [(A, B), (B, A)], ids=["regular first", "other first"])
async def test_a_leg_that_cuts_a_hundredth_longer_is_not_mixed_in(
    order: tuple[Sender, Sender],
) -> None:
    """2 s beside 2.02 s: one leg is used whole, and the other one is told of."""
    async with twins() as stage:
        await stage.header(A, B)
        longer = D * 101 // 100
        both = [(A, cut(index)) for index in range(160)]
        both += [(B, cut(0, index * longer, duration=longer)) for index in range(1, 158)]
        ranks = {sender: rank for rank, sender in enumerate(order)}
        for sender, fragment in sorted(both, key=lambda sent: (sent[1].end, ranks[sent[0]])):
            await stage.tick(fragment.end // MS - stage.clock.at)
            await stage.send(sender, fragment)
        segments = await stage.shows(158)
        assert orderly(segments) == []
        assert not stage.channel.gaps
        assert list(stage.sources().values()).count("b") <= 2, "it may win where both begin at once"
        assert stage.codes().count("FRAGMENT_DURATION") == 1


@pytest.mark.fault("F19")
async def test_a_leg_whose_groups_of_pictures_are_offset_is_not_mixed_in_and_can_go_on() -> None:
    async with twins(QUICK) as stage:
        await stage.header(A, B)
        for index in range(10):
            await stage.send(A, cut(index))
            await stage.send(B, cut(index, D // 4))
            await stage.tick()
        await stage.shows(9)
        assert set(stage.sources().values()) == {"a"}
        await stage.channel.ended(A, clean=False)
        for index in range(10, 15):
            await stage.send(B, cut(index, D // 4))
            await stage.tick()
        segments = await stage.shows(13)
        assert orderly(segments) == []
        assert [segment.index for segment in segments] == list(range(14))
        assert sum(b.time != a.end for a, b in pairwise(segments)) == 1


@pytest.mark.fault("F13")
async def test_an_encoder_that_counts_from_0_again_keeps_its_numbers_by_time() -> None:
    async with twins(QUICK) as stage:
        await stage.header(A)
        for index in range(100, 106):
            await stage.send(A, cut(index, index=index))
            await stage.tick()
        await stage.channel.ended(A, clean=False)
        await stage.header(A)
        for index in range(104, 110):
            await stage.send(A, cut(index, index=index - 104))
            await stage.tick()
        segments = await stage.shows(109)
        assert [segment.index for segment in segments] == list(range(100, 110))
        assert [segment.time // D for segment in segments] == list(range(100, 110))
        assert verdicts(stage.channel)["a"] == {Verdict.ACCEPTED: 10, Verdict.DUPLICATE: 2}
        assert stage.codes().count("INDEX_DIFFERS") == 1


YEAR = 365 * 24 * 3600 * 1000
NOW = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp() * 1000)
LEAP = int(datetime(2028, 2, 29, 23, 59, 50, tzinfo=UTC).timestamp() * 1000)
STEPS = {"-1 h": -3_600_000, "+1 h": 3_600_000, "-10 y": -10 * YEAR, "+10 y": 10 * YEAR}


@pytest.mark.fault("F33")
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("began", [NOW, LEAP], ids=["2026", "29 February"])
@pytest.mark.parametrize("utc", [True, False], ids=["UTC", "from 0"])
@pytest.mark.threat("T40")
async def test_a_clock_that_is_set_changes_nothing(
    step: int, began: int, utc: bool, tmp_path: Path
) -> None:
    """The wall clock steps while the relay runs; it is still wrong when the relay starts again."""
    index = first = began // CELL if utc else 0
    clock = Clock()
    clock.at = began - clock.utc()
    seen: list[str] = []
    for _ in range(2):
        store = await DiskStore.open(tmp_path, "news", durable=False)
        async with twins(QUICK, store, clock) as stage:
            await stage.header(A, B)
            for _ in range(6):
                await stage.send(A, cut(index))
                await stage.send(B, cut(index))
                await stage.tick()
                index += 1
                if index == first + 3:
                    clock.wrong = step
            segments = await stage.shows(index - 1)
            assert published(stage.channel) == list(range(first, index))
            assert orderly(segments) == []
            assert not any(segment.discontinuity for segment in segments)
            rendition = stage.channel.presentation.rendition(TRACK)
            assert rendition is not None
            text = hls.media(stage.channel.presentation, rendition).text.splitlines()
            lines = [line for line in text if line.startswith(("#EXTINF", "#EXT-X-PROGRAM"))]
            assert lines[: len(seen)] == seen
            seen = lines
    dates = [line for line in seen if "DATE" in line]
    assert dates == sorted(dates)
    assert f"{datetime.fromtimestamp(began / 1000, UTC):%Y-%m-%dT%H:%M}" in dates[0] or not utc


@pytest.mark.fault("F33")
@pytest.mark.parametrize("wrong", STEPS.values(), ids=STEPS)
@pytest.mark.threat("T40")
async def test_a_relay_that_was_started_under_a_wrong_clock_publishes_nevertheless(
    wrong: int,
) -> None:
    first = NOW // CELL
    async with twins(QUICK) as stage:
        stage.clock.at = NOW - stage.clock.utc()
        stage.clock.wrong = wrong
        await stage.header(A)
        for index in range(first, first + 10):
            await stage.send(A, cut(index))
            await stage.tick()
        segments = await stage.shows(first + 9)
        assert [segment.index for segment in segments] == list(range(first, first + 10))

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import FragmentInvalid
from relay.media import SampleDefaults
from relay.mp4.grammar import TRUN
from relay.mp4.samples import SAMPLES, joined, parse_run
from tests.mp4.recorded import BODIES, pairs, u32

DEFAULTS = SampleDefaults(duration=11, size=22, flags=0x10000)
WORD = st.integers(0, 2**32 - 1)


@st.composite
def truns(draw: st.DrawFn) -> dict[str, Any]:
    """Any trun, as the grammar's builder wants it."""
    flags = draw(st.sampled_from((0, 1))) | draw(st.sampled_from((0, 4)))
    flags |= draw(st.integers(0, 15)) << 8
    version = draw(st.integers(0, 1))
    offset = st.integers(-(2**31), 2**31 - 1) if version else WORD

    def field(bit: int, value: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
        return value if flags & bit else st.none()

    sample = st.fixed_dictionaries(
        {
            "duration": field(0x100, WORD),
            "size": field(0x200, WORD),
            "flags": field(0x400, WORD),
            "composition_time_offset": field(0x800, offset),
        }
    )
    rows = draw(st.lists(sample, max_size=20))
    return {
        "version": version,
        "flags": flags,
        "sample_count": len(rows),
        "data_offset": draw(field(1, st.integers(-(2**31), 2**31 - 1))),
        "first_sample_flags": draw(field(4, WORD)),
        "samples": rows if flags & 0xF00 else [],
    }


def columns(table: Any) -> list[list[int]]:
    """What the grammar says, sample by sample, with the defaults put in."""
    rows = list(table["samples"]) or [{}] * table["sample_count"]
    names = ("duration", DEFAULTS.duration), ("size", DEFAULTS.size), ("flags", DEFAULTS.flags)
    found = [
        [default if row.get(name) is None else row[name] for row in rows]
        for name, default in (*names, ("composition_time_offset", 0))
    ]
    if rows and table["first_sample_flags"] is not None:
        found[2][0] = table["first_sample_flags"]
    return found


@given(truns())
def test_columns_agree_with_the_grammar(table: dict[str, Any]) -> None:
    payload = TRUN.build(table)
    run = parse_run(payload, DEFAULTS)
    samples = run.samples
    found = [samples.durations, samples.sizes, samples.flags, samples.offsets]
    assert [list(column) for column in found] == columns(table)
    assert columns(TRUN.parse(payload)) == columns(table)
    assert run.data_offset == table["data_offset"]
    assert (samples.count, run.size) == (table["sample_count"], sum(columns(table)[1]))
    assert samples.duration == sum(columns(table)[0])


@pytest.mark.parametrize("name", BODIES)
def test_columns_agree_with_the_grammar_on_captures(name: str) -> None:
    for moof, _ in pairs(name):
        at = moof.index(b"trun") + 4
        payload = moof[at : at - 8 + int.from_bytes(moof[at - 8 : at - 4], "big")]
        samples = parse_run(payload, DEFAULTS).samples
        assert [
            list(column)
            for column in (samples.durations, samples.sizes, samples.flags, samples.offsets)
        ] == columns(TRUN.parse(payload))


def test_a_sync_sample_is_told_by_its_flags() -> None:
    key = u32(0x400, 1, 0x02000000)
    other = u32(0x400, 1, 0x01010000)
    assert parse_run(key, DEFAULTS).samples.sync
    assert not parse_run(other, DEFAULTS).samples.sync
    assert not parse_run(u32(0, 1), DEFAULTS).samples.sync
    assert parse_run(u32(4, 2, 0), DEFAULTS).samples.sync
    assert not parse_run(u32(0, 0), SampleDefaults()).samples.sync


def test_without_samples_there_is_no_offset() -> None:
    assert parse_run(u32(0x800, 0), DEFAULTS).samples.first_offset == 0
    assert parse_run(u32(0x1000800, 1, 0xFFFFFFFE), DEFAULTS).samples.first_offset == -2
    assert parse_run(u32(0x800, 1, 0xFFFFFFFE), DEFAULTS).samples.first_offset == 0xFFFFFFFE


def test_runs_join_in_order() -> None:
    runs = [parse_run(u32(0x300, 1, n, 10 * n), DEFAULTS) for n in (1, 2)]
    assert list(joined(runs).durations) == [1, 2]
    assert list(joined(runs).sizes) == [10, 20]
    assert joined([]).count == 0


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        u32(0),
        u32(0, 0xFFFFFFFF),
        u32(0, SAMPLES + 1),
        u32(0x300, 0xFFFFFFFF),
        u32(0xF00, 2, *range(7)),
        u32(1, 0),
        u32(5, 0, 0),
        u32(0x100, SAMPLES + 1) + bytes(4 * SAMPLES + 4),
    ],
    ids=lambda payload: payload[:16].hex(),
)
def test_counts_that_the_bytes_do_not_hold_are_refused_at_once(payload: bytes) -> None:
    began = time.process_time()
    with pytest.raises(FragmentInvalid):
        parse_run(payload, DEFAULTS)
    assert time.process_time() - began < 0.1


def test_the_greatest_count_is_allowed() -> None:
    assert parse_run(u32(0, SAMPLES), DEFAULTS).samples.count == SAMPLES

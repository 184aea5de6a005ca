"""EXT-X-DATERANGE: pairs, dates and lengths, and what a playlist lists."""

import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import pytest

from packagers.signals.daterange import ranges
from packagers.signals.daterange import tags as written
from packagers.signals.signal import Signal, merged, read
from tests.packagers.signals.cue_messages import (
    CUES,
    SCALE,
    cancel,
    event,
    insert,
    segmentation,
    struct,
    time_signal,
)

UTC = 1_767_225_600
"""2026-01-01."""
OUT, BACK = insert(7, out=True, seconds=30), insert(7, out=False)


def said(*events: tuple[Fraction | int, bytes]) -> tuple[Signal, ...]:
    """Signals of messages about moments, in seconds after 2026 began; each known 4 s before."""
    found: list[Signal] = []
    for number, (at, message) in enumerate(events):
        copy, data = event(round((at - 4) * SCALE), struct(number, 4 * SCALE, message))
        found += read(CUES, copy, data, UTC)
    return merged(found)


def lines(signals: Iterable[Signal], first: Fraction) -> str:
    """What a playlist whose first segment begins then would list."""
    return "".join(f"{tag.text}\n" for tag in written(signals) if tag.latest >= first)


def tags(text: str) -> list[dict[str, str]]:
    """The attributes of each tag."""
    found = []
    for line in text.splitlines():
        assert line.startswith("#EXT-X-DATERANGE:")
        pairs = re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', line.partition(":")[2])
        assert len(dict(pairs)) == len(pairs)
        found.append(dict(pairs))
    return found


def test_an_out_is_planned_and_its_in_says_how_long_it_was() -> None:
    identity = f'"cues-7-{UTC * 1000 + 10_500}"'
    start = {"ID": identity, "START-DATE": '"2026-01-01T00:00:10.500Z"'}
    out = start | {"PLANNED-DURATION": "30.000000", "SCTE35-OUT": f"0x{OUT.hex().upper()}"}
    back = start | {"DURATION": "29.480000", "SCTE35-IN": f"0x{BACK.hex().upper()}"}
    begun = said((Fraction("10.5"), OUT))
    assert tags(lines(begun, Fraction(UTC))) == [out]
    over = said((Fraction("10.5"), OUT), (Fraction("39.98"), BACK))
    assert tags(lines(over, Fraction(UTC))) == [out, back]


def test_a_pair_of_time_signals() -> None:
    out = time_signal(None, segmentation(9, 0x34, 60))
    back = time_signal(None, segmentation(9, 0x35))
    first, second = tags(lines(said((10, out), (70, back)), Fraction(UTC)))
    assert first["ID"] == second["ID"]
    assert first["PLANNED-DURATION"] == second["DURATION"] == "60.000000"
    assert "SCTE35-OUT" in first
    assert "SCTE35-IN" in second


def test_what_leads_nowhere_is_a_command() -> None:
    (tag,) = tags(lines(said((10, time_signal(None, segmentation(9, 0x10, 5)))), Fraction(UTC)))
    assert "SCTE35-CMD" in tag
    assert tag["PLANNED-DURATION"] == "5.000000"
    assert not {"SCTE35-OUT", "SCTE35-IN"} & tag.keys()


def test_one_number_for_every_break_still_makes_pairs() -> None:
    found = ranges(said((10, OUT), (40, BACK), (100, OUT), (130, BACK)))
    assert [(one.start - UTC, one.end and one.end - UTC) for one in found] == [
        (Fraction(10), Fraction(40)),
        (Fraction(100), Fraction(130)),
    ]
    assert len({one.id for one in found}) == 2


def test_an_in_whose_out_is_not_known_stands_alone() -> None:
    (tag,) = tags(lines(said((40, BACK)), Fraction(UTC)))
    assert "SCTE35-IN" in tag
    assert not {"DURATION", "PLANNED-DURATION"} & tag.keys()


@pytest.mark.parametrize(("first", "count"), [(10, 2), (40, 2), (41, 0)])
def test_listed_is_what_has_not_ended_before_the_first_segment(first: int, count: int) -> None:
    text = lines(said((10, OUT), (40, BACK)), Fraction(UTC + first))
    assert len(tags(text)) == count


def test_a_break_that_is_cancelled_is_not_listed() -> None:
    assert lines(said((10, OUT), (11, cancel(7))), Fraction(UTC)) == ""
    assert lines(said((10, OUT), (15, cancel(7))), Fraction(UTC))


def test_a_date_is_rounded_as_that_of_a_segment_is() -> None:
    # 488.9 us, and half a millisecond.
    (one,) = tags(lines(said((10 + Fraction(44, SCALE), OUT)), Fraction(UTC)))
    assert one["START-DATE"].endswith('10.000Z"')
    (one,) = tags(lines(said((10 + Fraction(45, SCALE), OUT)), Fraction(UTC)))
    assert one["START-DATE"].endswith('10.001Z"')


def test_each_tag_knows_where_the_playlists_were_when_it_came() -> None:
    out, back = said((10, OUT), (40, BACK))
    both = [replace(out, seen={"video": 7}), replace(back, seen={"video": 20})]
    assert [tag.seen for tag in written(both)] == [{"video": 7}, {"video": 20}]
    assert [tag.seen for tag in written(both[1:])] == [{"video": 20}]
    assert [tag.latest - UTC for tag in written(both)] == [40, 40]

"""Cue tags of old: which segments they mark."""

import re
from base64 import b64decode
from fractions import Fraction

import pytest

from packagers.signals.legacy_cues import Legacy, before, inserted
from relay.presentation import Segment
from tests.packagers.signals.cue_messages import insert
from tests.packagers.signals.test_daterange import BACK, OUT, UTC, said

SEGMENTS = [Segment(0, 100 + at, at * 180_000, 180_000) for at in range(25)]
"""Of 2 s, from 0 on, up to 50 s; their epoch is 2026."""


def marked(kind: Legacy, *events: tuple[Fraction | int, bytes]) -> dict[int, str]:
    return before(kind, said(*events), SEGMENTS, 90_000, lambda _: UTC)


def names(found: dict[int, str]) -> dict[int, list[str]]:
    return {index: re.findall(r"#EXT-X-([A-Z-]+)", text) for index, text in sorted(found.items())}


def test_nothing_unless_it_is_asked_for() -> None:
    assert marked(Legacy.NONE, (10, OUT)) == {}
    assert marked(Legacy.CUE_OUT_IN) == {}


def test_a_break_from_its_first_segment_to_the_one_behind_it() -> None:
    found = marked(Legacy.CUE_OUT_IN, (10, OUT), (18, BACK))
    assert names(found) == {
        105: ["CUE-OUT"],
        **{index: ["CUE-OUT-CONT"] for index in (106, 107, 108)},
        109: ["CUE-IN"],
    }
    assert found[105] == "#EXT-X-CUE-OUT:30.000000\n"
    assert found[106] == "#EXT-X-CUE-OUT-CONT:ElapsedTime=2.000000,Duration=30.000000\n"


def test_a_break_ends_when_it_was_planned_to_if_nobody_ends_it() -> None:
    found = names(marked(Legacy.CUE_OUT_IN, (10, OUT)))
    assert [index for index, tags in found.items() if "CUE-IN" in tags] == [120]
    open_ended = names(marked(Legacy.CUE_OUT_IN, (10, insert(7, out=True))))
    assert list(open_ended) == list(range(105, 125))
    assert open_ended[124] == ["CUE-OUT-CONT"]


@pytest.mark.parametrize(
    ("at", "index"),
    [(Fraction("9.9"), 105), (Fraction("9.7"), 104), (11, 105), (Fraction("49.9"), None)],
)
def test_the_segment_in_which_it_lies_but_for_its_last_eighth(
    at: Fraction | int, index: int | None
) -> None:
    found = names(marked(Legacy.CUE_OUT_IN, (at, OUT)))
    assert [number for number, tags in found.items() if "CUE-OUT" in tags] == (
        [] if index is None else [index]
    )


def test_a_break_that_began_before_the_window_goes_on() -> None:
    found = names(marked(Legacy.CUE_OUT_IN, (-10, OUT)))
    assert found == {100 + at: ["CUE-OUT-CONT"] for at in range(10)} | {110: ["CUE-IN"]}


def test_what_lies_outside_is_not_marked() -> None:
    assert marked(Legacy.CUE_OUT_IN, (60, OUT)) == {}
    assert marked(Legacy.CUE_OUT_IN, (-60, OUT)) == {}
    assert marked(Legacy.CUE_OUT_IN, (-1, BACK)) == {}


def test_an_in_that_stands_alone() -> None:
    assert marked(Legacy.CUE_OUT_IN, (10, BACK)) == {105: "#EXT-X-CUE-IN\n"}


def test_the_tag_with_the_whole_message() -> None:
    found = marked(Legacy.CUE, (10, OUT), (18, BACK))
    assert list(found) == [105, 106, 107, 108, 109]
    pairs = [dict(re.findall(r'([A-Z0-9]+)="?([^",]*)', text)) for text in found.values()]
    assert all(pair["ID"] == "7" and pair["TYPE"] == "scte35" for pair in pairs)
    assert [b64decode(pair["CUE"]) for pair in pairs] == [OUT] * 4 + [BACK]
    assert [pair.get("ELAPSED") for pair in pairs] == [
        None,
        "2.000000",
        "4.000000",
        "6.000000",
        None,
    ]
    assert {pair["TIME"] for pair in pairs[:4]} == {f"{UTC + 10}.000000"}
    assert pairs[4]["TIME"] == f"{UTC + 18}.000000"


def test_lines_stand_in_front_of_the_segments_that_are_listed() -> None:
    lines = [f"#EXT-X-GAP\n#EXTINF:2.000000,\n{index}.m4s\n" for index in (104, 105, 1050)]
    playlist = "#EXTM3U\n" + "".join(lines)
    found = inserted(playlist.encode(), {105: "#A\n#B\n", 50: "#C\n", 99: "#D\n"}).decode()
    assert found == playlist.replace(
        "#EXTINF:2.000000,\n105.m4s", "#A\n#B\n#EXTINF:2.000000,\n105.m4s"
    )

"""Cue messages: those printed in ANSI/SCTE 35 section 14, made ones, and broken ones."""

from base64 import b64decode
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.signals.scte35 import (
    MOST_DESCRIPTORS,
    Command,
    Direction,
    SectionInvalid,
    crc,
    parse,
)
from tests.packagers.signals.cue_messages import (
    cancel,
    insert,
    section,
    segmentation,
    splice_time,
    time_signal,
)

PRINTED = {
    "14.1": (
        "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==",
        (Command.TIME_SIGNAL, 0x4800008E, Direction.OUT, 0x072BD0050, Fraction(307)),
    ),
    "14.2": (
        "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=",
        (Command.INSERT, 0x4800008F, Direction.OUT, 0x07369C02E, Fraction(0x52CCF5, 90_000)),
    ),
    "14.3": (
        "/DAvAAAAAAAA///wBQb+dGKQoAAZAhdDVUVJSAAAjn+fCAgAAAAALKChijUCAKnMZ1g=",
        (Command.TIME_SIGNAL, 0x4800008E, Direction.IN, 0x0746290A0, None),
    ),
}


@pytest.mark.parametrize("clause", PRINTED)
def test_the_standards_own_messages(clause: str) -> None:
    text, said = PRINTED[clause]
    found = parse(b64decode(text))
    seen = (found.command, found.event_id, found.direction, found.pts, found.duration)
    assert seen == said
    assert found.section == b64decode(text)


def test_an_insert_at_once_has_no_time_and_may_go_back_in() -> None:
    found = parse(insert(7, out=False))
    assert (found.event_id, found.direction, found.pts) == (7, Direction.IN, None)
    assert not found.cancel


def test_a_cancellation() -> None:
    found = parse(cancel(7))
    assert (found.event_id, found.cancel, found.direction) == (7, True, Direction.NONE)


def test_an_insert_of_components_takes_the_time_of_the_first_that_has_one() -> None:
    components = b"\2" + b"\1" + splice_time(None) + b"\2" + splice_time(90)
    command = (7).to_bytes(4, "big") + b"\x7f\x8f" + components + b"\0\1\0\0"
    found = parse(section(5, command))
    assert (found.pts, found.direction) == (90, Direction.OUT)


def test_the_adjustment_is_added_and_wraps() -> None:
    command = splice_time((1 << 33) - 10)
    assert parse(section(6, command, adjustment=30)).pts == 20


def test_what_stands_behind_the_section_is_not_part_of_it() -> None:
    made = insert(7, out=True)
    assert parse(made + b"\xff" * 9).section == made


def test_descriptors_that_lead_both_ways_lead_nowhere() -> None:
    found = parse(time_signal(9, segmentation(1, 0x31), segmentation(2, 0x30)))
    assert (found.direction, found.event_id) == (Direction.NONE, 1)
    inner = parse(time_signal(9, segmentation(1, 0x10), segmentation(2, 0x34, 30)))
    assert (inner.direction, inner.event_id, inner.duration) == (Direction.OUT, 2, Fraction(30))


def test_descriptors_of_others_are_passed_over() -> None:
    private = b"\x02\x06ABCD\0\0" + b"\x00\x08CUEI\0\0\0\1"
    found = parse(time_signal(9, private, segmentation(5, 0x22)))
    assert (found.event_id, found.direction) == (5, Direction.OUT)


def test_a_length_of_the_command_that_is_not_said() -> None:
    made = bytearray(time_signal(9, segmentation(5, 0x22)))
    made[11] |= 0x0F
    made[12] = 0xFF
    made[-4:] = crc(bytes(made[:-4])).to_bytes(4, "big")
    assert parse(bytes(made)).event_id == 5


def test_what_is_encrypted_has_no_meaning_here() -> None:
    made = bytearray(insert(7, out=True))
    made[4] |= 0x80
    made[-4:] = crc(bytes(made[:-4])).to_bytes(4, "big")
    found = parse(bytes(made))
    assert (found.command, found.event_id) == (Command.OTHER, None)


def test_many_descriptors_are_too_many() -> None:
    most = [segmentation(n, 0x10) for n in range(MOST_DESCRIPTORS)]
    assert parse(time_signal(9, *most)).event_id == 0
    with pytest.raises(SectionInvalid, match="more than 64"):
        parse(time_signal(9, *most, segmentation(1, 0x10)))


@given(st.integers(0, 47), st.integers(1, 255))
def test_one_wrong_byte_is_found(at: int, by: int) -> None:
    made = bytearray(insert(7, out=True, pts=90, seconds=30))
    made[at % len(made)] ^= by
    with pytest.raises(SectionInvalid):
        parse(bytes(made))


@given(st.binary(max_size=60), st.integers(0, 7), st.binary(max_size=60))
def test_nothing_that_has_a_right_crc_raises_anything_else(
    command: bytes, kind: int, loop: bytes
) -> None:
    with suppress(SectionInvalid):
        assert parse(section(kind, command, loop)).section

"""Events become signals: what each payload says, when it is about, and what is one and the same."""

from base64 import b64encode
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.signals.signal import MOST_MESSAGES, Signal, cues, merged, read
from tests.packagers.signals.cue_messages import (
    CUES,
    SCALE,
    cancel,
    event,
    insert,
    section,
    segmentation,
    struct,
    time_signal,
)

OUT = insert(7, out=True, seconds=30)
XML = "<a:AcquiredSignal xmlns:a='urn:cablelabs:md:xsd:signaling:3.0'>{}</a:AcquiredSignal>"


def heard(time: int, *messages: bytes, lasts: int = 0, epoch: int = 0) -> tuple[Signal, ...]:
    copy, data = event(time, *messages, lasts=lasts)
    return read(CUES, copy, data, epoch)


def one(time: int, message: bytes, lasts: int = 0, epoch: int = 0) -> Signal:
    (signal,) = heard(time, message, lasts=lasts, epoch=epoch)
    return signal


def test_a_struct_says_its_id_and_how_long_until_its_moment() -> None:
    found = one(8 * SCALE, struct(1026, 4 * SCALE + 1, OUT), epoch=1000)
    assert (found.id, found.arrived) == (1026, Fraction(1008))
    assert found.begins == 1012 + Fraction(1, SCALE)
    assert found.duration == 30
    assert found.message == OUT
    assert found.splice is not None
    assert found.splice.event_id == 7


def test_a_bare_section_is_about_the_time_of_its_fragment() -> None:
    found = one(8 * SCALE, OUT)
    assert found.id == 7
    assert found.begins == 8


@pytest.mark.parametrize(
    ("media", "pts", "begins"),
    [
        (100, 104 * SCALE, 104),
        ((1 << 33) // SCALE - 1, 2 * SCALE, Fraction((1 << 33) + 2 * SCALE, SCALE)),
        (100, 90 * SCALE, 100),  # another clock
        (100, 161 * SCALE, 100),
    ],
)
def test_a_bare_section_is_about_its_pts_where_both_clocks_are_one(
    media: int, pts: int, begins: Fraction
) -> None:
    assert one(media * SCALE, insert(7, out=True, pts=pts)).begins == begins


def test_a_pts_does_not_move_what_a_struct_has_placed() -> None:
    found = one(8 * SCALE, struct(1, 4 * SCALE, insert(7, out=True, pts=9 * SCALE)))
    assert found.begins == 12


@pytest.mark.parametrize("name", ["BinaryData", "a:Binary"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_xml_carries_a_section(name: str, encoding: str) -> None:
    told = f'<{name} signalType="SCTE35">\n {b64encode(OUT).decode()} </{name}>'
    found = one(8 * SCALE, XML.format(told).encode(encoding))
    assert (found.id, found.begins, found.fault) == (7, Fraction(8), "")
    assert found.splice is not None
    assert found.splice.section == OUT


def test_the_duration_of_the_fragment_stands_in_for_the_messages_own() -> None:
    assert one(0, insert(7, out=True), lasts=20 * SCALE).duration == 20
    assert one(0, insert(7, out=True)).duration is None


@pytest.mark.parametrize(
    "payload",
    [b"", b"text", b"\0", struct(1, 2, b"text"), struct(1, 2, b""), b"<note/>", b"\0\0\0\2" + OUT],
)
def test_what_is_no_cue_is_opaque_and_no_fault(payload: bytes) -> None:
    found = one(8 * SCALE, payload)
    assert found.splice is None
    assert not found.fault
    assert not merged([found])


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (OUT[:-1] + b"\0", "CRC_32 is wrong"),
        (OUT[:-1], "says 35 bytes and has 34"),
        (b"\xfc", "does not begin"),
        (struct(1, 2, OUT[:20]), "says 35 bytes"),
        (b"<a><b></a>", "no XML"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "DOCTYPE"),
        (
            b"<?xml version='1.0' encoding='utf-7'?><+ACE-DOCTYPE a [<+ACE-ENTITY b ''>]><a/>",
            "no XML",
        ),
        (b"<a " + b" ".join(b"a%d='b'" % at for at in range(129)) + b"/>", "attributes"),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "DOCTYPE"),
        (b"<a><Binary>%%%</Binary></a>", "its Binary"),
        (b"<a><Binary>AAAA</Binary></a>", "does not begin"),
        (b"<" + b"a" * 70_000, "not looked at"),
    ],
)
def test_a_damaged_cue_is_opaque_and_says_why(payload: bytes, fault: str) -> None:
    found = one(8 * SCALE, payload)
    assert found.splice is None
    assert fault in found.fault


def test_a_fragment_that_is_damaged_is_a_fault() -> None:
    copy, data = event(8 * SCALE, OUT)
    (found,) = read(CUES, copy, data[:20], 0)
    assert "cannot be read" in found.fault
    assert not merged([found])


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    copy, whole = event(8 * SCALE, data)
    for stored in (whole, data, whole[: len(data)]):
        for signal in read(CUES, copy, stored, 0):
            assert signal.splice is None


def test_each_sample_is_a_message_up_to_a_limit() -> None:
    assert [s.id for s in heard(0, insert(1, out=True), insert(2, out=True))] == [1, 2]
    many = [insert(n, out=True) for n in range(MOST_MESSAGES + 3)]
    assert len(heard(0, *many)) == MOST_MESSAGES


def test_the_same_moment_and_id_are_one() -> None:
    early = one(8 * SCALE, struct(1, 4 * SCALE, OUT))
    late = one(8 * SCALE + 3, struct(1, 4 * SCALE - 3 - 45, OUT))  # half a millisecond off
    other = one(9 * SCALE, struct(1, 4 * SCALE, OUT))
    assert merged([late, other, early]) == (early, other)


def test_the_last_of_different_ones_is_an_update() -> None:
    first = one(8 * SCALE, struct(1, 4 * SCALE, OUT))
    update = one(9 * SCALE, struct(1, 3 * SCALE, insert(7, out=True, seconds=60)))
    again = one(10 * SCALE, struct(1, 2 * SCALE, insert(7, out=True, seconds=60)))
    assert merged([again, update, first]) == (update,)


def test_signals_come_in_order_of_their_moments() -> None:
    said = [
        one(8 * SCALE, struct(2, 9 * SCALE, OUT)),
        one(9 * SCALE, struct(1, 0, OUT)),
    ]
    assert [signal.id for signal in merged(said)] == [1, 2]


def test_what_was_taken_back_in_time_is_no_cue() -> None:
    cue = one(8 * SCALE, struct(1, 4 * SCALE, OUT))
    before = one(10 * SCALE, struct(2, 0, cancel(7)))
    after = one(13 * SCALE, struct(2, 0, cancel(7)))
    others = one(10 * SCALE, struct(2, 0, cancel(8)))
    assert cues(merged([cue, before])) == ()
    assert cues(merged([cue, after])) == (cue,)
    assert cues(merged([cue, others])) == (cue,)


def test_idle_messages_are_no_cues() -> None:
    idle = [one(n, struct(n, 0, section(kind, b""))) for n, kind in enumerate((0x00, 0x07))]
    command = one(8, struct(9, 0, time_signal(None, segmentation(9, 0x10))))
    assert len(merged([*idle, command])) == 3
    assert cues(merged([*idle, command])) == (command,)


def test_a_key_names_the_moment_too() -> None:
    first, second = (one(at * SCALE, struct(1, 0, OUT)) for at in (8, 9))
    assert first.key != second.key
    assert first.key == one(6 * SCALE, struct(1, 2 * SCALE, OUT)).key

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.media import Copy, Gap, Pin
from relay.store import filename

SOURCE = st.text("ABZaz09._:-", max_size=64) | st.text(st.characters(codec="utf-8"), max_size=12)
BIG = st.integers(0, 2**63 - 1)
TIME = st.integers(-(2**63), 2**63 - 1)
INDEX = st.integers(-10, 2**32 - 1)

COPIES = st.builds(
    Copy,
    st.just("video-1"),
    st.integers(0, 9999),
    INDEX,
    TIME,
    st.integers(0, 2**40),
    st.integers(0, 2**20),
    SOURCE,
    st.integers(0, 10**14),
    st.integers(0, 2**31),
    sync=st.booleans(),
    partial=st.booleans(),
    fill=st.booleans(),
)
GAPS = st.builds(Gap, st.just("video-1"), st.integers(0, 9999), INDEX, TIME, BIG, BIG)


@given(COPIES | GAPS, st.integers(1, 10**10), st.integers(0, 2**32 - 1))
def test_a_member_name_says_all_and_fits_a_file_name(
    member: Copy | Gap, seq: int, crc: int
) -> None:
    name = filename.member_name(member, seq, crc)
    kept = crc if isinstance(member, Copy) else 0
    assert filename.read_member_name("video-1", name) == (member, seq, kept)
    assert re.fullmatch(r"[A-Za-z0-9._+=-]+", name)
    assert len(name) <= 255


def test_the_longest_allowed_source_fits() -> None:
    longest = Copy("v", 9999, 2**32, -(2**63), 2**40, 2**20, ":" * 64, 10**14, 2**31, fill=True)
    assert len(filename.member_name(longest, 10**10, 0xFFFFFFFF)) <= 255


def test_the_documented_name() -> None:
    documented = re.search(r"^ +(\S+\.m4s)$", filename.__doc__ or "", re.MULTILINE)
    assert documented is not None
    said = filename.read_member_name("audio-1", documented[1])
    copy = Copy("audio-1", 0, 42, 80640, 1920, 48, "10.0.0.7-a", 1_700_000_000_000, 381_120)
    assert said == (copy, 117, 0x9AE0DAAF)
    assert filename.member_name(copy, 117, 0x9AE0DAAF) == documented[1]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "notes.txt",
        "1.m4s",
        "0000000042.0.117.80640.1920.gap.bak",
        "\u0661.0.1.0.1.1.gap",
        ".tmp-0",
    ],
)
def test_other_names_are_nobodys(name: str) -> None:
    assert filename.read_member_name("video-1", name) is None
    assert filename.read_pin_name(name) is None


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_any_text_has_a_safe_folder_of_its_own(text: str) -> None:
    name = filename.folder_name(text)
    assert re.fullmatch(r"[A-Za-z0-9_+=-][A-Za-z0-9._+=-]*", name)
    assert name != filename.PINS
    assert filename.unescape(name) == text


@pytest.mark.parametrize("text", [".", "..", "../../etc", "pins", ".tmp-1", "a/b", "a\x00b", "é:"])
def test_names_that_would_be_dangerous_as_folders(text: str) -> None:
    name = filename.folder_name(text)
    assert name not in (".", "..", text)
    assert filename.unescape(name) == text


def test_usual_names_stay_readable() -> None:
    assert filename.folder_name("audio_eng-128000") == "audio_eng-128000"
    assert filename.escape("10.0.0.7-a") == "10.0.0.7-a"
    assert filename.escape("2001:db8::7-a") == "2001+db8++7-a"


@given(
    st.text(st.characters(codec="utf-8"), max_size=400), st.binary(max_size=40), st.integers(1, 99)
)
def test_a_pin_comes_back_whatever_its_name(name: str, value: bytes, seq: int) -> None:
    pin = Pin(name, value)
    file = filename.pin_name(pin, seq, 7, 0xAB)
    assert filename.read_pin_name(file) == (seq, 7, 0xAB)
    assert len(file) <= 255
    assert filename.read_pin_body(filename.pin_body(pin)) == pin

import struct
import time
from fractions import Fraction

import pytest
from construct import ConstructError

from relay.mp4 import grammar as g
from relay.mp4.vocabulary import LEAVES
from tests.mp4.recorded import u32

COUNT = 0xFFFFFFFF
UNCHECKED = {"stsz", "trun", "avcC", "hvcC"}  # bounded by their elements: the bytes run out


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("elst", u32(0, COUNT)),
        ("stts", u32(0, COUNT)),
        ("stsc", u32(0, COUNT)),
        ("stsz", u32(0, 0, COUNT)),
        ("stco", u32(0, COUNT)),
        ("saio", u32(0, COUNT)),
        ("sbgp", u32(0, 0, COUNT)),
        ("tfra", u32(0, 1, 0, COUNT)),
        ("sidx", u32(0, 1, 1, 0, 0, COUNT)),
        ("trun", u32(0xF00, COUNT)),
        ("avcC", bytes(5) + b"\xff"),
        ("hvcC", bytes(22) + b"\xff\0\xff\xff"),
    ],
)
@pytest.mark.threat("T10")
def test_a_count_beyond_the_bytes_fails_at_once(kind: str, payload: bytes) -> None:
    for rest in (b"", bytes(50), bytes(700_000)) if kind not in UNCHECKED else (b"", bytes(50)):
        began = time.process_time()
        with pytest.raises((ConstructError, struct.error)):
            LEAVES[kind].parse(payload + rest)
        assert time.process_time() - began < 0.1


@pytest.mark.parametrize("kind", ["senc", "saiz", "sgpd", "pssh"])
@pytest.mark.threat("T10")
def test_counts_of_what_is_shown_raw_are_only_numbers(kind: str) -> None:
    assert LEAVES[kind].parse(u32(0) + b"\xff" * 40)


def test_samples_without_a_field_are_no_rows() -> None:
    table = g.TRUN.parse(u32(0, COUNT))
    assert (table.sample_count, list(table.samples)) == (COUNT, [])


def test_a_table_counts_its_elements() -> None:
    made = g.STCO.build({"entry_count": 2, "offsets": [7, 8]})
    assert made == u32(0, 2, 7, 8)
    assert list(g.STCO.parse(made).offsets) == [7, 8]
    brands = {"major_brand": "iso6", "minor_version": 1, "compatible": ["iso6", "cmfc"]}
    assert g.FTYP.build(brands) == b"iso6\0\0\0\1iso6cmfc"
    assert list(g.FTYP.parse(b"iso6\0\0\0\1iso6cmfc??").compatible) == ["iso6", "cmfc"]


@pytest.mark.parametrize(("language", "code"), [("und", 0x55C4), ("eng", 0x15C7), ("fra", 0x1A41)])
def test_languages_are_three_letters_of_five_bits(language: str, code: int) -> None:
    assert g.LANGUAGE.build(language) == code.to_bytes(2, "big")
    assert g.LANGUAGE.parse(code.to_bytes(2, "big")) == language


@pytest.mark.parametrize("value", [320, Fraction(1, 2), Fraction(65535, 65536)])
def test_fixed_point_is_exact(value: Fraction) -> None:
    assert g.FIXED.parse(g.FIXED.build(value)) == value


@pytest.mark.parametrize("version", [0, 1])
def test_times_are_wide_in_version_1(version: int) -> None:
    made = g.TFDT.build({"version": version, "base_media_decode_time": 5})
    assert made == bytes((version, 0, 0, 0)) + (5).to_bytes(8 if version else 4, "big")


def test_an_untouched_matrix_and_times_of_nobody() -> None:
    made = g.TKHD.build({"flags": 3, "track_ID": 1})
    assert len(made) == 84
    told = g.TKHD.parse(made)
    assert (told.creation_time, told.duration, told.width) == (0, 0, 0)
    assert tuple(told.matrix) == g.UNITY

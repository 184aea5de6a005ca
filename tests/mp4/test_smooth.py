import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import FragmentInvalid, ManifestInvalid
from relay.mp4.smooth import Tfxd, build_tfxd, manifest_xml, parse_tfxd, unwrap
from tests.mp4.recorded import tfxd

# A published vector: version 1 as a real Smooth server writes it.
VECTOR = bytes.fromhex(
    "0000002c757569646d1d9b0542d544e680e2141daff757b201000000000105c649bda4000000000000054600"
)


def read(data: bytes) -> Tfxd:
    return parse_tfxd(memoryview(data)[24:])


@pytest.mark.requirement("FMT-4a")
def test_the_published_vector() -> None:
    assert read(VECTOR) == Tfxd(0x105C649BDA400, 0x54600, None, 1)
    assert build_tfxd(read(VECTOR)) == VECTOR


@pytest.mark.requirement("FMT-4a")
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (tfxd(5, 6, 0), Tfxd(5, 6, None, 0)),
        (tfxd(0xFFFFFFFF, 6, 0), Tfxd(0xFFFFFFFF, 6, None, 0)),
        (tfxd(-213333, 6), Tfxd(-213333, 6, None, 1)),
        (tfxd(5, 6, 2), Tfxd(5, 6, None, 2)),
        (tfxd(5, 6, 2, b"\0\0\0\7"), Tfxd(5, 6, 7, 2)),
        (tfxd(5, 6, 2, bytes(7) + b"\7"), Tfxd(5, 6, 7, 2)),
        (tfxd(5, 6, 2, b"\0\0\0\7" + b"surplus"), Tfxd(5, 6, None, 2)),
        (tfxd(5, 6, 1, bytes(8), flags=8), Tfxd(5, 6, None, 1)),
        (tfxd(5, 6, 2, bytes(8), flags=8), Tfxd(5, 6, None, 2)),
        (tfxd(5, 6, 2, bytes(8) + b"\0\0\0\7", flags=8), Tfxd(5, 6, 7, 2)),
        (tfxd(5, 6, 1, b"\0\0\0\7"), Tfxd(5, 6, None, 1)),
        (tfxd(5, 6, 255, b"whatever"), Tfxd(5, 6, None, 255)),
    ],
)
def test_every_version(data: bytes, expected: Tfxd) -> None:
    assert read(data) == expected


@pytest.mark.parametrize("length", [0, 3, 4, 11, 19])
def test_a_short_tfxd_is_refused(length: int) -> None:
    version = 1 if length > 11 else 0
    with pytest.raises(FragmentInvalid):
        parse_tfxd(bytes((version,)) + bytes(length - 1) if length else b"")


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1))
def test_what_is_built_reads_back(time: int, duration: int) -> None:
    assert read(build_tfxd(Tfxd(time, duration))) == Tfxd(time, duration)


def test_a_wrapped_time_goes_on() -> None:
    before = 7 * 2**32 + 0xFFFFFF00
    assert unwrap(0x00000100, before) == 8 * 2**32 + 0x100
    assert unwrap(0xFFFFFF00, 8 * 2**32 + 0x100) == before


@given(st.integers(-(2**40), 2**63), st.integers(-(2**31), 2**31 - 1))
def test_unwrap_finds_any_time_within_half_a_turn(near: int, away: int) -> None:
    assert unwrap((near + away) % 2**32, near) == near + away


@pytest.mark.parametrize("version", [0, 1])
def test_the_manifest_is_what_follows_version_and_flags(version: int) -> None:
    assert manifest_xml(bytes((version, 0, 0, 0)) + b"<smil/>") == b"<smil/>"


def test_an_empty_manifest_is_refused() -> None:
    with pytest.raises(ManifestInvalid):
        manifest_xml(b"\0\0")

import pytest

from relay.errors import CodecUnsupported, FragmentInvalid, HeaderInvalid
from relay.media import Protection
from relay.mp4.protection import common_entry, common_senc, protection
from relay.mp4.smooth import PIFF_TENC
from tests.mp4.recorded import box, u32
from tests.mp4.test_codecs import AVCC, visual

KID = bytes(range(16))
FRMA = box("frma", b"avc1")


def piff_entry(algorithm: int) -> bytes:
    tenc = box("uuid", PIFF_TENC, u32(0), algorithm.to_bytes(3, "big"), b"\x08", KID)
    schm = box("schm", u32(0), b"piff", u32(0x10001))
    return visual("encv", AVCC, box("sinf", FRMA, schm, box("schi", tenc)))


def common(scheme: bytes, protected: int) -> bytes:
    tenc = box("tenc", u32(0), bytes((0, 0, protected, 8)), KID)
    schm = box("schm", u32(0), scheme, u32(0x10001))
    return visual("encv", AVCC, box("sinf", FRMA, schm, box("schi", tenc)))


@pytest.mark.parametrize(
    ("algorithm", "scheme", "protected"), [(1, b"cenc", 1), (2, b"cbc1", 1), (0, b"cenc", 0)]
)
def test_a_piff_entry_becomes_common(algorithm: int, scheme: bytes, protected: int) -> None:
    assert common_entry(piff_entry(algorithm)) == common(scheme, protected)


def test_other_entries_stay() -> None:
    for entry in (common(b"cenc", 1), visual("avc1", AVCC)):
        assert common_entry(entry) == entry


@pytest.mark.parametrize("scheme", ["cenc", "cbc1", "cens", "cbcs"])
def test_scheme_and_key_are_told(scheme: str) -> None:
    systems = (box("pssh", bytes(24)),)
    assert protection(common(scheme.encode(), 1), systems) == Protection(scheme, KID, systems)


def test_of_piff_too_and_of_nothing_in_the_clear() -> None:
    assert protection(piff_entry(1)) == Protection("cenc", KID)
    assert protection(piff_entry(2)) == Protection("cbc1", KID)
    assert protection(visual("avc1", AVCC), (box("pssh", bytes(24)),)) is None


def test_what_no_player_can_be_told_of_is_refused() -> None:
    with pytest.raises(CodecUnsupported, match="odkm") as caught:
        protection(common(b"odkm", 1))
    assert (caught.value.status, "cenc" in caught.value.hint) == (415, True)
    whole = common(b"cenc", 1)
    for gone in (b"sinf", b"schm", b"schi", b"tenc"):
        with pytest.raises(HeaderInvalid):
            protection(whole.replace(gone, b"free"))
    short = box("schi", box("tenc", bytes(23)))
    schm = box("schm", u32(0), b"cenc", u32(0x10001))
    with pytest.raises(HeaderInvalid):
        protection(visual("encv", AVCC, box("sinf", FRMA, schm, short)))


@pytest.mark.parametrize("iv", [8, 16])
def test_a_senc_without_subsamples(iv: int) -> None:
    payload = u32(0, 3) + bytes(3 * iv)
    senc, saiz = common_senc(payload)
    assert senc == box("senc", payload)
    assert saiz == box("saiz", bytes(5), u32(3), bytes([iv] * 3))


def test_a_senc_with_subsamples() -> None:
    one = bytes(8) + b"\0\1" + bytes(6)
    two = bytes(8) + b"\0\2" + bytes(12)
    senc, saiz = common_senc(u32(2, 2) + one + two)
    assert senc == box("senc", u32(2, 2) + one + two)
    assert saiz == box("saiz", bytes(5), u32(2), bytes((16, 22)))


def test_what_only_piff_can_override_is_dropped() -> None:
    override = b"\0\0\1\x08" + KID
    senc, _ = common_senc(u32(1) + override + u32(1) + bytes(8))
    assert senc == box("senc", u32(0, 1) + bytes(8))


LONG = u32(2, 1) + bytes(8) + b"\0\x32" + bytes(300)  # no saiz can say the size of this entry


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        u32(0),
        u32(0, 0xFFFFFFFF),
        u32(2, 10_000),
        u32(0, 2) + bytes(17),
        u32(2, 1) + bytes(9),
        LONG,
    ],
)
def test_a_damaged_senc_is_refused(payload: bytes) -> None:
    with pytest.raises(FragmentInvalid):
        common_senc(payload)

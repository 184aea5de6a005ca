import pytest

from relay.errors import HeaderInvalid
from relay.mp4.codecs import describe
from relay.mp4.hevc import canonical, complete, suffix
from tests.mp4.recorded import box
from tests.mp4.test_codecs import visual

HEAD = bytes.fromhex("0101600000009000000000001ef000fcfdf8f800000f")
VPS, SPS, PPS, SEI = 32, 33, 34, 39


def array(kind: int, *units: bytes, whole: bool = False) -> bytes:
    lengths = [len(unit).to_bytes(2, "big") + unit for unit in units]
    head = bytes(((0x80 if whole else 0) | kind,))
    return head + len(units).to_bytes(2, "big") + b"".join(lengths)


def config(*arrays: bytes) -> bytes:
    return HEAD + bytes((len(arrays),)) + b"".join(arrays)


SETS = [array(VPS, b"v"), array(SPS, b"s"), array(PPS, b"p", b"q")]
WHOLE = [array(VPS, b"v", whole=True), array(SPS, b"s", whole=True)]
WHOLE += [array(PPS, b"p", b"q", whole=True)]


def entry(kind: str, payload: bytes, *more: bytes) -> bytes:
    return visual(kind, box("hvcC", payload), *more)


def test_an_entry_with_all_its_sets_is_hvc1_whatever_it_was_called() -> None:
    for kind in ("hev1", "hvc1"):
        found = describe(entry(kind, config(*SETS, array(SEI, b"options"))), "vide")
        assert (found.fourcc, found.codecs) == ("hvc1", "hvc1.1.6.L30.90")
        assert found.sample_entry == entry("hvc1", config(*WHOLE))
        assert describe(found.sample_entry) == found


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_one_that_leaves_a_set_to_the_samples_stays_hev1(gone: int) -> None:
    left = [each for at, each in enumerate(SETS) if at != gone]
    for sets in (left, [*left, array(VPS + gone)]):
        assert not complete(config(*sets))
        found = describe(entry("hev1", config(*sets)), "vide")
        assert found.codecs == "hev1.1.6.L30.90"
        assert found.sample_entry == entry("hev1", config(*sets))


def test_under_encryption_the_original_format_says_so() -> None:
    schm = box("schm", bytes(4), b"cenc", bytes(4))

    def protected(coding: bytes, *sets: bytes) -> bytes:
        return entry("encv", config(*sets), box("sinf", box("frma", coding), schm))

    found = describe(protected(b"hev1", *SETS), "vide")
    assert (found.fourcc, found.codecs) == ("hvc1", "hvc1.1.6.L30.90")
    assert found.sample_entry == protected(b"hvc1", *WHOLE)


def test_damage_is_refused() -> None:
    whole = config(*SETS)
    for end in range(len(whole)):
        with pytest.raises(HeaderInvalid):
            canonical(whole[:end], hvc1=True)
    with pytest.raises(HeaderInvalid):
        suffix(whole[:22])
    assert suffix(whole) == ".1.6.L30.90"

import pytest

from relay.errors import HeaderInvalid
from relay.mp4.codecs import describe
from relay.mp4.hevc import MOST_SETS, canonical, complete, configuration, parameter_sets, suffix
from tests.mp4.recorded import box
from tests.mp4.test_aac import bits
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


# Main, level 1, 160x90, as x265 writes it
REAL_SPS = bytes.fromhex(
    "42010101600000030090000003000003001ea0142061f265959a4932bc05a02000000300200000030321"
)


def sample(*sets: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in sets)


def test_a_record_is_made_of_the_sets_in_a_sample() -> None:
    vps, pps = b"\x40\1v", b"\x44\1p"
    found = parameter_sets(sample(vps, REAL_SPS, pps, b"\x26\1slice", pps))
    assert found == ([vps], [REAL_SPS], [pps])
    made = configuration(*found)
    assert suffix(made) == ".1.6.L30.90"
    assert complete(made)
    assert canonical(made, hvc1=True) == made


def test_sub_layers_are_passed_over() -> None:
    """Three temporal layers, of which the first tells its profile and the second its level."""
    before = bits((0x4201, 16), (0, 4), (2, 3), (1, 1), (1 << 88 - 8, 88), (93, 8))
    layers = bits((0b10_01, 4), (0, 12), (0, 88), (0, 8))
    window = bits((1, 1), (0b010, 3), (1, 1), (1, 1), (1, 1), *[(1, 1)] * 4, (0b010, 3), (1, 1))
    made = configuration([b"v"], [before + layers + window + bytes(4)], [b"p"])
    assert made[12] == 93
    assert made[16:19] == bytes((0xFC | 1, 0xF8 | 1, 0xF8))
    assert made[21] == 3 << 3 | 1 << 2 | 3


def test_sets_that_are_damaged_or_too_many_do_no_harm() -> None:
    for end in range(20):
        with pytest.raises(HeaderInvalid):
            configuration([b"v"], [REAL_SPS[:end]], [b"p"])
    many = [b"\x40\1" + bytes((n,)) for n in range(99)]
    assert len(parameter_sets(sample(*many))[0]) == MOST_SETS
    assert parameter_sets(sample(b"\x40\1" + bytes(1 << 16))) == ([], [], [])

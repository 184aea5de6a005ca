import pytest

from relay.errors import HeaderInvalid
from relay.mp4.aac import describe_esds, implied


def bits(*fields: tuple[int, int]) -> bytes:
    """(value, width) pairs, padded with zeros to whole bytes."""
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    return int(text.ljust(-len(text) % 8 + len(text), "0"), 2).to_bytes(-(-len(text) // 8), "big")


def descriptor(tag: int, payload: bytes, long: bool = False) -> bytes:
    size = bytes((0x80, 0x80, 0x80, len(payload))) if long else bytes((len(payload),))
    return bytes((tag,)) + size + payload


def esds(
    config: bytes,
    *,
    kind: int = 0x40,
    es_id: int = 0,
    rates: bytes = bytes(11),
    flags: bytes = b"\0",
    long: bool = False,
) -> bytes:
    specific = descriptor(5, config, long) if config else b""
    decoder = descriptor(4, bytes((kind, 0x15)) + rates + specific, long)
    head = es_id.to_bytes(2, "big") + flags
    return bytes(4) + descriptor(3, head + decoder + descriptor(6, b"\2"), long)


LC48 = bits((2, 5), (3, 4), (2, 4), (0, 3))
EXPLICIT_SBR = bits((5, 5), (6, 4), (2, 4), (3, 4), (2, 5), (0, 3))
EXPLICIT_PS = bits((29, 5), (6, 4), (1, 4), (3, 4), (2, 5), (0, 3))
BACKWARD = (2, 5), (6, 4), (1, 4), (0, 3), (0x2B7, 11), (5, 5)
BACKWARD_SBR = bits(*BACKWARD, (1, 1), (3, 4))
BACKWARD_PS = bits(*BACKWARD, (1, 1), (3, 4), (0x548, 11), (1, 1))
BACKWARD_NONE = bits(*BACKWARD, (0, 1))  # ffmpeg says so of plain AAC-LC
ESCAPED_RATE = bits((2, 5), (15, 4), (44056, 24), (2, 4), (0, 3))
ESCAPED_TYPE = bits((31, 5), (42 - 32, 6), (3, 4), (2, 4))
SURROUND = bits((2, 5), (3, 4), (7, 4), (0, 3))
PCE = bits((2, 5), (3, 4), (0, 4), (0, 3))
RESERVED_RATE = bits((2, 5), (14, 4), (2, 4), (0, 3))


@pytest.mark.parametrize(
    ("config", "codecs", "channels", "rate"),
    [
        (LC48, "mp4a.40.2", 2, 48000),
        (EXPLICIT_SBR, "mp4a.40.5", 2, 48000),
        (EXPLICIT_PS, "mp4a.40.29", 2, 48000),
        (BACKWARD_SBR, "mp4a.40.5", 1, 48000),
        (BACKWARD_PS, "mp4a.40.29", 2, 48000),
        (BACKWARD_NONE, "mp4a.40.2", 1, 24000),
        (ESCAPED_RATE, "mp4a.40.2", 2, 44056),
        (ESCAPED_TYPE, "mp4a.40.42", 2, 48000),
        (SURROUND, "mp4a.40.2", 8, 48000),
        (PCE, "mp4a.40.2", 0, 48000),
        (RESERVED_RATE, "mp4a.40.2", 2, 0),
    ],
)
def test_the_configuration_tells(config: bytes, codecs: str, channels: int, rate: int) -> None:
    for long in (False, True):
        sound = describe_esds(esds(config, long=long))
        assert (sound.codecs, sound.channels, sound.sampling_rate) == (codecs, channels, rate)


@pytest.mark.parametrize(
    ("said", "beside", "meant"),
    [
        # the core is 24 kHz, and so is the entry: AAC-LC unless the manifest knows better
        (("mp4a.40.2", 2, 24000), (24000, ""), ("mp4a.40.2", 2, 24000)),
        (("mp4a.40.2", 2, 24000), (24000, "AACL"), ("mp4a.40.2", 2, 24000)),
        (("mp4a.40.2", 2, 24000), (24000, "AACH"), ("mp4a.40.5", 2, 48000)),
        (("mp4a.40.2", 1, 22050), (22050, "AACP"), ("mp4a.40.29", 2, 44100)),
        (("mp4a.40.2", 2, 24000), (48000, ""), ("mp4a.40.5", 2, 48000)),
        # what the configuration says itself, or what no core can be, stays
        (("mp4a.40.5", 2, 48000), (24000, "AACP"), ("mp4a.40.5", 2, 48000)),
        (("mp4a.40.2", 2, 48000), (48000, "AACH"), ("mp4a.40.2", 2, 48000)),
        (("mp4a.40.2", 2, 0), (0, "AACH"), ("mp4a.40.2", 2, 0)),
        (("mp4a.6B", 2, 22050), (44100, "AACH"), ("mp4a.6B", 2, 22050)),
    ],
)
def test_implicit_signalling_stands_beside_the_configuration(
    said: tuple[str, int, int], beside: tuple[int, str], meant: tuple[str, int, int]
) -> None:
    rate, fourcc = beside
    assert implied(*said, rate, fourcc) == meant


def test_other_object_types_name_themselves() -> None:
    assert describe_esds(esds(b"", kind=0x6B)).codecs == "mp4a.6B"
    assert describe_esds(esds(b"", kind=0xA5)).codecs == "mp4a.A5"


def test_optional_fields_of_the_descriptor_are_passed_over() -> None:
    for flags in (b"\x80ab", b"\x40\x03url", b"\x20ab", b"\xe0ab\x03urlab"):
        assert describe_esds(esds(LC48, flags=flags)).codecs == "mp4a.40.2"


def test_bit_rates_and_numbers_are_no_part_of_the_canonical_form() -> None:
    one = describe_esds(esds(LC48, es_id=1, rates=bytes(range(11))))
    assert one.canonical == describe_esds(esds(LC48, es_id=2)).canonical == esds(LC48)
    assert one.canonical != describe_esds(esds(PCE)).canonical
    assert describe_esds(one.canonical) == one


def test_damage_is_refused() -> None:
    whole = esds(LC48)
    for end in range(len(whole) - 3):
        with pytest.raises(HeaderInvalid):
            describe_esds(whole[:end])
    for kind in (3, 4, 5):
        with pytest.raises(HeaderInvalid):
            describe_esds(whole.replace(bytes((kind,)), b"\x7f", 1))

import pytest

from relay.errors import CodecUnsupported, EncoderError, HeaderInvalid
from relay.mp4.codecs import describe
from relay.mp4.movie import parse_moov
from tests.mp4.recorded import BODIES, box, moov
from tests.mp4.test_aac import EXPLICIT_SBR, LC48, esds

AVCC = box("avcC", bytes.fromhex("014d401effe10000"))
PASP = box("pasp", bytes(8))
SINF = box("sinf", box("frma", b"avc1"), box("schm", bytes(12)))


def visual(
    kind: str, *parts: bytes, name: bytes = b"", size: tuple[int, int] = (640, 360)
) -> bytes:
    width, height = (n.to_bytes(2, "big") for n in size)
    head = bytes(6) + b"\0\1" + bytes(16) + width + height + bytes(14)
    return box(kind, head, name.ljust(32, b"\0"), b"\0\x18\xff\xff", *parts)


def audio(kind: str, *parts: bytes, channels: int = 2, rate: int = 48000) -> bytes:
    head = bytes(6) + b"\0\1" + bytes(8) + channels.to_bytes(2, "big") + b"\0\x10" + bytes(4)
    return box(kind, head, rate.to_bytes(2, "big"), bytes(2), *parts)


def hvcc(profile: str, compatibility: str, constraints: str, level: int) -> bytes:
    general = bytes.fromhex(profile + compatibility + constraints)
    return box("hvcC", b"\1", general, bytes((level,)), bytes(10))


@pytest.mark.parametrize("name", [n for n in BODIES if "fifo" not in n])
def test_captures_are_described(name: str) -> None:
    for track in parse_moov(moov(name)):
        found = describe(track.sample_entry, track.handler)
        if track.handler == "vide":
            assert (found.width, found.height) == (320, 180)
            expected = ("hvc1.1.6.L60.90",) if "hevc" in name else ("avc1.64000C", "avc1.64000D")
        else:
            assert found.channels == (6 if "ff9-51" in name else 2)
            assert found.sampling_rate == (44100 if "2997" in name else 48000)
            expected = ("ac-3",) if "ac3" in name else ("mp4a.40.2",)
        assert found.codecs in expected
        assert describe(found.sample_entry, track.handler) == found


def test_a_header_without_parameter_sets_names_the_remedy() -> None:
    # ffmpeg's fifo muxer leaves avcC empty unless it is told to fill it
    (video, _) = parse_moov(moov("ff9-fifo/req001.body"))
    with pytest.raises(HeaderInvalid) as caught:
        describe(video.sample_entry, video.handler)
    assert "global_header" in caught.value.hint


@pytest.mark.parametrize(
    ("entry", "codecs"),
    [
        (visual("avc1", AVCC), "avc1.4D401E"),
        (visual("avc3", AVCC), "avc3.4D401E"),
        # Main, level 3.1: the example of 14496-15 E.3; then Main 10, High tier, no constraints
        (visual("hvc1", hvcc("01", "60000000", "b00000000000", 93)), "hvc1.1.6.L93.B0"),
        (visual("hev1", hvcc("02", "20000000", "900000000000", 30)), "hev1.2.4.L30.90"),
        (visual("hvc1", hvcc("64", "20000000", "901000000000", 153)), "hvc1.A4.4.H153.90.10"),
        (visual("hvc1", hvcc("01", "60000000", "000000000000", 93)), "hvc1.1.6.L93"),
        (visual("encv", AVCC, SINF), "avc1.4D401E"),
    ],
)
def test_video(entry: bytes, codecs: str) -> None:
    found = describe(entry, "vide")
    assert (found.codecs, found.width, found.height) == (codecs, 640, 360)
    assert found.fourcc == codecs[:4]


@pytest.mark.parametrize(
    ("entry", "codecs", "channels", "rate"),
    [
        (audio("mp4a", box("esds", esds(LC48))), "mp4a.40.2", 2, 48000),
        (audio("mp4a", box("esds", esds(EXPLICIT_SBR)), rate=24000), "mp4a.40.5", 2, 48000),
        (audio("mp4a", box("esds", esds(b"", kind=0x6B)), rate=44100), "mp4a.6B", 2, 44100),
        # fscod 0, bsid 8, acmod 7, lfeon
        (audio("ac-3", box("dac3", bytes.fromhex("103dc0"))), "ac-3", 6, 48000),
        # 44.1 kHz, acmod 2
        (audio("ac-3", box("dac3", bytes.fromhex("501100"))), "ac-3", 2, 44100),
        # one independent substream, 5.1
        (audio("ec-3", box("dec3", bytes.fromhex("0c00200f00"))), "ec-3", 6, 48000),
        (audio("Opus", box("dOps", bytes.fromhex("00020138"))), "opus", 2, 48000),
        (
            audio("enca", box("esds", esds(LC48)), box("sinf", box("frma", b"mp4a"))),
            "mp4a.40.2",
            2,
            48000,
        ),
    ],
)
def test_audio(entry: bytes, codecs: str, channels: int, rate: int) -> None:
    found = describe(entry, "soun")
    assert (found.codecs, found.channels, found.sampling_rate) == (codecs, channels, rate)


@pytest.mark.parametrize(
    ("entry", "handler", "codecs"),
    [
        (box("stpp", bytes(20)), "subt", "stpp.ttml.im1t"),
        (box("enct", bytes(8), box("sinf", box("frma", b"stpp"))), "subt", "stpp"),
        (box("wvtt", bytes(20)), "text", "wvtt"),
        (box("urim", bytes(20)), "meta", ""),
        (box("evt!", bytes(20)), "meta", ""),
        (b"", "meta", ""),
    ],
)
def test_text_and_metadata_may_be_anything(entry: bytes, handler: str, codecs: str) -> None:
    found = describe(entry, handler)
    assert (found.codecs, found.sample_entry) == (codecs, entry)


def test_what_encoders_fill_differently_is_no_part_of_the_canonical_form() -> None:
    one = describe(visual("avc1", AVCC, PASP, box("btrt", bytes(12)), name=b"\x05Lavc1"), "vide")
    other = describe(visual("avc1", AVCC, PASP, name=b"\x05x264!"), "vide")
    assert one == other
    assert one.sample_entry == visual("avc1", AVCC, PASP)
    rates = box("esds", esds(LC48, es_id=2, rates=bytes(range(11))))
    assert describe(audio("mp4a", rates)) == describe(audio("mp4a", box("esds", esds(LC48))))


def test_what_decoders_need_is_part_of_it() -> None:
    entries = [
        visual("avc1", AVCC),
        visual("avc1", AVCC, PASP),
        visual("avc1", AVCC, size=(640, 362)),
        visual("avc3", AVCC),
        visual("avc1", box("avcC", bytes.fromhex("014d401effe10001"))),
    ]
    assert len({describe(entry).sample_entry for entry in entries}) == len(entries)


@pytest.mark.parametrize("entry", [box("vc-1", bytes(80)), box("owma", bytes(30)), box("\n\t<b")])
def test_an_unknown_coding_is_unsupported(entry: bytes) -> None:
    with pytest.raises(CodecUnsupported) as caught:
        describe(entry, "vide")
    assert caught.value.status == 415
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        box("avc1"),
        box("avc1", bytes(77)),
        visual("avc1"),
        visual("avc1", box("avcC", b"\1")),
        visual("avc1", AVCC[:-1]),
        visual("hvc1", box("hvcC", bytes(22))),
        visual("encv", AVCC),
        visual("encv", AVCC, box("sinf", box("schm", bytes(12)))),
        audio("mp4a"),
        audio("mp4a", box("esds")),
        audio("mp4a", box("esds", bytes(40))),
        audio("Opus", box("dOps", b"\0")),
        audio("ac-3"),
        visual("avc1", AVCC, *[PASP] * 100),
    ],
)
def test_damage_is_refused(entry: bytes) -> None:
    with pytest.raises(HeaderInvalid):
        describe(entry, "vide")


def test_every_truncation_is_an_encoder_error() -> None:
    for whole in (visual("encv", AVCC, SINF), audio("mp4a", box("esds", esds(LC48)))):
        for end in range(8, len(whole) - 8):
            with pytest.raises(EncoderError):
                describe(end.to_bytes(4, "big") + whole[4:end], "vide")


def test_the_encoders_options_are_no_part_of_hevc() -> None:
    def array(kind: int, *units: bytes) -> bytes:
        lengths = [len(unit).to_bytes(2, "big") + unit for unit in units]
        return bytes((0x80 | kind,)) + len(units).to_bytes(2, "big") + b"".join(lengths)

    def entry(*arrays: bytes) -> bytes:
        return visual("hvc1", box("hvcC", bytes(22), bytes((len(arrays),)), *arrays))

    sets = array(32, b"vps"), array(33, b"sps"), array(34, b"pps", b"pps2")
    told = entry(*sets, array(39, b"x265 threads=8"), array(40, b"", b"suffix"))
    assert describe(told).sample_entry == describe(entry(*sets)).sample_entry == entry(*sets)
    assert describe(entry(*sets[:2])).sample_entry == entry(*sets[:2])
    with pytest.raises(HeaderInvalid):
        describe(entry(array(32, b"vps")[:-1]))
    with pytest.raises(HeaderInvalid):
        describe(visual("hvc1", box("hvcC", bytes(22), b"\xff", b"\xa0\xff\xff\0")))

import re

import pytest

from packagers.smooth.coding import Coding, coding
from relay.ingest.smooth import read_header
from relay.media import Kind, Track, TrackKey
from relay.mp4.write import box
from tests.mp4.recorded import BODIES, body
from tests.mp4.test_aac import EXPLICIT_PS, EXPLICIT_SBR, LC48, esds
from tests.mp4.test_codecs import audio as audio_entry
from tests.mp4.test_codecs import visual
from tests.packagers.smooth.tracks import AVCC, PPS, SPS, picture, sound

START = b"\0\0\0\1"


def test_avc_is_its_parameter_sets_behind_start_codes() -> None:
    assert coding(picture()) == Coding("H264", START + SPS + START + PPS)
    short = AVCC.replace(bytes.fromhex("0dffe1"), bytes.fromhex("0dfde1"))
    found = coding(picture(sample_entry=visual("avc1", short)))
    assert found is not None
    assert found.length == 2


def test_hevc_is_vps_sps_pps_whatever_their_order() -> None:
    arrays = [(34, b"P"), (39, b"sei"), (33, b"S"), (32, b"V")]
    body = b"".join(bytes((0x80 | kind, 0, 1, 0, len(unit))) + unit for kind, unit in arrays)
    config = box("hvcC", b"\1", bytes(20), b"\xff", bytes((len(arrays),)), body)
    track = picture(sample_entry=visual("hvc1", config), codecs="hvc1.1.6.L93.B0")
    assert coding(track) == Coding("HVC1", START + b"V" + START + b"S" + START + b"P")


@pytest.mark.parametrize(
    ("config", "codecs", "four_cc"),
    [
        (LC48, "mp4a.40.2", "AACL"),
        (EXPLICIT_SBR, "mp4a.40.5", "AACH"),
        (EXPLICIT_PS, "mp4a.40.29", "AACP"),
    ],
)
def test_aac_is_its_configuration(config: bytes, codecs: str, four_cc: str) -> None:
    entry = audio_entry("mp4a", box("esds", esds(config)))
    found = coding(sound(sample_entry=entry, codecs=codecs))
    assert found == Coding(four_cc, config, 255)


def test_eac3_is_a_published_vector() -> None:
    entry = audio_entry("ec-3", box("dec3", bytes.fromhex("0700200f00")))
    found = coding(sound(sample_entry=entry, codecs="ec-3", channels=6))
    published = "00063F000000AF87FBA7022DFB42A4D405CD93843BDD0700200F00"
    assert found == Coding("EC-3", bytes.fromhex(published), 65534)


def test_ac3_and_ttml_need_nothing() -> None:
    entry = audio_entry("ac-3", box("dac3", bytes(3)))
    assert coding(sound(sample_entry=entry, codecs="ac-3")) == Coding("AC-3", b"", 0x2000)
    text = Track(TrackKey(Kind.TEXT, "subs", 1000), 1000, "subt", box("stpp", bytes(8)), "stpp")
    assert coding(text) == Coding("TTML")


@pytest.mark.parametrize(
    "entry",
    [
        visual("encv", AVCC, box("sinf", box("frma", b"avc1"))),
        visual("avc1"),
        visual("hvc1"),
        b"\0\0\0\x08avc1",
    ],
)
def test_what_no_player_could_play_is_left_out(entry: bytes) -> None:
    assert coding(picture(sample_entry=entry)) is None


def test_audio_that_smooth_has_no_word_for_is_left_out() -> None:
    for entry in (
        audio_entry("Opus", box("dOps", bytes(11))),
        audio_entry("mp4a", box("esds", esds(b"", kind=0x6B))),
    ):
        assert coding(sound(sample_entry=entry)) is None


@pytest.mark.parametrize("name", [n for n in BODIES if "fifo" not in n and "hevc" not in n])
def test_it_says_what_the_encoder_said_of_itself(name: str) -> None:
    """ffmpeg writes CodecPrivateData for servers to repeat; of what is long, 74 bytes."""
    whole = body(name)
    data = whole[: whole.index(b"moof") - 4]
    said = [
        dict(re.findall(r'<param name="(FourCC|CodecPrivateData)" value="(\w*)"', element))
        for element in re.findall(
            r"<(?:video|audio) .*?</(?:video|audio)>", data.decode("latin-1"), re.DOTALL
        )
    ]
    found = [coding(told.track) for told in read_header("a", data).tracks]
    assert len(said) == len(found)
    for theirs, ours in zip(said, found, strict=True):
        assert ours is not None
        assert theirs.get("FourCC", ours.four_cc) == ours.four_cc
        private = theirs["CodecPrivateData"].upper()
        assert ours.private.hex().upper().startswith(private)

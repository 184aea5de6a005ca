import re
from pathlib import Path

import pytest

from relay.errors import EncoderError
from relay.mp4.movie import parse_moov
from relay.mp4.private import START_CODE, PrivateData, private_data
from relay.mp4.smooth import LIVE_SERVER_MANIFEST
from tests.encoder.clips import ffmpeg
from tests.mp4.recorded import BODIES, body, box, moov
from tests.mp4.test_aac import LC48, esds
from tests.mp4.test_codecs import AVCC, audio, visual

SAID = re.compile(rb'name="CodecPrivateData" value="([0-9A-Fa-f]*)"')


@pytest.mark.parametrize("name", [n for n in BODIES if "fifo" not in n and "hevc" not in n])
def test_it_is_what_a_real_encoder_writes_into_its_manifest(name: str) -> None:
    data = body(name)
    at = data.index(LIVE_SERVER_MANIFEST)
    said = [value.decode().upper() for value in SAID.findall(data[at : data.index(b"moov")])]
    found = [private_data(t.sample_entry, t.handler) for t in parse_moov(moov(name))]
    assert len(said) == len(found)
    for told, private in zip(said, found, strict=True):
        # ffmpeg cuts its own at 74 bytes
        assert private.data.hex().upper()[:148].startswith(told[:148]) or told == ""


def test_hevc_has_three_parameter_sets(tmp_path: Path) -> None:
    target = tmp_path / "hevc.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5", "-t", "0.4")
    ffmpeg(*source, "-c:v", "libx265", "-x265-params", "log-level=none", str(target))
    data = target.read_bytes()
    at = data.index(b"moov") - 4
    (track,) = parse_moov(data[at : at + int.from_bytes(data[at : at + 4], "big")])
    private = private_data(track.sample_entry, "vide")
    sets = private.data.split(START_CODE)[1:]
    assert [part[0] >> 1 for part in sets if part[0] >> 1 < 39] == [32, 33, 34]  # VPS, SPS, PPS
    assert private.fourcc == "HEV1"


def test_sound_is_its_configuration() -> None:
    private = private_data(audio("mp4a", box("esds", esds(LC48))), "soun")
    assert (private.fourcc, private.data) == ("AACL", LC48)


def test_a_codec_without_private_data_is_known_by_its_fourcc() -> None:
    entry = audio("Opus", b"\0\0\0\x13dOps\0\2" + bytes(9))
    assert private_data(entry, "soun") == PrivateData("Opus", b"")


@pytest.mark.parametrize("entry", [visual("avc1"), visual("avc1", AVCC)[:40], visual("xxxx")])
def test_damaged_entries_are_refused(entry: bytes) -> None:
    with pytest.raises(EncoderError):
        private_data(entry, "vide")

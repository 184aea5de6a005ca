"""Codec strings, sizes, channels and rates as ffmpeg's DASH and HLS muxers have them.

Every codec that the binary can encode is written three times by one command: as ISML, which is what
we read, and by both muxers, which are the second opinion. Where they differ from us is listed:

    case         ffmpeg writes hexadecimal digits of AVC small; RFC 6381 has them either way
    hev1         its DASH muxer leaves the string empty unless it is told to write hvc1, as we do
    HE-AAC       behind a configuration of AAC-LC (14496-3 1.6.6.1) it tells the core, we the whole
"""

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from lxml import etree

from relay.ingest.smooth import Session
from relay.media import Header, Track
from relay.mp4.reader import BoxReader
from tests.mp4.test_aac import bits

FFMPEG = str(imageio_ffmpeg.get_ffmpeg_exe())
HVC1 = "-c:v libx265 -tag:v hvc1 -x265-params log-level=none"
VIDEO = {
    "baseline": "-c:v libx264 -profile:v baseline -pix_fmt yuv420p",
    "main": "-c:v libx264 -profile:v main -pix_fmt yuv420p -level 3.1",
    "high": "-c:v libx264 -profile:v high -pix_fmt yuv420p",
    "high10": "-c:v libx264 -profile:v high10 -pix_fmt yuv420p10le",
    "high422": "-c:v libx264 -profile:v high422 -pix_fmt yuv422p10le",
    "hevc": f"{HVC1} -pix_fmt yuv420p",
    "hevc10": f"{HVC1} -pix_fmt yuv420p10le",
    "hevc-high-tier": f"{HVC1}:level-idc=4:high-tier=1:vbv-maxrate=20000:vbv-bufsize=20000"
    " -pix_fmt yuv420p",
}
AUDIO = {
    "aac": "-c:a aac -ar 48000 -ac 2",
    "aac-mono": "-c:a aac -ar 44100 -ac 1",
    "aac-5.1": "-c:a aac -ar 48000 -ac 6",
    "aac-low": "-c:a aac -ar 24000 -ac 2",
    "ac3": "-c:a ac3 -ar 48000 -ac 2",
    "ac3-5.1": "-c:a ac3 -ar 44100 -ac 6",
    "eac3": "-c:a eac3 -ar 48000 -ac 2",
    "eac3-5.1": "-c:a eac3 -ar 48000 -ac 6",
}


def run(*arguments: str) -> None:
    command = [FFMPEG, "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True, timeout=60)


def dash(folder: Path) -> list[str]:
    return ["-f", "dash", str(folder / "m.mpd")]


def hls(folder: Path) -> list[str]:
    """Its master playlist is empty as long as there is but one segment."""
    made = ["-f", "hls", "-hls_time", "1", "-hls_segment_type", "fmp4"]
    return [*made, "-master_pl_name", "master.m3u8", str(folder / "x.m3u8")]


def encoded(folder: Path, source: str, codec: str) -> Track:
    given = ["-t", "2.2", "-g", "10", *codec.split()]
    isml = ["-f", "ismv", "-movflags", "isml+frag_keyframe+delay_moov", str(folder / "a.ismv")]
    run("-f", "lavfi", "-i", source, *given, *isml, *given, *dash(folder), *given, *hls(folder))
    return ours(folder / "a.ismv")


def ours(path: Path) -> Track:
    session = Session("main")
    events = [e for box in BoxReader().feed(path.read_bytes()) for e in session.take(box)]
    (header,) = (event for event in events if isinstance(event, Header))
    (told,) = header.tracks
    return told.track


def theirs(folder: Path) -> tuple[dict[str, str], str]:
    """Attributes of ffmpeg's Representation, `channels` among them; CODECS of its HLS."""
    root = etree.fromstring((folder / "m.mpd").read_bytes())
    (representation,) = root.iter("{*}Representation")
    found = {str(name): str(value) for name, value in representation.attrib.items()}
    for each in root.iter("{*}AudioChannelConfiguration"):
        found["channels"] = each.get("value", "")
    said = re.search(r'CODECS="([^"]*)"', (folder / "master.m3u8").read_text())
    return found, said[1] if said else ""


@pytest.mark.parametrize("name", VIDEO)
def test_video(name: str, tmp_path: Path) -> None:
    track = encoded(tmp_path, "testsrc2=s=160x90:r=25", VIDEO[name])
    shown, listed = theirs(tmp_path)
    assert track.codecs.lower() == shown["codecs"].lower() == listed.lower()
    assert (shown["width"], shown["height"]) == (str(track.width), str(track.height))
    assert (track.width, track.height) == (160, 90)


@pytest.mark.parametrize("name", AUDIO)
def test_audio(name: str, tmp_path: Path) -> None:
    track = encoded(tmp_path, "sine=f=440:r=48000", AUDIO[name])
    shown, listed = theirs(tmp_path)
    assert track.codecs == shown["codecs"] == listed
    assert str(track.sampling_rate) == shown["audioSamplingRate"]
    assert str(track.channels) == shown["channels"]


def test_hev1_is_told_as_hvc1(tmp_path: Path) -> None:
    """Its DASH muxer says nothing of hev1; all else is as if it had been asked for hvc1."""
    track = encoded(tmp_path, "testsrc2=s=160x90:r=25", VIDEO["hevc"].replace("-tag:v hvc1", ""))
    shown, _ = theirs(tmp_path)
    assert b"hev1" in (tmp_path / "a.ismv").read_bytes()
    assert shown["codecs"] == ""
    asked = encoded(tmp_path, "testsrc2=s=160x90:r=25", VIDEO["hevc"])
    assert (track.codecs, track.sample_entry) == (asked.codecs, asked.sample_entry)


CORE = bits((2, 5), (6, 4), (1, 4), (0, 3))
LC = bytes.fromhex("130856e500")
"""What ffmpeg writes for AAC-LC at 24 kHz, mono, with the word that there is no SBR."""
HE = bits((5, 5), (6, 4), (1, 4), (3, 4), (2, 5), (0, 3), (0, 15))
HE_V2 = bits((29, 5), (6, 4), (1, 4), (3, 4), (2, 5), (0, 3), (0, 15))
BEHIND = bits((2, 5), (6, 4), (1, 4), (0, 3), (0x2B7, 11), (5, 5), (1, 1), (3, 4))


@pytest.mark.parametrize(
    ("config", "codecs", "channels", "same"),
    [
        (HE, "mp4a.40.5", 1, True),
        (HE_V2, "mp4a.40.29", 2, True),
        (BEHIND, "mp4a.40.5", 1, False),
    ],
)
def test_he_aac(config: bytes, codecs: str, channels: int, same: bool, tmp_path: Path) -> None:
    """No encoder of it is at hand: the configuration of an AAC-LC file is replaced."""
    plain, path = tmp_path / "plain.mp4", tmp_path / "a.ismv"
    source = ("-f", "lavfi", "-i", "sine=f=440:r=24000", "-t", "2.2", "-c:a", "aac")
    isml = ("-f", "ismv", "-movflags", "isml+frag_keyframe+delay_moov", str(path))
    run(*source, str(plain), *source[-2:], "-t", "2.2", *isml)
    for file in (plain, path):
        assert LC in file.read_bytes()
        file.write_bytes(file.read_bytes().replace(LC, config))
    track = ours(path)
    assert (track.codecs, track.channels, track.sampling_rate) == (codecs, channels, 48000)
    run("-i", str(plain), "-c", "copy", *dash(tmp_path))
    run("-i", str(plain), "-c", "copy", *hls(tmp_path))
    shown, listed = theirs(tmp_path)
    assert {shown["codecs"], listed} == ({codecs} if same else {"mp4a.40.2"})

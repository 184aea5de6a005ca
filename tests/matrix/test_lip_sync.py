"""A flash and a tone that begin at one moment do so in what players get, whatever the ticks are.

The programme is black and silent, but for a fifth of a second in every two. Encoders stamp it in
ticks of 10 MHz and 90 kHz (ISML), or with sound in ticks of its own rate (CMAF in an ISML header,
its times in tfdt). Out of the playlist and the MPD ffmpeg decodes when black and silence end. They
may differ by one audio frame: that is how long a decoder takes to hear, and AAC's own blur.

Without B-frames, since ffmpeg's demuxer shows these late (see `decoding`).
"""

import asyncio
import re
import subprocess
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from relay.mp4.smooth import LIVE_SERVER_MANIFEST
from tests.e2e import boxes, served
from tests.e2e.relay_process import RelayProcess
from tests.e2e.replay import Post
from tests.matrix import snapshot
from tests.matrix.snapshot import Snapshot

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 8
FLASHES = 4
ON = "between(mod(t,2),1,1.2)"
ISML = ("-f", "ismv", "-movflags", "isml+frag_keyframe")
CMAF = ("-f", "mp4", "-movflags", "cmaf+frag_keyframe+frag_discont+separate_moof")
TICKS = ("-video_track_timescale",)
SHAPES: dict[str, tuple[int, tuple[str, ...]]] = {
    "ticks_10m": (48000, ISML),
    "ticks_90k": (44100, (*TICKS, "90000", *ISML)),
    "ticks_48k": (48000, (*TICKS, "90000", *CMAF)),
    "ticks_44k": (44100, (*TICKS, "10000000", *CMAF)),
}
SCALES = {
    "ticks_10m": {10_000_000},
    "ticks_90k": {90_000, 10_000_000},
    "ticks_48k": {90_000, 48_000},
    "ticks_44k": {10_000_000, 44_100},
}


@pytest.fixture(scope="module")
def snapshots(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    """What a relay makes of each shape."""
    folder = tmp_path_factory.mktemp("lips")

    async def push(port: int) -> None:
        for name, (rate, options) in SHAPES.items():
            post = await Post.open(port, f"/{name}.isml/Streams(main)")
            await post.send(_body(ffmpeg, folder / name, rate, options))
            assert await post.finish() == 200

    with RelayProcess(folder, {name: {"patience": 0.5} for name in SHAPES}) as relay:
        asyncio.run(push(relay.port))
        masters = [f"{relay.url}/{name}.isml/master.m3u8" for name in SHAPES]
        served.settled(masters, 2, limit=60)
        return {
            name: snapshot.take(relay.url, name, folder / f"{name}.d", text=False)
            for name in SHAPES
        }


def _body(ffmpeg: str, target: Path, rate: int, options: tuple[str, ...]) -> bytes:
    picture = f"color=black:s=160x90:r=25,drawbox=enable='{ON}':color=white:t=fill"
    sound = f"aevalsrc='if({ON},sin(2*PI*1000*t),0)':s={rate}"
    command = [ffmpeg, "-nostdin", "-y", "-loglevel", "error"]
    command += ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", str(SECONDS)]
    command += ["-c:v", "libx264", "-bf", "0", "-g", "50", "-keyint_min", "50", "-c:a", "aac"]
    command += ["-sc_threshold", "0", "-output_ts_offset", str(int(time.time()) - 60)]
    subprocess.run(
        [*command, *options, str(target)], check=True, timeout=100, stderr=subprocess.DEVNULL
    )
    body = target.read_bytes()
    return body if LIVE_SERVER_MANIFEST in body else _declared(body)


def _declared(body: bytes) -> bytes:
    """A file in CMAF with the box that makes it an ISML stream, behind its ftyp."""
    said = "".join(
        f'<{name} systemBitrate="1000"><param name="trackID" value="{number}"/></{name}>'
        for number, name in ((1, "video"), (2, "audio"))
    )
    smil = f"<smil><body><switch>{said}</switch></body></smil>".encode()
    size = (28 + len(smil)).to_bytes(4, "big")
    ftyp = next(boxes.walk(body)).end
    return body[:ftyp] + size + b"uuid" + LIVE_SERVER_MANIFEST + bytes(4) + smil + body[ftyp:]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("document", ["master.m3u8", "m.mpd"])
def test_flash_and_tone_begin_together(
    snapshots: dict[str, Snapshot], ffmpeg: str, name: str, document: str
) -> None:
    taken = snapshots[name]
    assert {r.timescale for r in taken.renditions.values()} == SCALES[name]
    flashes, tones = _ends(ffmpeg, taken.folder / document)
    assert len(flashes) == len(tones) == FLASHES
    frame = Fraction(1024, SHAPES[name][0])
    for flash, tone in zip(flashes, tones, strict=True):
        assert abs(tone - flash) <= frame
    between = [b - a for a, b in pairwise(flashes)]
    assert between == [2] * (FLASHES - 1)


def test_the_measure_sees_one_frame_of_sound_too_many(
    snapshots: dict[str, Snapshot], ffmpeg: str, tmp_path: Path
) -> None:
    """The same with sound delayed by two frames: what is measured is what is there."""
    taken = snapshots["ticks_10m"]
    late = tmp_path / "late.mp4"
    source = ["-i", "master.m3u8", "-itsoffset", "0.0427", "-i", "master.m3u8"]
    command = [ffmpeg, "-nostdin", "-loglevel", "error", *source, "-map", "0:v", "-map", "1:a"]
    subprocess.run([*command, "-c", "copy", str(late)], check=True, cwd=taken.folder)
    flashes, tones = _ends(ffmpeg, late)
    assert all(b - a > Fraction(1024, 48000) for a, b in zip(flashes, tones, strict=True))


def _ends(ffmpeg: str, document: Path) -> tuple[list[Fraction], list[Fraction]]:
    """When black ends, and when silence does, in seconds from the first of both."""
    detect = ["-vf", "blackdetect=d=0.1:pix_th=0.5", "-af", "silencedetect=n=-30dB:d=0.1"]
    done = subprocess.run(
        [ffmpeg, "-hide_banner", "-nostdin", "-i", document.name, *detect, "-f", "null", "-"],
        cwd=document.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    # Behind the last flash there is black and silence again, to the end.
    found = [
        [Fraction(each) for each in re.findall(rf"{word}: ?([\d.]+)", done.stderr)]
        for word in ("black_end", "silence_end")
    ]
    return found[0][:FLASHES], found[1][:FLASHES]

"""The witnesses are credible: the players' report shows a fault that a viewer may not notice.

A short programme, packaged by ffmpeg alone, with a fragment half a second late. dash.js plays on
over such a hole without an error; what tells is that the buffer is in pieces.
"""

import asyncio
import struct
import subprocess
from pathlib import Path
from typing import Literal

import pytest

from tests.e2e import boxes, players
from tests.e2e.playing import Report

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def packaged(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `m.mpd` and `master.m3u8`; the second video fragment is half a second late."""
    folder = tmp_path_factory.mktemp("packaged")
    command = [ffmpeg, "-nostdin", "-loglevel", "error", "-f", "lavfi"]
    command += ["-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=f=440:r=48000"]
    command += ["-t", "8", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    command += ["-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-c:a", "aac"]
    command += ["-f", "dash", "-hls_playlist", "1", "-seg_duration", "2", str(folder / "m.mpd")]
    subprocess.run(command, check=True)
    late = folder / "chunk-stream0-00002.m4s"
    data = bytearray(late.read_bytes())
    (trak,) = boxes.tracks((folder / "init-stream0.m4s").read_bytes()).values()
    (tfdt,) = boxes.find(bytes(data), "moof/traf/tfdt")
    (time,) = struct.unpack_from(">Q", data, tfdt.body + 4)
    struct.pack_into(">Q", data, tfdt.body + 4, time + trak.timescale // 2)
    late.write_bytes(data)
    return folder


@pytest.mark.parametrize(("kind", "document"), [("hls", "master.m3u8"), ("dash", "m.mpd")])
def test_a_hole_is_seen(
    chromium: Path, packaged: Path, kind: Literal["hls", "dash"], document: str
) -> None:
    async def play() -> Report:
        with players.static(packaged) as root:
            async with players.browser() as browser:
                return await browser.play(kind, f"{root}/{document}", 3)

    report = asyncio.run(play())
    assert len(report.buffered["video"]) == 2
    assert len(report.buffered["audio"]) == 1
    assert report.audio > 0
    assert [f.samples for f in boxes.fragments(report.appended["video"])][:4] == [50] * 4

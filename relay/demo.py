"""The demo: a relay on this machine and two real ffmpeg encoders that push one programme to it.

Both encoders stamp UTC and start at the same multiple of D = 1.92 s: 48 pictures at 25/s and 90 AAC
frames at 48 kHz, so they cut the same fragments. ffmpeg comes from the imageio-ffmpeg wheel, which
belongs to the development set-up and never to the relay.
"""

import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

from relay.app import run
from relay.config import ChannelTable, Config, StoreTable
from relay.errors import OperatorError

D = Fraction("1.92")
POINT = "http://127.0.0.1:8080/news.isml"
READY = "http://127.0.0.1:8081/readyz"


async def show(seconds: int) -> None:
    """Run the demo for so many seconds, or until Ctrl-C. Raises OperatorError."""
    ffmpeg = _ffmpeg()
    with tempfile.TemporaryDirectory(prefix="relay-demo-") as folder:
        config = Config(
            store=StoreTable(path=Path(folder)),
            channels={"news": ChannelTable(fragment_duration=D)},
        )
        opened = asyncio.Event()
        relay = asyncio.create_task(run(config, lambda _house: opened.set()))
        waiting = asyncio.create_task(opened.wait())
        await asyncio.wait({relay, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if relay.done():
            return await relay
        _say("channel", "news", "ready")
        began = D * (int(time.time() / D) + 1)
        await asyncio.sleep(float(began) - time.time())
        encoders = [await _encoder(ffmpeg, name, began) for name in ("enc_a", "enc_b")]
        _say("play", f"{POINT}/master.m3u8", "HLS")
        _say("play", f"{POINT}/manifest.mpd", "DASH")
        _say("status", ".venv/bin/relay status", "stop: Ctrl-C")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(relay), seconds or None)
        for encoder in encoders:
            with contextlib.suppress(ProcessLookupError):
                encoder.send_signal(signal.SIGINT)
        await asyncio.gather(*(encoder.wait() for encoder in encoders))
        _say("encoders", "both", "ended")
        if not relay.done():
            signal.raise_signal(signal.SIGTERM)
        await relay
    return None


def command(ffmpeg: str, source: str, began: Fraction) -> list[str]:
    """The ffmpeg command of one demo encoder, whose media time is `began` (UTC seconds) at 0."""
    frames = int(D * 25)
    video = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "zerolatency",
        "-pix_fmt",
        "yuv420p",
    ]
    video += ["-g", str(frames), "-keyint_min", str(frames), "-sc_threshold", "0"]
    return [
        *(ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin"),
        *("-re", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25"),
        *("-re", "-f", "lavfi", "-i", "sine=f=440:r=48000"),
        *("-filter_complex", "[0:v]split[a][b];[b]scale=320:180[c]"),
        *("-map", "[a]", "-map", "[c]", "-map", "1:a"),
        *video,
        *("-b:v:0", "800k", "-b:v:1", "300k", "-c:a", "aac", "-b:a", "96k", "-ac", "2"),
        *("-output_ts_offset", f"{float(began):.2f}"),
        *("-f", "ismv", "-movflags", "isml+frag_keyframe"),
        f"{POINT}/Streams(main)?source={source}",
    ]


async def _encoder(ffmpeg: str, source: str, began: Fraction) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(*command(ffmpeg, source, began))
    _say("source", source, "pushes 2 videos and 1 audio")
    return process


def _ffmpeg() -> str:
    try:
        import imageio_ffmpeg  # noqa: PLC0415 - not a part of the relay
    except ImportError:
        raise OperatorError(
            "The demo needs ffmpeg.", hint='Install it with: pip install "isml-relay[demo]"'
        ) from None
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _say(what: str, which: str, how: str) -> None:
    clock = time.strftime("%H:%M:%S", time.gmtime())
    sys.stdout.write(f"  {clock}  {what:<9} {which:<46} {how}\n")
    sys.stdout.flush()

"""The demo's programme: 48 s in a loop that shows its own clock and beeps on each second.

48 s are 25 fragments of D = 1.92 s and a whole number of seconds, so what is seen and heard at a
moment depends on UTC alone: whichever encoder's copy plays, the clock runs on. D is 48 pictures at
25/s and 90 AAC frames at 48 kHz: video and audio are cut at the same instants. ffmpeg makes the
clip once; it comes from the imageio-ffmpeg wheel, a part of the development set-up and never of
the relay.
"""

import os
import subprocess
from fractions import Fraction
from pathlib import Path

from relay.errors import OperatorError

D = Fraction("1.92")
SECONDS = 48
FRAMES = 48
"""Pictures in D."""
NAME = "demo-1.mp4"
"""The number is raised with every change of what ffmpeg is asked for."""

_CODECS = (
    *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0"),
    *("-g", str(FRAMES), "-keyint_min", str(FRAMES), "-sc_threshold", "0"),
    *("-b:v:0", "800k", "-b:v:1", "300k", "-c:a", "aac", "-b:a", "96k", "-ac", "2"),
)


def ffmpeg() -> str:
    """The path of ffmpeg. Raises OperatorError."""
    try:
        import imageio_ffmpeg  # noqa: PLC0415 - not a part of the relay
    except ImportError:
        raise OperatorError(
            "The demo needs ffmpeg.", hint='Install it with: pip install "isml-relay[demo]"'
        ) from None
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def sources(pace: str, seconds: int | None = None) -> list[str]:
    """ffmpeg's inputs and the streams made of them. `pace`: "-re" to run at the speed of life."""
    length = "" if seconds is None else f":d={seconds}"
    speed = [pace] if pace else []
    return [
        *(*speed, "-f", "lavfi", "-i", f"testsrc=s=640x360:r=25:decimals=2{length}"),
        *(*speed, "-f", "lavfi", "-i", f"sine=f=330:beep_factor=4:r=48000{length}"),
        *("-filter_complex", "[0:v]split[a][b];[b]scale=320:180[c]"),
        *("-map", "[a]", "-map", "[c]", "-map", "1:a"),
        *_CODECS,
    ]


def kept() -> Path:
    """Where the clip is kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "isml-relay" / NAME


def make(path: Path) -> None:
    """Make the clip, some seconds of work. Raises OperatorError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.mp4")
    command = [ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    command += [*sources("", SECONDS), "-movflags", "+faststart", str(draft)]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        draft.unlink(missing_ok=True)
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise OperatorError(f"ffmpeg cannot make the clip: {reason[-1] if reason else '?'}")
    draft.replace(path)

"""ffmpeg as the judge of what is served: it has to decode without a single complaint."""

import subprocess
from pathlib import Path


def decoded(ffmpeg: str, media: Path) -> int:
    """Frames that ffmpeg decodes from a file of one track; AssertionError when it complains."""
    command = [ffmpeg, "-hide_banner", "-nostdin", "-v", "error", "-xerror", "-i", str(media)]
    done = subprocess.run(
        [*command, "-fps_mode", "passthrough", "-f", "framecrc", "-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), f"{media.name}: {done.stderr}"
    return sum(1 for line in done.stdout.splitlines() if line and not line.startswith("#"))

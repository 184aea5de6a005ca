"""The demo's two encoders.

Usually an encoder is `relay push` of the clip. With `real` it is ffmpeg, which encodes live: both
start at the same multiple of D and stamp UTC, so they cut the same fragments; one that comes back
starts at a later multiple, and its picture begins anew while its numbers do not.
"""

import asyncio
import sys
import time
from fractions import Fraction
from pathlib import Path

from relay.demo import clip
from relay.demo.kept import Kept, Say

NAMES = ("enc_a", "enc_b")
AWAY = 8


def encoders(point: str, programme: Path | None, folder: Path, say: Say) -> list[Kept]:
    """Both, not started. `programme`: the clip to push to `point`, or None to encode live."""
    return [_encoder(name, point, programme, folder, say) for name in NAMES]


def _encoder(name: str, point: str, programme: Path | None, folder: Path, say: Say) -> Kept:
    async def command() -> list[str]:
        if programme is None:
            began = clip.D * (int(Fraction(time.time_ns(), 10**9) / clip.D) + 1)
            await asyncio.sleep(float(began) - time.time())
            return _live(f"{point}/Streams(main)?source={name}", began)
        push = [sys.executable, "-m", "relay", "push", str(programme), point]
        return [*push, "--source", name, "--duration", str(clip.D)]

    return Kept("encoder", name, "pushes", folder / f"{name}.log", command, say, AWAY)


def _live(url: str, began: Fraction) -> list[str]:
    """The ffmpeg command of an encoder whose media time is `began` (UTC seconds) at its start."""
    return [
        *(clip.ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin"),
        *clip.sources("-re"),
        *("-tune", "zerolatency", "-output_ts_offset", f"{float(began):.2f}"),
        *("-f", "ismv", "-movflags", "isml+frag_keyframe", url),
    ]

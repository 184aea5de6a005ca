"""The demo's two encoders.

Usually an encoder is `relay push` of the clip, which takes orders while it runs. With `real` it is
ffmpeg, which encodes live and takes none: both start at the same multiple of D and stamp UTC, so
they cut the same fragments; one that comes back starts at a later multiple, and its picture begins
anew while its numbers do not.
"""

import asyncio
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from relay.demo import clip
from relay.demo.kept import Kept, Say

NAMES = ("enc_a", "enc_b")
AWAY = 8


@dataclass(slots=True)
class Encoder:
    """One of them: its process, not started. `delay`: ms by which it sends everything late."""

    name: str
    process: Kept
    hears: bool
    delay: int = 0

    def order(self, fault: str) -> None:
        """Let something go wrong, in the words of `relay push --orders`."""
        self.process.tell(fault.encode())

    def late(self, delay: int) -> None:
        """Send everything so many ms later, in this life and the next ones."""
        self.delay = delay
        self.order(f"delay={delay}")


def encoders(point: str, programme: Path | None, folder: Path, say: Say) -> list[Encoder]:
    """Both, not started. `programme`: the clip to push to `point`, or None to encode live."""
    return [_encoder(name, point, programme, folder, say) for name in NAMES]


def _encoder(name: str, point: str, programme: Path | None, folder: Path, say: Say) -> Encoder:
    async def command() -> list[str]:
        if programme is None:
            began = clip.D * (int(Fraction(time.time_ns(), 10**9) / clip.D) + 1)
            await asyncio.sleep(float(began) - time.time())
            return _live(f"{point}/Streams(main)?source={name}", began)
        push = [sys.executable, "-m", "relay", "push", str(programme), point, "--orders"]
        late = ["--fault", f"delay={made.delay}"] if made.delay else []
        return [*push, "--source", name, "--duration", str(clip.D), *late]

    hear = None if programme is None else _unheard
    process = Kept("encoder", name, "pushes", folder / f"{name}.log", command, say, AWAY, hear)
    made = Encoder(name, process, hears=programme is not None)
    return made


def _unheard(_line: bytes) -> None:
    """What it says of each order is not told: the page shows what comes of it."""


def _live(url: str, began: Fraction) -> list[str]:
    """The ffmpeg command of an encoder whose media time is `began` (UTC seconds) at its start."""
    return [
        *(clip.ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin"),
        *clip.sources("-re"),
        *("-tune", "zerolatency", "-output_ts_offset", f"{float(began):.2f}"),
        *("-f", "ismv", "-movflags", "isml+frag_keyframe", url),
    ]

"""The demo's two encoders, as processes: what is killed comes back after a while.

Usually an encoder is `relay push` of the clip. With `real` it is ffmpeg, which encodes live: both
start at the same multiple of D and stamp UTC, so they cut the same fragments; one that comes back
starts at a later multiple, and its picture begins anew while its numbers do not.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from relay.demo import clip

AWAY = 8
"""Seconds that a killed encoder stays away."""

Say = Callable[[str, str, str], None]


class Encoder:
    """One encoder, kept running until `stop`."""

    def __init__(self, name: str, point: str, programme: Path | None, say: Say) -> None:
        """`programme`: the clip to push, or None to encode live."""
        self._name = name
        self._point = point
        self._programme = programme
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to push."""
        self._keeper = asyncio.create_task(self._keep(), name=self._name)

    async def stop(self) -> None:
        """End as an encoder should, and wait for it."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def _keep(self) -> None:
        while True:
            if self._programme is None:
                began = clip.D * (int(Fraction(time.time_ns(), 10**9) / clip.D) + 1)
                await asyncio.sleep(float(began) - time.time())
                command = _live(f"{self._point}/Streams(main)?source={self._name}", began)
            else:
                command = [sys.executable, "-m", "relay", "push", str(self._programme), self._point]
                command += ["--source", self._name, "--duration", str(clip.D)]
            quiet, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
            self._process = process = await asyncio.create_subprocess_exec(
                *command, stdin=quiet, stdout=quiet, stderr=pipe, start_new_session=True
            )
            self._say("encoder", self._name, f"pushes; to kill it: kill -9 {process.pid}")
            _, said = await process.communicate()
            code = process.returncode or 0
            last = said.decode(errors="replace").strip().splitlines()[-1:]
            how = f"was killed by signal {-code}" if code < 0 else ": ".join(["ended", *last])
            self._say("encoder", self._name, f"{how}; comes back in {AWAY} s")
            await asyncio.sleep(AWAY)


def _live(url: str, began: Fraction) -> list[str]:
    """The ffmpeg command of an encoder whose media time is `began` (UTC seconds) at its start."""
    return [
        *(clip.ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin"),
        *clip.sources("-re"),
        *("-tune", "zerolatency", "-output_ts_offset", f"{float(began):.2f}"),
        *("-f", "ismv", "-movflags", "isml+frag_keyframe", url),
    ]

"""Real ffmpeg as the encoder: a test programme pushed as live fragmented MP4.

One programme is the same for all who encode it: ffmpeg's encoders are deterministic, so two pushes
send equal fragments, and `reference` writes the very same bytes to a file, as fast as it goes. That
file is the oracle of what was pushed.

`start` is the UTC second at which the programme begins (`-output_ts_offset`); 0 is the naive
ffmpeg, whose media time begins near zero. `reconnecting` is the fifo muxer, which outlives its
connection; a plain ffmpeg ends with it.
"""

import math
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e import boxes


@dataclass(frozen=True, slots=True)
class Programme:
    """What is encoded: `seconds` long, a fragment of `gop` frames at `fps`, one video per rate."""

    seconds: int = 60
    fps: int = 25
    gop: int = 50
    start: int = 0
    kilobits: tuple[int, ...] = (200,)
    movflags: str = "isml+frag_keyframe"
    reconnecting: bool = False

    @property
    def fragment(self) -> float:
        """Seconds of a fragment."""
        return self.gop / self.fps

    def command(self, ffmpeg: str, target: str, *, live: bool = True) -> list[str]:
        pace = ["-re"] if live else []
        command = [ffmpeg, "-hide_banner", "-nostdin", "-y", "-loglevel", "warning"]
        command += [*pace, "-f", "lavfi", "-i", f"testsrc2=s=320x180:r={self.fps}"]
        command += [*pace, "-f", "lavfi", "-i", "sine=f=440:r=48000"]
        command += [part for _ in self.kilobits for part in ("-map", "0:v")]
        command += ["-map", "1:a", "-t", str(self.seconds), "-c:v", "libx264"]
        command += ["-preset", "veryfast", "-pix_fmt", "yuv420p", "-sc_threshold", "0"]
        command += ["-g", str(self.gop), "-keyint_min", str(self.gop), "-threads", "1"]
        for position, rate in enumerate(self.kilobits):
            command += [f"-b:v:{position}", f"{rate}k"]
        command += ["-c:a", "aac", "-b:a", "64k", "-ac", "2"]
        if self.start:
            command += ["-output_ts_offset", str(self.start)]
        if self.reconnecting:
            # Without global_header the fifo muxer's avcC is empty.
            command += ["-flags", "+global_header", "-f", "fifo", "-fifo_format", "ismv"]
            command += ["-format_opts", f"movflags={self.movflags}", "-attempt_recovery", "1"]
            command += ["-recovery_wait_time", "1", "-drop_pkts_on_overflow", "1"]
            return [*command, "-restart_with_keyframe", "1", target]
        return [*command, "-f", "ismv", "-movflags", self.movflags, target]

    def reference(self, ffmpeg: str, folder: Path) -> dict[tuple[int, int], boxes.Moof]:
        """Every fragment that a push of this programme sends, by (track_ID, decode time).

        track_ID counts from 1: the videos in the order of `kilobits`, then audio.
        """
        target = folder / "reference.ismv"
        subprocess.run(self.command(ffmpeg, str(target), live=False), check=True)
        return {(f.track_id, f.time): f for f in boxes.fragments(target.read_bytes())}


def next_start(step: int, lead: float = 0.3) -> int:
    """The next UTC second on the grid of `step` seconds, at least `lead` seconds from now."""
    return math.ceil((time.time() + lead) / step) * step


def wait_until(utc: float) -> None:
    time.sleep(max(0.0, utc - time.time()))


class Encoder:
    """One running ffmpeg that pushes a programme. A context: at its end, ffmpeg is gone."""

    def __init__(self, ffmpeg: str, programme: Programme, url: str, log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._child = subprocess.Popen(
                programme.command(ffmpeg, url),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._child.kill()
        self._child.wait()

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def interrupt(self) -> None:
        """End the programme cleanly: last fragments, mfra, last chunk."""
        self._child.send_signal(signal.SIGINT)

    def kill(self) -> None:
        self._child.kill()

    def wait(self, limit: float) -> int:
        """Its exit code; AssertionError when it still pushes after `limit` seconds."""
        try:
            return self._child.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"ffmpeg still pushes after {limit} s: {self.text()}") from None

    def text(self) -> str:
        """What ffmpeg complained of."""
        return self._log.read_text(errors="replace")

"""Small clips made by ffmpeg for the tests of the encoder. Nothing of them is committed."""

import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg

FFMPEG = str(imageio_ffmpeg.get_ffmpeg_exe())


@dataclass(frozen=True, slots=True)
class Shape:
    """What a clip is like. `gop` in frames; `cells` groups of pictures long; `tone`: kbit/s."""

    name: str
    fps: Fraction
    gop: int
    rate: int
    cells: int = 3
    options: tuple[str, ...] = ("-f", "mp4")
    rates: tuple[int, ...] = (150,)
    sound: bool = True
    size: str = "160x90"
    tone: int = 64

    @property
    def cell(self) -> Fraction:
        return self.gop / self.fps

    @property
    def seconds(self) -> Fraction:
        return self.cells * self.cell


ISML = ("-f", "ismv", "-movflags", "isml+frag_keyframe")
CMAF = ("-f", "mp4", "-movflags", "cmaf+frag_keyframe")
FPS_29_97 = Fraction(30000, 1001)

PLAIN_25 = Shape("plain25.mp4", Fraction(25), 48, 48000)
LADDER = Shape("ladder.ismv", Fraction(25), 48, 48000, options=ISML, rates=(300, 100))
PLAIN_2997 = Shape("plain2997.mp4", FPS_29_97, 60, 44100)
FRAGMENTED_50 = Shape("fragmented50.mp4", Fraction(50), 96, 44100, options=CMAF)
ODD_TICKS = Shape(
    "odd_ticks.mp4",
    FPS_29_97,
    60,
    48000,
    options=("-f", "mp4", "-video_track_timescale", "999"),
)
MUTE = Shape("mute.mp4", Fraction(25), 25, 48000, cells=4, sound=False)
ALL = (PLAIN_25, LADDER, PLAIN_2997, FRAGMENTED_50, ODD_TICKS, MUTE)


def ffmpeg(*arguments: str) -> None:
    command = [FFMPEG, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True, timeout=60)


def make(shape: Shape, folder: Path) -> Path:
    """Encode a clip: a moving picture, and a tone."""
    target = folder / shape.name
    if target.exists():
        return target
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p"]
    video += ["-g", str(shape.gop), "-keyint_min", str(shape.gop), "-sc_threshold", "0"]
    for position, kilobits in enumerate(shape.rates):
        video += [f"-b:v:{position}", f"{kilobits}k"]
    sound = ["-map", "1:a", "-c:a", "aac", "-b:a", f"{shape.tone}k"] if shape.sound else []
    ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=s={shape.size}:r={shape.fps}"),
        *("-f", "lavfi", "-i", f"sine=f=440:r={shape.rate}"),
        *("-t", f"{float(shape.seconds):.6f}"),
        *(part for _ in shape.rates for part in ("-map", "0:v")),
        *sound,
        *video,
        *shape.options,
        str(target),
    )
    return target

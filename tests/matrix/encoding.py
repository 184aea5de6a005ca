"""A cell encoded by real ffmpeg, as fast as it goes, and what the bytes it made are.

The body is what a push of it would send, byte for byte: the encoder's clock has been left out, and
nothing else. The test reads it with `boxes`, so what is expected comes from the sent bytes alone.
"""

import struct
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from tests.e2e import boxes
from tests.matrix.cells import Cell

X265 = "-c:v libx265 -preset ultrafast -x265-params"
QUIET = "log-level=none:pools=none:frame-threads=1:scenecut=0:open-gop=0"
VIDEO = {
    "baseline": "-c:v libx264 -preset ultrafast -profile:v baseline -pix_fmt yuv420p",
    "high": "-c:v libx264 -preset veryfast -profile:v high -bf 2 -pix_fmt yuv420p",
    "hev1": f"{X265} {QUIET} -pix_fmt yuv420p",
    "hvc1-10": f"{X265} {QUIET} -tag:v hvc1 -pix_fmt yuv420p10le",
}
AUDIO = {
    "aac": "-c:a aac -ac 2 -b:a 64k",
    "aac-5.1": "-c:a aac -ac 6 -b:a 192k",
    "ac3": "-c:a ac3 -ac 2 -b:a 96k",
    "eac3": "-c:a eac3 -ac 6 -b:a 192k",
}
LANGUAGES = {"one": ("eng",), "two": ("eng", "fra"), "three": ("eng", "fra", "deu")}
KILOBITS = (80, 160, 240)
CUES = (("00:00:00,500", "00:00:01,500", "one"), ("00:00:01,700", "00:00:02,900", "a border"))
"""Lines of text: within a fragment, and over the border of two (of most lengths)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One track as it was pushed, in the order of its fragments."""

    handler: str
    timescale: int
    fragments: tuple[boxes.Moof, ...]

    @property
    def samples(self) -> int:
        return sum(fragment.samples for fragment in self.fragments)

    @property
    def begin(self) -> Fraction:
        return Fraction(self.fragments[0].time, self.timescale)


@dataclass(frozen=True)
class Push:
    """A cell's body. `start`: UTC seconds of its first picture, 0 on a local timeline."""

    cell: Cell
    body: bytes
    start: int

    @cached_property
    def tracks(self) -> dict[int, Sent]:
        """By track_ID."""
        sent = boxes.fragments(self.body)
        return {
            number: Sent(
                trak.handler, trak.timescale, tuple(f for f in sent if f.track_id == number)
            )
            for number, trak in boxes.tracks(self.body).items()
        }

    @cached_property
    def pictures(self) -> tuple[Fraction, Fraction]:
        """When the first picture is shown; and how far composition offsets go below zero."""
        times: list[Fraction] = []
        offsets: list[Fraction] = []
        for traf in boxes.find(self.body, "moof/traf"):
            (tfhd,) = boxes.find(self.body, "tfhd", traf)
            sent = self.tracks[struct.unpack_from(">I", self.body, tfhd.body + 4)[0]]
            if sent.handler == "vide":
                (tfxd,) = boxes.find(self.body, "uuid", traf)
                (time,) = struct.unpack_from(">q", self.body, tfxd.body + 20)
                times.append(Fraction(time, sent.timescale))
                offsets += [Fraction(each, sent.timescale) for each in self._offsets(traf)]
        return times[0], max(0 * times[0], *(-each for each in offsets))

    def _offsets(self, traf: boxes.Box) -> list[int]:
        (trun,) = boxes.find(self.body, "trun", traf)
        flags, number = struct.unpack_from(">II", self.body, trun.body)
        if not flags & 0x800:
            return [0] * int(number)
        step = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
        at = trun.body + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0) + step - 4
        return [struct.unpack_from(">i", self.body, at + step * n)[0] for n in range(number)]

    @property
    def segments(self) -> int:
        """How many segments there will be of all tracks together."""
        return sum(len(sent.fragments) for sent in self.tracks.values())


def count(cell: Cell) -> int:
    """How many fragments are made."""
    return 3 if cell.D < 3 else 2


def encode(ffmpeg: str, cell: Cell, folder: Path, start: int) -> Push:
    """The body of a cell; `start` is used when its clock is UTC."""
    begin = start if cell.clock == "utc" else 0
    target = folder / f"{cell.name}.ismv"
    command = [ffmpeg, "-nostdin", "-y", "-loglevel", "error", *_inputs(cell, folder)]
    command += ["-t", f"{float(count(cell) * cell.D):.6f}", *_video(cell), *_audio(cell)]
    if cell.text != "none":
        command += ["-c:s", "ttml", "-metadata:s:s:0", "language=fra"]
        command += ["-tag:s", "dfxp"] if cell.text == "dfxp" else []
    command += ["-output_ts_offset", str(begin)] if begin else []
    # delay_moov: AC-3 is described by its first frame.
    flags = "isml+delay_moov" + ("" if cell.video == "none" else "+frag_keyframe")
    cut = [] if cell.video != "none" else ["-frag_duration", str(int(cell.D * 1_000_000))]
    subprocess.run(
        [*command, "-f", "ismv", "-movflags", flags, *cut, str(target)],
        check=True,
        timeout=100,
        stderr=subprocess.DEVNULL,  # that times begin late, which is meant
    )
    body = target.read_bytes()
    target.unlink()
    return Push(cell, body, begin)


def _inputs(cell: Cell, folder: Path) -> list[str]:
    inputs = []
    if cell.video != "none":
        inputs += ["-f", "lavfi", "-i", f"testsrc2=s=160x90:r={cell.frame_rate}"]
    if cell.audio != "none":
        for position in range(len(LANGUAGES[cell.languages])):
            inputs += ["-f", "lavfi", "-i", f"sine=f={330 + 110 * position}:r={cell.sampling}"]
    if cell.text != "none":
        lines = (f"{n}\n{a} --> {b}\n{text}\n" for n, (a, b, text) in enumerate(CUES, 1))
        source = folder / f"{cell.name}.srt"
        source.write_text("\n".join(lines))
        inputs += ["-i", str(source)]
    return inputs


def _video(cell: Cell) -> list[str]:
    if cell.video == "none":
        return []
    rates = KILOBITS[: int(cell.rates)]
    options = [part for _ in rates for part in ("-map", "0:v")]
    options += [*VIDEO[cell.video].split(), "-threads", "1"]
    options += ["-g", str(cell.gop), "-keyint_min", str(cell.gop), "-sc_threshold", "0"]
    for position, rate in enumerate(rates):
        options += [f"-b:v:{position}", f"{rate}k"]
    return options + (["-video_track_timescale", "90000"] if cell.ticks == "90k" else [])


def _audio(cell: Cell) -> list[str]:
    first = 0 if cell.video == "none" else 1
    languages = LANGUAGES[cell.languages] if cell.audio != "none" else ()
    options: list[str] = []
    for position, language in enumerate(languages):
        options += ["-map", f"{first + position}:a"]
        options += [f"-metadata:s:a:{position}", f"language={language}"]
    options += [*AUDIO[cell.audio].split(), "-ar", cell.sampling] if languages else []
    return options + (["-map", f"{first + len(languages)}:s"] if cell.text != "none" else [])

"""ffmpeg as a player: it reads a playlist or an MPD, and decodes every stream of it to the end.

It shows pictures late whose composition offsets are negative, where no edit list says that they
are: by the most negative one of the track (its demuxer's dts_shift). Browsers take offsets as they
stand. What compares times has to know.

Every rendition of subtitles it takes for WebVTT in files of that name, and gives up a playlist that
has another: so it is shown the multivariant playlist without them.
"""

import re
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

SUBTITLES = r'#EXT-X-MEDIA:[^\n]*TYPE=SUBTITLES[^\n]*\n|,SUBTITLES="[^"\n]*"'


@dataclass(frozen=True, slots=True)
class Decoded:
    """One stream. `frames` that came out; `samples` of sound, per channel, 0 of pictures.

    begin   presentation time of the first, in seconds of ffmpeg's timeline
    """

    kind: str
    frames: int
    samples: int
    begin: Fraction


def decode(ffmpeg: str, document: Path) -> list[Decoded]:
    """Every picture and sound of a document. AssertionError when ffmpeg complains of anything."""
    if document.name == "master.m3u8":
        seen = document.with_name("seen.m3u8")
        seen.write_text(re.sub(SUBTITLES, "", document.read_text()))
        document = seen
    command = [ffmpeg, "-hide_banner", "-nostdin", "-v", "warning", "-xerror", "-copyts"]
    command += ["-allowed_extensions", "ALL"] if document.suffix == ".m3u8" else []
    command += ["-i", document.name, "-map", "0:v?", "-map", "0:a?"]
    done = subprocess.run(
        [*command, "-fps_mode", "passthrough", "-enc_time_base:v", "demux", "-f", "framecrc", "-"],
        cwd=document.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, ""), f"{document}: {done.stderr}"
    return _read(done.stdout)


def _read(text: str) -> list[Decoded]:
    facts: dict[tuple[str, int], str] = {}
    for name, stream, value in re.findall(r"^#(\w+) (\d+): (.*)$", text, re.MULTILINE):
        facts[name, int(stream)] = value
    rows: dict[int, list[list[str]]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            fields = [field.strip() for field in line.split(",")]
            rows.setdefault(int(fields[0]), []).append(fields)
    return [
        Decoded(
            facts["media_type", stream],
            len(found),
            sum(int(row[3]) for row in found) if facts["media_type", stream] == "audio" else 0,
            min(int(row[2]) for row in found) * Fraction(facts["tb", stream]),
        )
        for stream, found in sorted(rows.items())
    ]

"""Cue tags from before EXT-X-DATERANGE, for inserters that know no other; an option of the channel.

    cue-out-in   #EXT-X-CUE-OUT:30.000 before the first segment of a break, #EXT-X-CUE-OUT-CONT
                 with the seconds gone before each that follows, #EXT-X-CUE-IN behind the last
    cue          #EXT-X-CUE:ID="1026",TYPE="scte35",DURATION=30.000000,TIME=..,CUE="base64" before
                 the segment in which the splice lies, as Azure Media Services wrote it; TIME is in
                 seconds since 1970. In a break that is under way, ELAPSED before each segment

They have no date of their own: they mark segments. Marked is the segment in which the moment lies,
by the index, so video and audio are marked alike though an audio frame crosses the border: what
lies within the last eighth of a fragment belongs to the next one, as a piece cut at the splice does
for whoever merges pieces. An encoder that cuts at the splice and on the grid gets it exact.

The lines of a segment change while a break goes on; whoever asks for these tags asks for that.
"""

from base64 import b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from math import floor

from packagers.signals.daterange import Range, ranges, seconds
from packagers.signals.signal import Signal
from relay.presentation import Segment


class Legacy(StrEnum):
    """Which of them a channel writes."""

    NONE = "none"
    CUE_OUT_IN = "cue-out-in"
    CUE = "cue"


def before(
    kind: Legacy,
    signals: Iterable[Signal],
    segments: Sequence[Segment],
    timescale: int,
    epoch_of: Callable[[int], int],
) -> dict[int, str]:
    """The lines to put in front of segments, by index. `epoch_of`: seconds, by run."""
    marked: dict[int, str] = {}
    if kind is Legacy.NONE or not segments:
        return marked

    def ticks(segment: Segment) -> int:
        return segment.time + epoch_of(segment.run) * timescale

    def place(moment: Fraction) -> int:
        """Which segment is to be marked: -1 lies before the first, len(segments) ahead."""
        at = bisect_right(segments, floor(moment * timescale), key=ticks) - 1
        if at < 0:
            return -1
        into = moment * timescale - ticks(segments[at])
        return at + (into >= Fraction(segments[at].duration * 7, 8))

    def mark(at: int, text: str) -> None:
        if 0 <= at < len(segments):
            index = segments[at].index
            marked[index] = marked.get(index, "") + text

    for one in ranges(signals):
        over = one.end
        if over is None and one.out and one.planned:
            over = one.start + one.planned
        stop = len(segments) if over is None else place(over)
        if one.out:
            begin = place(one.start)
            mark(begin, _out(kind, one))
            for at in range(begin + 1, min(stop, len(segments))):
                mark(at, _on(kind, one, Fraction(ticks(segments[at]), timescale) - one.start))
            mark(stop, _back(kind, one))
        elif one.back:
            mark(place(one.start), _back(kind, one))
    return marked


def _out(kind: Legacy, one: Range) -> str:
    if kind is Legacy.CUE:
        return _cue(one, one.out)
    return "#EXT-X-CUE-OUT" + (f":{seconds(one.planned)}" if one.planned else "") + "\n"


def _on(kind: Legacy, one: Range, elapsed: Fraction) -> str:
    if kind is Legacy.CUE:
        return _cue(one, one.out, elapsed)
    whole = f",Duration={seconds(one.planned)}" if one.planned else ""
    return f"#EXT-X-CUE-OUT-CONT:ElapsedTime={seconds(elapsed)}{whole}\n"


def _back(kind: Legacy, one: Range) -> str:
    if kind is Legacy.CUE:
        return _cue(one, one.back) if one.back else ""
    return "#EXT-X-CUE-IN\n"


def _cue(one: Range, section: bytes, elapsed: Fraction | None = None) -> str:
    back = section == one.back
    told = Fraction(0) if back else one.planned or Fraction(0)
    time = one.end if back and one.end is not None else one.start
    gone = "" if elapsed is None else f",ELAPSED={seconds(elapsed)}"
    return (
        f'#EXT-X-CUE:ID="{one.event}",TYPE="scte35",DURATION={seconds(told)},TIME={seconds(time)}'
        f'{gone},CUE="{b64encode(section).decode()}"\n'
    )


def inserted(playlist: bytes, marked: Mapping[int, str]) -> bytes:
    """A playlist with these lines in front of its segments, as far as it lists them."""
    parts, at = [], 0
    for index, text in sorted(marked.items()):
        uri = playlist.find(b"\n%d.m4s\n" % index, at)
        if uri >= 0:
            begin = playlist.rindex(b"#EXTINF:", 0, uri)
            parts += [playlist[at:begin], text.encode()]
            at = begin
    return b"".join((*parts, playlist[at:]))

"""A recording as a programme that loops for ever without a seam, cut into cells of D seconds.

The programme begins with a key frame of the first video track and is N whole cells long. Cell n of
eternity (n counts from 1970) plays cell n mod N of the clip.

Video is cut at key frames, which have to lie on the grid, half a frame off at most. A cell begins
at the exact tick of n D and its last sample lasts until that of (n + 1) D, so that rounding never
adds up; composition offsets stay, and decode time leads by that of the first key frame, which puts
*presentation* on the grid.

Audio frames stand on a grid of their own, that of frame j at j x 1024/rate from 1970, since they
seldom divide D or the clip: cell n holds the frames nearest to it, from round(n D / frame) to
round((n + 1) D / frame). Where the clip comes round, a frame is left out or said twice, so sound
stays within a frame of the picture for ever, in frames of one length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from relay.media import Kind
from relay.mp4.movie import MovieTrack
from relay.mp4.recording import RecordedTrack, Recording
from relay.mp4.samples import Samples


@dataclass(frozen=True, slots=True)
class Piece:
    """One track's part of one cell: decode time of the first sample (ticks), samples, places."""

    time: int
    samples: Samples
    places: tuple[int, ...]

    @property
    def shown(self) -> int:
        """Presentation time of the first sample."""
        return self.time + self.samples.first_offset


@dataclass(frozen=True, slots=True)
class ClipTrack:
    """One track of a clip, in the ticks of the recording.

    cuts    video: numbers of the samples that begin the cells, and of the one behind the last
    first   audio: number of the frame that is heard when the clip begins
    frame   exact duration of a sample, in seconds
    """

    recorded: RecordedTrack
    kind: Kind
    frame: Fraction
    cuts: tuple[int, ...] = ()
    first: int = 0

    @property
    def movie(self) -> MovieTrack:
        return self.recorded.movie

    @property
    def bits(self) -> int:
        """Bits of its samples: of video those in the clip, of audio all."""
        samples = self.recorded.samples
        begin, end = (self.cuts[0], self.cuts[-1]) if self.cuts else (0, samples.count)
        return 8 * sum(samples.sizes[begin:end])


@dataclass(frozen=True, slots=True)
class Clip:
    """A programme of `cells` cells of `D` seconds. `left_out`: handlers of tracks that are none."""

    recording: Recording
    D: Fraction
    cells: int
    tracks: tuple[ClipTrack, ...]
    left_out: tuple[str, ...] = ()

    def piece(self, track: ClipTrack, n: int, content: int | None = None) -> Piece:
        """What `track` plays in cell `n` >= 0. `content`: the pictures of another cell instead."""
        if track.kind is Kind.VIDEO:
            return self._pictures(track, n, n if content is None else content)
        return self._sound(track, n)

    def seconds(self, track: ClipTrack) -> Fraction:
        """How long the samples last that `track.bits` counts."""
        if track.kind is Kind.VIDEO:
            return self.cells * self.D
        return track.recorded.samples.count * track.frame

    def tick(self, track: ClipTrack, n: int) -> int:
        """The tick at which cell `n` begins."""
        return round(n * self.D * track.movie.timescale)

    def _pictures(self, track: ClipTrack, n: int, content: int) -> Piece:
        recorded = track.recorded
        begin, end = track.cuts[content % self.cells], track.cuts[content % self.cells + 1]
        durations = list(recorded.samples.durations[begin:end])
        length = self.tick(track, n + 1) - self.tick(track, n)
        durations[-1] = max(1, durations[-1] + length - sum(durations))
        lead = recorded.samples.offsets[track.cuts[0]]
        return _piece(self.tick(track, n) - lead, durations, recorded, range(begin, end))

    def _sound(self, track: ClipTrack, n: int) -> Piece:
        def nearest(cell: int) -> int:
            return round(cell * self.D / track.frame)

        frames = range(nearest(n), nearest(n + 1))
        round_began = nearest(n - n % self.cells)
        last = track.recorded.samples.count - 1
        numbers = [min(max(track.first + j - round_began, 0), last) for j in frames]
        scale = track.frame * track.movie.timescale
        ticks = [round(j * scale) for j in (*frames, frames.stop)]
        durations = [b - a for a, b in pairwise(ticks)]
        return _piece(ticks[0], durations, track.recorded, numbers)


def _piece(
    time: int, durations: list[int], recorded: RecordedTrack, numbers: Sequence[int]
) -> Piece:
    samples = recorded.samples
    return Piece(
        time,
        Samples(
            durations,
            [samples.sizes[number] for number in numbers],
            [samples.flags[number] for number in numbers],
            [samples.offsets[number] for number in numbers],
        ),
        tuple(recorded.places[number] for number in numbers),
    )

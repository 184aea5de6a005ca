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
stays within half a frame of the picture for ever, in frames of one length.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from relay.errors import OperatorError
from relay.media import Kind
from relay.mp4.codecs import describe
from relay.mp4.movie import MovieTrack
from relay.mp4.recording import RecordedTrack, Recording
from relay.mp4.samples import NON_SYNC, Samples
from relay.numbering import frame_rate, snap

USUAL = (Fraction("1.92"), Fraction(2))
"""D when nothing is said and the key frames allow it: 48 pictures at 25/s, 90 frames of AAC."""
SHORTEST = Fraction(1)
KINDS = {"vide": Kind.VIDEO, "soun": Kind.AUDIO}


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
        numbers = [min(track.first + j - round_began, last) for j in frames]
        scale = track.frame * track.movie.timescale
        ticks = [round(j * scale) for j in (*frames, frames.stop)]
        durations = [b - a for a, b in pairwise(ticks)]
        return _piece(ticks[0], durations, track.recorded, numbers)


def make(recording: Recording, duration: Fraction | None = None) -> Clip:
    """The longest clip on a grid of `duration` (None: one that suits). Raises OperatorError."""
    tracks, left_out = [], []
    for recorded in recording.tracks:
        kind = KINDS.get(recorded.movie.handler)
        if kind is None:
            left_out.append(recorded.movie.handler)
        else:
            tracks.append(ClipTrack(recorded, kind, _frame(recorded, kind)))
    if not tracks:
        raise OperatorError("The file has neither video nor audio.")
    video = [track for track in tracks if track.kind is Kind.VIDEO]
    candidates = [duration] if duration else _candidates(video)
    clips = [_cut(recording, tracks, cell, tuple(left_out)) for cell in candidates]
    clip = max(clips, key=lambda made: made.cells * made.D)  # the first of equals
    if not clip.cells:
        raise OperatorError(
            f"The file cannot be cut into fragments of {float(candidates[0]):g} s.",
            hint=_advice(video, candidates[0]),
        )
    return clip


def _cut(
    recording: Recording, tracks: Sequence[ClipTrack], cell: Fraction, left_out: tuple[str, ...]
) -> Clip:
    video = [track for track in tracks if track.kind is Kind.VIDEO]
    began = max(_seconds(track, track.recorded.shown(0)) - track.frame for track in tracks)
    zero = began + max(track.frame for track in tracks)
    if video:
        starts = (_seconds(video[0], video[0].recorded.shown(key)) for key in _keys(video[0]))
        zero = next((start for start in starts if start >= began), zero)
    cuts = [_cuts(track, zero, cell) for track in video]
    cells = [len(found) - 1 for found in cuts]
    for track in tracks:
        if track.kind is Kind.AUDIO:
            recorded = track.recorded
            end = _seconds(track, recorded.shown(-1) + recorded.samples.durations[-1])
            cells.append(int((end + track.frame - zero) // cell))
    count = max(0, min(cells))
    found = iter(cuts)
    placed = [
        ClipTrack(t.recorded, t.kind, t.frame, next(found)[: count + 1])
        if t.kind is Kind.VIDEO
        else ClipTrack(t.recorded, t.kind, t.frame, first=_nearest(t, zero))
        for t in tracks
    ]
    return Clip(recording, cell, count, tuple(placed), left_out)


def _cuts(track: ClipTrack, zero: Fraction, cell: Fraction) -> tuple[int, ...]:
    """The samples that begin the cells of a video track, as far as they lie on the grid."""
    recorded = track.recorded
    keys = _keys(track)
    shown = [_seconds(track, recorded.shown(key)) for key in keys]
    found: list[int] = []
    while True:
        wanted = zero + len(found) * cell
        at = bisect_left(shown, wanted - track.frame / 2)
        if at == len(keys) or shown[at] > wanted + track.frame / 2:
            break
        found.append(keys[at])
    if found:  # the end of the track is as good a cut as a key frame
        lead = recorded.samples.offsets[found[0]] - recorded.delay
        end = recorded.times[-1] + recorded.samples.durations[-1] + lead
        if abs(_seconds(track, end) - (zero + len(found) * cell)) <= track.frame / 2:
            found.append(recorded.samples.count)
    return tuple(found)


def _frame(recorded: RecordedTrack, kind: Kind) -> Fraction:
    """Duration of a sample in seconds: exact where the rate can be told, else the mean."""
    samples, scale = recorded.samples, recorded.movie.timescale
    regular = samples.durations[:-1] or samples.durations  # the last one is often cut short
    ticks, count = sum(regular), len(regular)
    rate: Fraction | int | None
    if kind is Kind.VIDEO:
        rate = frame_rate(ticks, count, scale)
        return 1 / rate if rate else Fraction(max(1, ticks), count * scale)
    rate = describe(recorded.movie.sample_entry, "soun").sampling_rate
    length = round(Fraction(ticks * rate, count * scale)) if rate else 0
    return Fraction(length, rate) if length else Fraction(max(1, ticks), count * scale)


def _keys(track: ClipTrack) -> list[int]:
    flags = track.recorded.samples.flags
    return [number for number, said in enumerate(flags) if not said & NON_SYNC]


def _seconds(track: ClipTrack, ticks: int) -> Fraction:
    return Fraction(ticks, track.movie.timescale)


def _nearest(track: ClipTrack, zero: Fraction) -> int:
    start = _seconds(track, track.recorded.shown(0))
    return max(0, round((zero - start) / track.frame))


def _candidates(video: Sequence[ClipTrack]) -> list[Fraction]:
    """The usual ones, and multiples of the distance of the clip's own key frames."""
    candidates = list(USUAL)
    if video:
        keys = _keys(video[0])[:2]
        shown = [video[0].recorded.shown(key) for key in keys]
        if len(shown) == 2 and shown[1] > shown[0]:
            scale = video[0].movie.timescale
            distance = snap(shown[1] - shown[0], scale, 1 / video[0].frame)
            candidates.append(distance * -(-SHORTEST // distance))
    return candidates


def _advice(video: Sequence[ClipTrack], cell: Fraction) -> str:
    if not video:
        return "It is too short; loop it with ffmpeg -stream_loop, or give a smaller --duration."
    frames = cell / video[0].frame
    if frames.denominator != 1:
        return f"{float(frames):g} frames fit into that; give a --duration of whole frames."
    return (
        "Each fragment begins with a key frame, and the clip is one fragment long at least: encode"
        f" it with ffmpeg -g {frames} -keyint_min {frames} -sc_threshold 0, or give a --duration"
        " of a whole number of its groups of pictures."
    )


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

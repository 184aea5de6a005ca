"""How a recording becomes a clip: where it begins, how long it is, where its cells are cut.

It begins with the first key frame of the first video track that all tracks reach, and ends with the
last cell that all of them fill, where every video track has a key frame (or its end) on the grid.
"""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

from relay.encoder.clip import Clip, ClipTrack
from relay.errors import OperatorError
from relay.media import Kind
from relay.mp4.codecs import describe
from relay.mp4.recording import RecordedTrack, Recording
from relay.mp4.samples import NON_SYNC
from relay.numbering import frame_rate, snap

USUAL = (Fraction("1.92"), Fraction(2))
"""D when nothing is said and the key frames allow it: 48 pictures at 25/s, 90 frames of AAC."""
SHORTEST = Fraction(1)
KINDS = {"vide": Kind.VIDEO, "soun": Kind.AUDIO}
ABSENT = {Kind.VIDEO: 1, Kind.AUDIO: 4}
"""Frames that may be missing where the clip begins; of sound, the first is said again for them."""


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
    began = max(_start(track) - ABSENT[track.kind] * track.frame for track in tracks)
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
    """The frame that begins nearest to `zero`; below 0 when the first one begins after it."""
    return round((zero - _start(track)) / track.frame)


def _start(track: ClipTrack) -> Fraction:
    """When a track begins. Audio's is told from its middle: where ffmpeg cannot hide AAC's priming
    otherwise, it stretches the first frame."""
    number = track.recorded.samples.count // 2 if track.kind is Kind.AUDIO else 0
    return _seconds(track, track.recorded.shown(number)) - number * track.frame


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

"""Number n of the UTC grid becomes the bytes of a fragment, the same wherever and whenever it is
asked for.

tfxd carries the presentation time of the first sample, as the relay and every known encoder have
it; its version is 1, which all readers know, or on demand 2 with `fragment_index`, which is n (plus
`base`), so that it rises by 1 from fragment to fragment, restarts included. mfhd's sequence_number
is a function of n and of the track's place in the clip: it rises within every stream, however the
tracks are spread over streams, and it says nothing else (it comes round after 2^32).

A `Slip` makes a fragment wrong in time or content, for the faults that an encoder has inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from relay.encoder.clip import Clip, Piece
from relay.encoder.header import Channelled, channelled, header
from relay.media import Kind
from relay.mp4.compose import Timing, fragment


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong with a cell. `shift` and `shift_after` move its begin and its end (seconds);
    `content`: another cell's pictures in their place."""

    shift: Fraction = Fraction(0)
    shift_after: Fraction = Fraction(0)
    content: int | None = None


NONE = Slip()


@dataclass(frozen=True, slots=True)
class Stamper:
    """Stamps the tracks of one clip.

    width   0: tfxd version 1; 32 or 64: version 2, with an index so many bits wide
    base    number of cell 0, as the receiver counts
    """

    clip: Clip
    tracks: tuple[Channelled, ...]
    width: int = 0
    base: int = 0

    @classmethod
    def of(cls, clip: Clip, width: int = 0, base: int = 0) -> "Stamper":
        """A stamper of all tracks."""
        return cls(clip, channelled(clip), width, base)

    def header(self, tracks: Sequence[Channelled]) -> bytes:
        """The header of a stream of these tracks."""
        return header(tracks)

    def fragment(self, sent: Channelled, n: int, slip: Slip = NONE) -> bytes:
        """moof and mdat of cell `n` of a track."""
        piece = self.clip.piece(sent.track, n, slip.content)
        if slip.shift or slip.shift_after:
            piece = _shifted(piece, sent.track.movie.timescale, slip)
        timing = Timing(
            piece.shown,
            piece.samples.duration,
            n + self.base if self.width else None,
            self.width or 32,
        )
        order = n * len(self.tracks) + sent.track_id - 1
        return fragment(sent.track_id, order, piece.samples, timing, self._media(piece))

    def lowest(self) -> Channelled | None:
        """The video of the lowest bit rate."""
        video = [sent for sent in self.tracks if sent.key.kind is Kind.VIDEO]
        return min(video, key=lambda sent: sent.key.bitrate, default=None)

    def _media(self, piece: Piece) -> list[memoryview]:
        """The samples' bytes, in as few views of the recording as that takes."""
        spans: list[tuple[int, int]] = []
        for place, size in zip(piece.places, piece.samples.sizes, strict=True):
            if spans and spans[-1][1] == place:
                spans[-1] = (spans[-1][0], place + size)
            else:
                spans.append((place, place + size))
        return [self.clip.recording.data[start:end] for start, end in spans]


def _shifted(piece: Piece, timescale: int, slip: Slip) -> Piece:
    """Moved, and its last sample stretched, so that the next cell still joins."""
    begin, end = round(slip.shift * timescale), round(slip.shift_after * timescale)
    durations = list(piece.samples.durations)
    durations[-1] = max(1, durations[-1] + end - begin)
    samples = replace(piece.samples, durations=durations)
    return replace(piece, time=piece.time + begin, samples=samples)

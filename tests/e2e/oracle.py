"""What the model encoder makes of a clip: the fragment of every track at every index.

The stamper is a pure function of clip and index, so whatever a player appended can be held against
what was sent: time, duration, every sample's size and every byte of media. Both are read by
`boxes`. The index is that of the grid from 1970, computed here from the middle of the fragment.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from relay.encoder.cutting import make as cut
from relay.encoder.header import Channelled
from relay.encoder.stamp import Stamper
from relay.mp4.recording import read
from tests.e2e import boxes


class Oracle:
    """Knows all that a push of `clip` sends, with fragments of `D` seconds."""

    def __init__(self, clip: Path, D: Fraction) -> None:  # noqa: N803 - the design's name
        self.D = D
        self._stamper = Stamper.of(cut(read(clip.read_bytes()), D))

    @cached_property
    def tracks(self) -> dict[str, Channelled]:
        """The tracks by name and bit rate."""
        return {f"{sent.key.name}-{sent.key.bitrate}": sent for sent in self._stamper.tracks}

    def place(self, media: str, fragment: boxes.Moof) -> tuple[int, str]:
        """Index and track of a fragment of "video" or "audio". AssertionError: never sent."""
        unlike = []
        for name, sent in self.tracks.items():
            if sent.key.kind.value != media:
                continue
            middle = Fraction(2 * fragment.time + fragment.duration, 2)
            index = middle / sent.track.movie.timescale // self.D
            (made,) = self.made(sent, index)
            if _content(made) == _content(fragment):
                return index, name
            unlike.append(f"{name} {index}: {made.time} {made.duration} {made.samples} samples")
        raise AssertionError(
            f"never sent: {fragment.time} {fragment.duration} {fragment.samples} samples; {unlike}"
        )

    def made(self, sent: Channelled, index: int) -> list[boxes.Moof]:
        """What is sent of a track for an index."""
        return boxes.fragments(self._stamper.fragment(sent, index))

    def places(self, media: str, data: bytes) -> list[tuple[int, str]]:
        """Index and track of everything that was appended. AssertionError as for `place`."""
        return [self.place(media, fragment) for fragment in boxes.fragments(data)]


def holes(indexes: Sequence[int]) -> list[int]:
    """Indexes that are missing between the first and the last."""
    return sorted(set(range(min(indexes), max(indexes) + 1)) - set(indexes))


def _content(fragment: boxes.Moof) -> tuple[int, int, tuple[int, ...], str]:
    return fragment.time, fragment.duration, fragment.sizes, fragment.media

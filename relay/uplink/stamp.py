"""A stored copy's bytes as the stream sends them.

Samples and boxes stay as they came, except for what the stream itself decides: track_ID as in its
canonical header, moof numbers that rise by one, and what its trex would make of a fragment that
leaves something unsaid. Entries of later runs are moved in time by the difference of the epochs, so
that the receiver sees no step back. On demand tfxd carries `fragment_index`.

StreamManifestBox, mfra and Events() never get here: the store holds moof and mdat alone.
"""

from dataclasses import dataclass

from relay.errors import FragmentInvalid
from relay.media import Buffer, Header
from relay.mp4.iso import Marks, restamp
from relay.mp4.walk import Budget, children
from relay.presentation import Presentation, Segment

BOXES = 4096
"""Most boxes in one copy, which may be many fragments of one index."""
PIECE = 64 * 1024
"""Bytes that are handed on at once, at most: what waits in this process is no more than a few."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The stamp of one stream. `width`: bits of fragment_index (32, 64), 0 for tfxd as it came."""

    header: Header
    width: int = 0

    @property
    def tracks(self) -> tuple[str, ...]:
        """The stream's tracks by name, in the order of its header."""
        return tuple(told.track.name for told in self.header.tracks)

    def media(
        self, shown: Presentation, track: str, segment: Segment, data: Buffer, sequence: int
    ) -> tuple[list[Buffer], int]:
        """What is sent for a segment whose stored bytes are `data`, and how many moofs it holds.

        `sequence`: of the last moof sent. Raises EncoderError when the bytes are no fragments.
        """
        told = next(told for told in self.header.tracks if told.track.name == track)
        seconds = shown.epoch_of(segment.run) - shown.epoch_of(0)
        marks = Marks(
            seconds * told.track.timescale,
            segment.index if self.width else None,
            self.width or 32,
            told.defaults,
        )
        parts: list[Buffer] = []
        count = 0
        whole = memoryview(data)
        for atom in children(data, 0, len(data), Budget(BOXES)):
            if atom.type == "moof":
                count += 1
                moof = bytes(whole[atom.start : atom.end])
                parts.append(restamp(moof, sequence + count, told.track_id, marks))
            else:
                parts.append(whole[atom.start : atom.end])
        if not count:
            raise FragmentInvalid("There is no moof in it.")
        return parts, count


def pieces(parts: list[Buffer]) -> list[Buffer]:
    """The same bytes in pieces that are handed on one by one."""
    found: list[Buffer] = []
    for part in parts:
        view = memoryview(part)
        found += [view[at : at + PIECE] for at in range(0, len(view), PIECE)]
    return found

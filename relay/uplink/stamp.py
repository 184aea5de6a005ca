"""A stored copy's bytes as the stream sends them.

Samples and boxes stay as they came, except for what the stream itself decides: track_ID as in its
header, moof numbers that rise by one, and what its trex would make of a fragment that leaves
something unsaid. Entries of later runs are moved in time by the difference of the epochs, so that
the receiver sees no step back. On demand tfxd carries `fragment_index` (never that of an event: it
would not rise by one).

A stream may have had several headers: an encoder came back with other settings, or with one more
track. Which of them goes with a fragment is told by the configuration that its track has at its
index; of several that agree, the newest.

StreamManifestBox, mfra and Events() never get here: the store holds moof and mdat alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from relay.errors import FragmentInvalid
from relay.media import Buffer, Header
from relay.mp4.iso import Marks, restamp
from relay.mp4.reader import BoxReader, Media
from relay.presentation import Presentation

PIECE = 256 * 1024
"""Bytes that are handed on at once, at most: what waits in this process is no more than a few."""


@dataclass(frozen=True, slots=True)
class Due:
    """A fragment to be sent. `time`: of an event, which shares its index with others; else None."""

    track: str
    run: int
    index: int
    time: int | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """One header of one stream. `width`: bits of fragment_index (32, 64), 0 for tfxd as it came."""

    header: Header
    width: int = 0

    def media(
        self, shown: Presentation, due: Due, data: Sequence[Buffer], sequence: int
    ) -> tuple[list[Buffer], int]:
        """What is sent for a fragment whose stored bytes are `data`, and how many moofs it holds.

        They may lie in any parts; large media is handed on where it lies.

        `sequence`: of the last moof sent. Raises EncoderError when the bytes are no fragments.
        """
        told = next(told for told in self.header.tracks if told.track.name == due.track)
        seconds = shown.epoch_of(due.run) - shown.epoch_of(0)
        marks = Marks(
            seconds * told.track.timescale,
            due.index if self.width and due.time is None else None,
            self.width or 32,
            told.defaults,
        )
        parts: list[Buffer] = []
        count = 0
        reader = BoxReader()
        for box in (box for part in data for box in reader.feed(part)):
            if box.type == "moof":
                count += 1
                parts.append(restamp(box.data, sequence + count, told.track_id, marks))
            elif isinstance(box, Media):
                parts += box.parts
            else:
                parts.append(box.data)
        reader.feed(b"")  # raises what was wrong behind the last box
        if reader.pending:
            raise FragmentInvalid("It ends in the midst of a box.")
        if not count:
            raise FragmentInvalid("There is no moof in it.")
        return parts, count


@dataclass(slots=True)
class Stamps:
    """The headers of one stream, oldest first."""

    width: int = 0
    known: list[Stamp] = field(default_factory=list)

    @classmethod
    def of(cls, *headers: Header, width: int = 0) -> "Stamps":
        """The stamps of these headers."""
        return cls(width, [Stamp(header, width) for header in headers])

    def add(self, header: Header) -> None:
        """One more, the newest."""
        self.known.append(Stamp(header, self.width))

    def names(self, *, sparse: bool) -> list[str]:
        """The tracks, or the sparse ones, by name, in the order of the headers."""
        told = (told for stamp in self.known for told in stamp.header.tracks)
        return list(dict.fromkeys(t.track.name for t in told if bool(t.track.parent) is sparse))

    def find(self, shown: Presentation, due: Due) -> Stamp | None:
        """The one that goes with a fragment; None: this stream does not carry it."""
        rendition = shown.rendition(due.track)
        track = None if rendition is None else rendition.track_at(due.index)
        for stamp in reversed(self.known):
            if any(told.track == track for told in stamp.header.tracks):
                return stamp
        return None


def pieces(parts: Iterable[Buffer]) -> list[Buffer]:
    """The same bytes in pieces that are handed on one by one."""
    found: list[Buffer] = []
    for part in parts:
        view = memoryview(part)
        found += [view[at : at + PIECE] for at in range(0, len(view), PIECE)]
    return found

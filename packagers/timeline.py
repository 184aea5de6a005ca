"""The segments of a rendition as rows of equal ones, kept up to date instead of made anew.

A manifest that lists its segments (SegmentTimeline of DASH, `c` of Smooth) says equal neighbours
once, with a count. In a window of a day these are 43 200 segments of a track, of which one comes
and one goes between two manifests. So the rows are kept, and so is their text, in blocks: bringing
them up to date costs what has changed, and writing them what a copy of the text costs.

They stay a function of the segments: what is kept is trusted only as far as the very first and last
segment that it was made of still have their places in the window, and windows only grow at their
end and shrink at their start (`relay.presentation.Window`); else the rows are made anew.

A hole between two segments that join lasts no time: an encoder whose fragments are twice as long as
configured leaves one behind each. Smooth's list leaves it out. DASH numbers what it lists by
counting, and says no duration of 0 (5.3.9.6.2, table 17: S@d is greater than zero): there, `shown`,
each takes one tick from the end of the segment before it.

Where another run begins, the last segment of the old one is said to last until then: no time of
the timeline is without a row, since players ask for nothing at such a time. Likewise where a
segment begins before its predecessor ends, as the first one of a restarted encoder may: rows never
overlap, since no S may begin before the end of the one before it (ISO/IEC 23009-1 5.3.9.6.2).
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from relay.presentation import Segment

BLOCK = 64
"""Rows whose text is kept in one piece."""


@dataclass(slots=True)
class Row:
    """`count` segments of `duration` ticks, the first at `time` (ticks since 1970).

    joins   it begins where the row before it ends
    own     what each lasts itself: not that, of the last of a run, or of what is overlapped; more,
            of what is before a hole of no time
    """

    time: int
    duration: int
    count: int
    joins: bool
    own: int

    @property
    def end(self) -> int:
        return self.time + self.duration * self.count


@dataclass(slots=True)
class _Block:
    rows: deque[Row] = field(default_factory=deque)
    text: bytes | None = None
    digest: bytes = b""


class Timeline:
    """The rows of one rendition. `write`: the text of a row; True: there is none before it.

    `shown`: what lasts no time has a row that lasts some.
    """

    def __init__(
        self, timescale: int, write: Callable[[Row, bool], str], *, shown: bool = False
    ) -> None:
        self._timescale = timescale
        self._write = write
        self._shown = shown
        self._blocks: deque[_Block] = deque()
        self._durations: dict[int, int] = {}
        self._ends: tuple[Segment, Segment, int] | None = None  # and the epoch of the last

    def follow(
        self, segments: Sequence[Segment], start: int, stop: int, epoch_of: Callable[[int], int]
    ) -> None:
        """Make them the rows of `segments[start:stop]`, not empty, with indexes that rise by one.

        `epoch_of`: seconds to add to the media time of a run.
        """
        at, before = start, self._kept(segments, start, stop, epoch_of)
        if before is None:
            self._blocks.clear()
            self._durations.clear()
        else:
            at += before.index - segments[start].index + 1
        for position in range(at, stop):
            segment = segments[position]
            time = segment.time + epoch_of(segment.run) * self._timescale
            turns = before is not None and before.run != segment.run
            # Nothing is before 1970; the packagers put the media there too.
            self._append(max(0, time), segment.duration, turns=turns)
            before = segment
        last = segments[stop - 1]
        self._ends = segments[start], last, epoch_of(last.run)

    def _kept(
        self, segments: Sequence[Segment], start: int, stop: int, epoch_of: Callable[[int], int]
    ) -> Segment | None:
        """The last segment of the rows, less those that are gone; None: it is another line."""
        if self._ends is None:
            return None
        first, last, epoch = self._ends
        gone = segments[start].index - first.index
        here = start + last.index - segments[start].index
        if gone < 0 or not start <= here < stop or segments[here] is not last:
            return None
        if epoch_of(last.run) != epoch or (gone == 0 and segments[start] is not first):
            return None
        for _ in range(gone):
            self._drop()
        return last

    @property
    def longest(self) -> int:
        """Ticks of the longest, by what each lasts itself."""
        return max(self._durations, default=0)

    @property
    def lasting(self) -> int:
        """How many segments last any time at all: a hole may be as short as that."""
        return sum(count for duration, count in self._durations.items() if duration > 0)

    def __iter__(self) -> Iterator[Row]:
        for block in self._blocks:
            yield from block.rows

    def written(self) -> tuple[list[bytes], bytes]:
        """The text of all rows in parts, and what tells it from any other: made without reading
        all of it."""
        for block in self._blocks:
            if block.text is None:
                self._write_block(block)
        blocks = self._blocks
        return [b.text or b"" for b in blocks], b"".join([b.digest for b in blocks])

    def _write_block(self, block: _Block) -> None:
        first, text = block is self._blocks[0], ""
        for row in block.rows:
            text += self._write(row, first and not text)
        block.text = text.encode()
        block.digest = hashlib.sha256(block.text).digest()

    def _append(self, time: int, duration: int, *, turns: bool) -> None:
        if turns or (self._blocks and self._blocks[-1].rows[-1].end > time):
            self._stretch(time)
            time = max(time, self._blocks[-1].rows[-1].end)  # one with a length that cannot be
        self._count(duration, 1)
        if self._shown and duration <= 0:
            self._squeeze(time)
            return
        row = self._newest()
        joins = row is not None and row.end == time
        if row is not None and joins and row.duration == row.own == duration:
            row.count += 1
            self._blocks[-1].text = None
            return
        self._push(Row(time, duration, 1, joins, duration))

    def _stretch(self, until: int) -> None:
        """The last segment lasts until then."""
        row = self._blocks[-1].rows[-1]
        begins = row.time + row.duration * (row.count - 1)
        duration = max(1, until - begins)
        self._blocks[-1].text = None
        if row.count == 1:
            row.duration = duration
            return
        row.count -= 1
        self._push(Row(begins, duration, 1, joins=True, own=row.own))

    def _squeeze(self, time: int) -> None:
        """A hole that lasts no time gets the last tick of the segment before it."""
        count, row = 1, self._newest()
        if row is not None and (row.own, row.duration, row.end) == (0, 1, time):
            count += row.count  # another such hole is before it
            self._blocks[-1].rows.pop()
            if not self._blocks[-1].rows:
                self._blocks.pop()
            row = self._newest()
        joins = row is not None and row.end == time - count + 1
        if row is not None and joins:
            if row.count > 1:
                self._stretch(row.end)  # a row of its own for the last of them
            self._blocks[-1].rows[-1].duration -= 1
            self._blocks[-1].text = None
        self._push(Row(max(0, time - count), 1, count, joins, own=0))

    def _newest(self) -> Row | None:
        return self._blocks[-1].rows[-1] if self._blocks else None

    def _push(self, row: Row) -> None:
        if not self._blocks or len(self._blocks[-1].rows) >= BLOCK:
            self._blocks.append(_Block())
        self._blocks[-1].rows.append(row)
        self._blocks[-1].text = None

    def _drop(self) -> None:
        """The first segment has left the window."""
        block = self._blocks[0]
        row = block.rows[0]
        self._count(row.own, -1)
        block.text = None
        row.count -= 1
        row.time += row.duration
        if row.count:
            return
        block.rows.popleft()
        if not block.rows:
            self._blocks.popleft()
            if self._blocks:
                self._blocks[0].text = None  # its first row is the first of all now

    def _count(self, duration: int, change: int) -> None:
        left = self._durations.get(duration, 0) + change
        if left:
            self._durations[duration] = left
        else:
            self._durations.pop(duration, None)

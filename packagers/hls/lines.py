"""The segment lines of a playlist: a value that is folded, so a long window costs as a short one.

A line is what a segment adds to a playlist: its tags and its URL. It is a function of the segment
and of what was decided before it, and never changes, whatever playlist it stands in. Every EXTINF
is the difference of two absolute times, each rounded to a microsecond, so their sum never drifts.
Each segment has its date; a hole keeps its number, as EXT-X-GAP.

Lines stand in chunks, which begin at multiples of `CHUNK`: so every relay cuts alike, and
compresses to the same bytes. A chunk is joined and deflated once, when its last line has come. A
new segment costs a line; one that leaves the window moves `cut` past its line. What is made anew
each time is less than two chunks: what is left of the first, and what there is of the last.

    chunks[0]            chunks[1]   ...          open
    ........|------------|-----------|------------|------
            cut                                   lines, not yet a chunk

`digest` is a sum over the lines, so what leaves can be subtracted. A line holds its number, so the
sum says their order too: it stands for the bytes in a validator, without reading them.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

from packagers import cmaf
from packagers.hls import deflate
from packagers.protection import CLEAR, hls_keys
from packagers.resource import line
from relay.media import Buffer, Track
from relay.presentation import Presentation, Rendition, Segment

CHUNK = 64
"""Lines. More compress better, fewer are less to make anew."""

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_END = b".m4s\n"
_GAP = b"#EXT-X-GAP\n"
_MAP = b"#EXT-X-MAP:"
_WIDE = 1 << 128


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a window, from index `first` on to `newest`.

    epochs    of the runs, in seconds;  former  as in Rendition: what the lines were made from
    sums      CRC and size of all chunks that ever were, up to and with each of `chunks`
    deflated  each of `chunks`, for a gzip stream
    gaps      how many lines are EXT-X-GAP
    """

    timescale: int
    epochs: tuple[int, ...]
    former: tuple[tuple[int, Track], ...]
    first: int
    newest: Segment | None = None
    chunks: tuple[bytes, ...] = ()
    deflated: tuple[bytes, ...] = ()
    sums: tuple[tuple[int, int], ...] = ()
    cut: int = 0
    open: tuple[bytes, ...] = ()
    digest: int = 0
    gaps: int = 0

    def leads_to(self, rendition: Rendition, epochs: tuple[int, ...]) -> bool:
        """What a rendition shows now follows from these lines by adding and dropping some."""
        segments, newest = rendition.segments, self.newest
        if newest is None or not segments:
            return False
        at, runs, changes = newest.index - segments[0].index, len(self.epochs), len(self.former)
        return (
            0 <= at < len(segments)
            and segments[at] is newest
            and self.timescale == rendition.track.timescale
            and self.epochs == epochs[:runs]
            and self.former == rendition.former[:changes]
            and all(stop > newest.index for stop, _ in rendition.former[changes:])
        )

    def parts(self, head: bytes) -> tuple[Buffer, ...]:
        """`head` and the lines, as they stand in a playlist."""
        return (self._front(head), *self.chunks[1:], b"".join(self.open if self.chunks else ()))

    def gzip(self, head: bytes) -> tuple[bytes, ...]:
        """The gzip stream of what `parts` says."""
        front = self._front(head)
        if not self.chunks:
            return (deflate.whole(front),)
        end = b"".join(self.open)
        (crc, left), (crc_all, size_all) = self.sums[0], self.sums[-1]
        size = size_all - left
        between = crc_all ^ deflate.shifted(crc, size)
        crc = zlib.crc32(end, deflate.shifted(zlib.crc32(front), size) ^ between)
        return (
            deflate.HEADER,
            deflate.piece(front),
            *self.deflated[1:],
            deflate.last(end),
            deflate.trailer(crc, len(front) + size + len(end)),
        )

    def tail(self, count: int) -> bytes:
        """The last `count` lines, of which there are that many."""
        if count <= len(self.open):
            return b"".join(self.open[len(self.open) - count :])
        found = list(self.open)
        at = len(self.chunks)
        while len(found) < count:
            at -= 1
            lines = self.chunks[at][self.cut if at == 0 else 0 :].split(_END)[:-1]
            found = [text + _END for text in lines[-(count - len(found)) :]] + found
        return b"".join(found)

    def _front(self, head: bytes) -> bytes:
        """`head`, and the lines up to the first whole chunk."""
        lines = self.chunks[0][self.cut :] if self.chunks else b"".join(self.open)
        stop = lines.index(_END)
        at = lines.find(_MAP, 0, stop)
        if at >= 0:  # the head says it already
            lines = lines[:at] + lines[lines.index(b"\n", at) + 1 :]
        return head + lines

    def grown(self, segments: Sequence[Segment], inits: Mapping[int, str]) -> "Lines":
        """With the lines of what follows. `inits`: EXT-X-MAP that holds from an index on."""
        chunks, deflated, sums = [], [], list(self.sums[-1:])
        ready, digest, gaps = list(self.open), self.digest, self.gaps
        for segment in segments:
            text = self._line(segment, inits.get(segment.index, ""))
            ready.append(text)
            digest += _digest(text)
            gaps += segment.gap
            if (segment.index + 1) % CHUNK == 0:
                chunk = b"".join(ready)
                crc, size = sums[-1] if sums else (0, 0)
                sums.append((zlib.crc32(chunk, crc), size + len(chunk)))
                chunks.append(chunk)
                deflated.append(deflate.piece(chunk))
                ready = []
        grown = replace(
            self, newest=segments[-1], open=tuple(ready), digest=digest % _WIDE, gaps=gaps
        )
        if not chunks:
            return grown
        return replace(
            grown,
            chunks=(*self.chunks, *chunks),
            deflated=(*self.deflated, *deflated),
            sums=(*self.sums[:-1], *sums),
        )

    def without(self, count: int) -> "Lines":
        """Without the first `count` lines, of which there are more."""
        gone, cut, left, digest, gaps = 0, self.cut, 0, self.digest, self.gaps
        for _ in range(count):
            if gone < len(self.chunks):
                chunk = self.chunks[gone]
                stop = chunk.index(_END, cut) + len(_END)
                text, cut = chunk[cut:stop], stop
                if stop == len(chunk):
                    gone, cut = gone + 1, 0
            else:
                text, left = self.open[left], left + 1
            digest -= _digest(text)
            gaps -= _GAP in text
        rest = replace(
            self,
            first=self.first + count,
            cut=cut,
            open=self.open[left:],
            digest=digest % _WIDE,
            gaps=gaps,
        )
        if not gone:
            return rest
        return replace(
            rest,
            chunks=self.chunks[gone:],
            deflated=self.deflated[gone:],
            sums=self.sums[gone:],
        )

    def _line(self, segment: Segment, init: str) -> bytes:
        half, shift = self.timescale // 2, self.epochs[segment.run] * self.timescale
        # Integers all the way: microseconds since 1970, rounded to nearest.
        start = ((segment.time + shift) * 1_000_000 + half) // self.timescale
        end = ((segment.end + shift) * 1_000_000 + half) // self.timescale
        seconds, micros = divmod(end - start, 1_000_000)
        broken = "#EXT-X-DISCONTINUITY\n" if segment.discontinuity else ""
        gap = "#EXT-X-GAP\n" if segment.gap else ""
        return (
            f"{broken}{init}#EXT-X-PROGRAM-DATE-TIME:{_date(start)}\n{gap}"
            f"#EXTINF:{seconds}.{micros:06d},\n{segment.index}.m4s\n"
        ).encode()


def follow(known: Lines | None, presentation: Presentation, rendition: Rendition) -> Lines:
    """The lines of a rendition that has a segment; `known` are those it had before, if any."""
    epochs, former = (presentation.epoch, *presentation.epochs), rendition.former
    segments = line(rendition)
    first, at = segments[0].index, 0
    if known is None or not known.leads_to(rendition, epochs):
        known = Lines(rendition.track.timescale, epochs, former, first)
    else:
        at = _next(known) - first
        if (known.epochs, known.former) != (epochs, former):
            known = replace(known, epochs=epochs, former=former)
    if at < len(segments):
        inits = {stop: map_tag(rendition.track_at(stop), before) for stop, before in former}
        known = known.grown(segments[at:], inits)
    return known.without(first - known.first) if first > known.first else known


def map_tag(track: Track, before: Track | None = None) -> str:
    """EXT-X-MAP, as a line, of a track as it is configured at a time, and EXT-X-KEY if protected.

    `before`: as it was before that. Keys hold until others of their format are named (4.4.4.4).
    """
    keys = hls_keys(track)
    if not keys and before is not None and hls_keys(before):
        keys = (CLEAR,)
    lines = (f'#EXT-X-MAP:URI="{cmaf.init_name(track)}"', *keys)
    return "\n".join(lines) + "\n"


def _next(known: Lines) -> int:
    return known.first if known.newest is None else known.newest.index + 1


def _digest(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")


def _date(micros: int) -> str:
    # Milliseconds are what players read of it.
    minute, millis = divmod((micros + 500) // 1000, 60_000)
    return f"{_minute(minute)}{millis // 1000:02d}.{millis % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _minute(since_1970: int) -> str:
    """The date up to its seconds: the dear part, and thirty segments share it."""
    return f"{_1970 + timedelta(minutes=since_1970):%Y-%m-%dT%H:%M:}"

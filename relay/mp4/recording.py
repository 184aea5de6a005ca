"""A whole file: its tracks, every sample and the place of its bytes (ISO/IEC 14496-12 8.6, 8.7).

A recording is fragmented (ISMV, CMAF: the samples are in its moofs) or plain (they are in the
sample tables of its moov); either comes out as the same columns. It is read where it lies: `data`
is kept, and no media is copied.

Presentation time is decode time + composition offset - `delay`; the delay is what the edit list
cuts from the beginning (8.6.6; AAC priming, reordered pictures), less what it puts in front.
"""

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from relay.errors import FragmentInvalid, HeaderInvalid
from relay.media import Buffer
from relay.mp4.fragment import layout, parse_moof
from relay.mp4.movie import MovieTrack, parse_moov
from relay.mp4.samples import NON_SYNC, Samples
from relay.mp4.smooth import LIVE_SERVER_MANIFEST, manifest_xml
from relay.mp4.walk import Atom, Budget, children, first

BOXES = 1 << 20
"""Most boxes of a file: a fragment takes two of them."""
_SYNC_FLAGS, _OTHER_FLAGS = 0x02000000, 0x01000000 | NON_SYNC
"""sample_depends_on 2 (on nothing) and 1 (on others), 8.8.3.1."""


@dataclass(frozen=True, slots=True)
class RecordedTrack:
    """One track. Parallel columns: `times` (decode, ticks), `samples`, `places` (in the file)."""

    movie: MovieTrack
    times: Sequence[int]
    samples: Samples
    places: Sequence[int]
    delay: int = 0

    def shown(self, number: int) -> int:
        """Presentation time of a sample, in ticks."""
        return self.times[number] + self.samples.offsets[number] - self.delay


@dataclass(frozen=True, slots=True)
class Recording:
    """A file. `manifest`: the XML of its live server manifest, b"" where there is none."""

    data: memoryview
    tracks: tuple[RecordedTrack, ...]
    manifest: bytes = b""


@dataclass(slots=True)
class _Columns:
    """A track as it grows fragment by fragment."""

    times: list[int]
    durations: list[int]
    sizes: list[int]
    flags: list[int]
    offsets: list[int]
    places: list[int]

    @property
    def end(self) -> int:
        return self.times[-1] + self.durations[-1] if self.times else 0

    def add(self, samples: Samples, time: int, places: list[int]) -> None:
        self.times += accumulate(list(samples.durations)[:-1], initial=time)
        self.durations += samples.durations
        self.sizes += samples.sizes
        self.flags += samples.flags
        self.offsets += samples.offsets
        self.places += places


def read(data: Buffer) -> Recording:
    """Read a whole file. Raises EncoderError where it is none, or damaged."""
    view = memoryview(data)
    atoms = children(view, 0, len(view), Budget(BOXES))
    moov = first(atoms, "moov")
    if moov is None:
        raise HeaderInvalid("The file has no moov.", hint="Give an MP4, CMAF or ISMV file.")
    tracks = parse_moov(view[moov.start : moov.end])
    columns = _fragments(view, atoms, tracks)
    if any(column.times for column in columns.values()):
        delays = _Tables(view, moov).delays()
        found = [
            RecordedTrack(
                track,
                column.times,
                Samples(column.durations, column.sizes, column.flags, column.offsets),
                column.places,
                delay,
            )
            for (track, column), delay in zip(columns.items(), delays, strict=True)
        ]
    else:
        found = _Tables(view, moov).tracks(tracks)
    described = next((atom for atom in atoms if atom.uuid == LIVE_SERVER_MANIFEST), None)
    manifest = manifest_xml(view[described.body : described.end]) if described else b""
    return Recording(view, tuple(track for track in found if track.times), manifest)


def _fragments(
    view: memoryview, atoms: list[Atom], tracks: tuple[MovieTrack, ...]
) -> dict[MovieTrack, _Columns]:
    columns = {track: _Columns([], [], [], [], [], []) for track in tracks}
    by_id = {track.track_id: column for track, column in columns.items()}
    defaults = {track.track_id: track.defaults for track in tracks}
    moof: Atom | None = None
    for atom in atoms:
        if atom.type == "moof":
            moof = atom
        elif atom.type == "mdat" and moof is not None:
            fragment = parse_moof(bytes(view[moof.start : moof.end]), defaults)
            ranges = layout(fragment, atom.end - atom.body)
            for track, spans in zip(fragment.tracks, ranges, strict=True):
                column = by_id.get(track.track_id)
                if column is None:
                    raise FragmentInvalid(f"track_ID {track.track_id} is not in the moov.")
                places: list[int] = []
                for (start, _), run in zip(spans, track.runs, strict=True):
                    if run.samples.count:
                        sizes = list(run.samples.sizes)[:-1]
                        places += accumulate(sizes, initial=atom.body + start)
                if track.samples.count:
                    time = track.decode_time
                    column.add(track.samples, column.end if time is None else time, places)
            moof = None
    return columns


class _Tables:
    """The sample tables of a moov."""

    def __init__(self, view: memoryview, moov: Atom) -> None:
        self._view = view
        self._budget = Budget(4096)
        inside = self._inside(moov)
        mvhd = first(inside, "mvhd")
        at = mvhd.body + (20 if view[mvhd.body] == 1 else 12) if mvhd else 0
        self._timescale = int.from_bytes(view[at : at + 4], "big") if mvhd else 0
        self._traks = [atom for atom in inside if atom.type == "trak"]

    def _inside(self, atom: Atom) -> list[Atom]:
        return children(self._view, atom.body, atom.end, self._budget)

    def _down(self, atom: Atom, path: str) -> Atom | None:
        found: Atom | None = atom
        for kind in path.split("/"):
            found = first(self._inside(found), kind) if found is not None else None
        return found

    def _words(self, atom: Atom, skip: int) -> "array[int]":
        """The 32-bit words of a full box behind version, flags and `skip` more bytes."""
        start = atom.body + 4 + skip
        words = array("I", bytes(self._view[start : start + (atom.end - start) // 4 * 4]))
        if sys.byteorder == "little":
            words.byteswap()
        return words

    def delays(self) -> list[int]:
        """What the edit lists cut, in ticks of each track."""
        found = []
        for trak in self._traks:
            mdhd = self._down(trak, "mdia/mdhd")
            at = mdhd.body + (20 if self._view[mdhd.body] == 1 else 12) if mdhd else 0
            timescale = int.from_bytes(self._view[at : at + 4], "big")
            found.append(self._delay(trak, timescale))
        return found

    def _delay(self, trak: Atom, timescale: int) -> int:
        elst = self._down(trak, "edts/elst")
        empty = 0
        if elst is None:
            return 0
        width = 8 if self._view[elst.body] == 1 else 4
        for at in range(elst.body + 8, elst.end - 2 * width - 3, 2 * width + 4):
            length = int.from_bytes(self._view[at : at + width], "big")
            media = int.from_bytes(self._view[at + width : at + 2 * width], "big", signed=True)
            if media >= 0:
                return media - empty * timescale // max(1, self._timescale)
            empty += length
        return 0

    def tracks(self, movies: tuple[MovieTrack, ...]) -> list[RecordedTrack]:
        """The tracks of a plain file. Raises HeaderInvalid."""
        delays = self.delays()
        return [
            self._track(trak, movie, delay)
            for trak, movie, delay in zip(self._traks, movies, delays, strict=True)
        ]

    def _track(self, trak: Atom, movie: MovieTrack, delay: int) -> RecordedTrack:
        stbl = self._down(trak, "mdia/minf/stbl")
        tables = {atom.type: atom for atom in self._inside(stbl)} if stbl else {}
        if not {"stts", "stsz", "stsc"} <= tables.keys() or not tables.keys() & {"stco", "co64"}:
            raise HeaderInvalid(f"Track {movie.track_id} has no samples, or tables we cannot read.")
        sizes = self._sizes(tables["stsz"])
        count = len(sizes)
        durations = self._expanded(tables["stts"], count)
        offsets = array("q", bytes(8 * count))
        if "ctts" in tables:
            offsets = self._expanded(tables["ctts"], count)
            # Version 0 says unsigned, but files that mean it signed exist, and no offset is 2^31.
            offsets = array("q", (o - (1 << 32) if o >= 1 << 31 else o for o in offsets))
        flags = array("I", [_SYNC_FLAGS]) * count
        if "stss" in tables:
            flags = array("I", [_OTHER_FLAGS]) * count
            for number in self._words(tables["stss"], 4):
                if 1 <= number <= count:
                    flags[number - 1] = _SYNC_FLAGS
        places = self._places(tables, sizes)
        if not len(durations) == len(offsets) == len(places) == count:
            raise HeaderInvalid(f"The sample tables of track {movie.track_id} disagree.")
        if count and max(map(sum, zip(places, sizes, strict=True))) > len(self._view):
            raise HeaderInvalid(f"Samples of track {movie.track_id} lie behind the file's end.")
        times = list(accumulate(list(durations)[:-1], initial=0)) if count else []
        return RecordedTrack(movie, times, Samples(durations, sizes, flags, offsets), places, delay)

    def _sizes(self, atom: Atom) -> "array[int]":
        words = self._words(atom, 0)
        if len(words) < 2 or (words[0] and words[1] > len(self._view)):
            raise HeaderInvalid("A stsz box is damaged.")
        return array("I", words[:1]) * words[1] if words[0] else words[2 : 2 + words[1]]

    def _expanded(self, atom: Atom, count: int) -> "array[int]":
        """Run-length pairs (stts, ctts) as one value a sample, at most `count`."""
        words = self._words(atom, 4)
        found = array("q")
        for length, value in zip(words[::2], words[1::2], strict=False):
            found.extend([value] * min(length, count - len(found)))
        return found

    def _places(self, tables: dict[str, Atom], sizes: "array[int]") -> list[int]:
        """Where the samples lie: chunk by chunk (stsc), one behind the other within a chunk."""
        if "stco" in tables:
            chunks = list(self._words(tables["stco"], 4))
        else:
            words = self._words(tables["co64"], 4)
            chunks = [h << 32 | low for h, low in zip(words[::2], words[1::2], strict=False)]
        runs = self._words(tables["stsc"], 4)
        starts = [*runs[3::3], len(chunks) + 1]
        places: list[int] = []
        for first_chunk, until, per_chunk in zip(runs[::3], starts, runs[1::3], strict=False):
            for chunk in chunks[first_chunk - 1 : until - 1]:
                inside = sizes[len(places) : len(places) + per_chunk]
                if inside:
                    places += accumulate(list(inside)[:-1], initial=chunk)
        return places

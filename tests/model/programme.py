"""The programme that the model's encoders send: how each track is cut, exactly, cell by cell.

A cell is D seconds from `phase` on. Video is cut on its borders; audio at the frame next to them,
less its lead. A fragment's bytes say who sent which frames of which track, so that whatever is
stored can be traced back to what was sent, and under which configuration.

Each track exists in three configurations, its *variants*: the same clock, another sample entry.
Beside the tracks there may be a sparse one, `cues`, whose parent is the first of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from itertools import pairwise
from math import ceil

from relay.ingest.smooth import read_header
from relay.media import Fragment, Header, Kind, SampleDefaults, Track
from relay.mp4.compose import moov
from relay.mp4.movie import MovieTrack, parse_moov
from relay.mp4.write import box
from tests.mp4 import recorded

CAPTURED = "ff9-av/req001.body"
NAMES = ("video", "video2", "audio", "audio2")
LEADS = (Fraction(0), Fraction(0), Fraction(21, 1000), Fraction(12, 100))
"""Seconds by which each track's cuts lead the grid."""
THIRTY = Fraction(2002, 1000)
"""The D of programmes with 30000/1001 frames a second; others have 25."""


CUES = "cues"
VARIANTS = 3


@cache
def header(names: tuple[str, ...], variants: tuple[int, ...] = (), parent: str = "") -> Header:
    """The header of a stream with these tracks, as a relay reads it; variant 0 is the usual one."""
    ftyp, manifest, movie = recorded.boxes(CAPTURED)[:3]
    kinds = {track.handler: track for track in parse_moov(movie.data)}
    tracks: list[MovieTrack] = []
    said = ['<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><body><switch>']
    for at, name in enumerate(names):
        if name == CUES:
            entry = kinds["soun"].sample_entry
            tracks.append(MovieTrack(9, "soun", 1_000, "und", 0, 0, entry, SampleDefaults()))
            said.append(
                '<textstream src="Streams" systemBitrate="0"><param name="trackID" value="9"/>'
                f'<param name="trackName" value="{CUES}"/>'
                f'<param name="parentTrackName" value="{parent}"/></textstream>'
            )
            continue
        track_id, video = NAMES.index(name) + 1, name.startswith("video")
        like, scale = (kinds["vide"], 10_000_000) if video else (kinds["soun"], 48_000)
        own = bytearray(like.sample_entry)
        # The low byte of the width, or of the size of a sample, as the entry declares it.
        own[33 if video else 27] ^= variants[at] if variants else 0
        tracks.append(
            MovieTrack(
                track_id,
                like.handler,
                scale,
                "und",
                like.width,
                like.height,
                bytes(own),
                like.defaults,
            )
        )
        kind = "video" if video else "audio"
        params = (("trackID", track_id), ("trackName", name))
        shown = "".join(f'<param name="{n}" value="{v}" valuetype="data"/>' for n, v in params)
        said.append(f'<{kind} src="Streams" systemBitrate="64000">{shown}</{kind}>')
    said.append("</switch></body></smil>")
    assert manifest.uuid is not None
    live = box("uuid", manifest.uuid, bytes(4), "".join(said).encode())
    made = moov(tracks)
    if CUES in names:  # the last one: of no kind that has a media header of its own
        made = b"meta".join(made.rsplit(b"soun", 1))
    return read_header("main", ftyp.data + live + made)


@dataclass(frozen=True, slots=True)
class Span:
    """What a fragment's bytes say: frames [first, stop) of a track, by a source."""

    source: str
    track: str
    first: int
    stop: int
    variant: int = 0
    slate: bool = False

    def encode(self) -> bytes:
        said = (self.source, self.track, self.first, self.stop, self.variant, int(self.slate))
        return "|".join(map(str, said)).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Span":
        source, track, first, stop, variant, slate = data.decode().split("|")
        return cls(source, track, int(first), int(stop), int(variant), slate == "1")


@dataclass(frozen=True, slots=True)
class Line:
    """One track of the programme, in all its variants. `frame` and `lead` in seconds."""

    variants: tuple[Track, ...]
    D: Fraction
    phase: Fraction
    frame: Fraction
    lead: Fraction

    @property
    def track(self) -> Track:
        """The usual variant."""
        return self.variants[0]

    def cut(self, cell: int) -> int:
        """The frame that the cell begins with."""
        return round((cell * self.D + self.phase - self.lead) / self.frame)

    def time(self, frame: int) -> int:
        """When a frame begins, in ticks."""
        return round(frame * self.frame * self.track.timescale)

    def pieces(self, cell: int, splits: Sequence[int]) -> list[tuple[int, int]]:
        """The frames of a cell, cut where `splits` say it, in sixteenths of the cell."""
        first, stop = self.cut(cell), self.cut(cell + 1)
        inner = {first + (stop - first) * split // 16 for split in splits}
        return list(pairwise(sorted({first, stop, *inner})))

    def fragment(self, span: Span, drift: int, index: int | None) -> Fragment:
        """The fragment of a span, late by `drift` ticks."""
        begin, end = self.time(span.first), self.time(span.stop)
        return Fragment(
            self.variants[span.variant],
            begin + drift,
            0,
            end - begin,
            span.stop - span.first,
            index,
            sync=True,
            data=(span.encode(),),
            slate=span.slate,
        )


@dataclass(frozen=True)
class Programme:
    """D in seconds; `phase` in sixteenths of D."""

    D: Fraction
    names: tuple[str, ...]
    phase: int = 0
    cues: bool = False

    @cached_property
    def lines(self) -> dict[str, Line]:
        """The tracks by their names, without the sparse one."""
        told = [header(self.names, (at,) * len(self.names)).tracks for at in range(VARIANTS)]
        several = (tuple(one.track for one in tracks) for tracks in zip(*told, strict=True))
        return {variants[0].name: self._line(variants) for variants in several}

    @cached_property
    def sparse(self) -> Track:
        """The track of the cues."""
        return header((CUES,), (0,), self.names[0]).tracks[0].track

    def header(self, names: tuple[str, ...], variants: tuple[int, ...]) -> Header:
        """The header of a stream with these tracks, configured so; with the cues beside them."""
        beside = (CUES,) if self.cues else ()
        return header((*names, *beside), (*variants, 0), self.names[0])

    def event(self, cell: int, sixteenths: int) -> Fragment:
        """A cue in a cell. Its bytes are its time, whoever sends it."""
        phase = next(iter(self.lines.values())).phase
        time = ceil(((cell + Fraction(sixteenths, 16)) * self.D + phase) * 1000)
        return Fragment(self.sparse, time, 0, 0, 1, None, sync=True, data=(b"%d" % time,))

    def _line(self, variants: tuple[Track, ...]) -> Line:
        track = variants[0]
        rate = Fraction(48_000, 1024)
        if track.key.kind is Kind.VIDEO:
            rate = Fraction(30_000, 1001) if self.D == THIRTY else Fraction(25)
        phase = round(self.D * self.phase / 16 * rate) / rate
        return Line(variants, self.D, phase, 1 / rate, LEADS[NAMES.index(track.key.name)])

"""The programme that the model's encoders send: how each track is cut, exactly, cell by cell.

A cell is D seconds from `phase` on. Video is cut on its borders; audio at the frame next to them,
less its lead. A fragment's bytes say who sent which frames of which track, so that whatever is
stored can be traced back to what was sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise

from relay.ingest.smooth import read_header
from relay.media import Fragment, Header, Kind, Track
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


@cache
def header(names: tuple[str, ...]) -> Header:
    """The header of a stream with these tracks, as a relay reads it."""
    ftyp, manifest, movie = recorded.boxes(CAPTURED)[:3]
    kinds = {track.handler: track for track in parse_moov(movie.data)}
    tracks: list[MovieTrack] = []
    said = ['<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><body><switch>']
    for name in names:
        track_id, video = NAMES.index(name) + 1, name.startswith("video")
        like, scale = (kinds["vide"], 10_000_000) if video else (kinds["soun"], 48_000)
        tracks.append(
            MovieTrack(
                track_id,
                like.handler,
                scale,
                "und",
                like.width,
                like.height,
                like.sample_entry,
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
    return read_header("main", ftyp.data + live + moov(tracks))


@dataclass(frozen=True, slots=True)
class Span:
    """What a fragment's bytes say: frames [first, stop) of a track, by a source."""

    source: str
    track: str
    first: int
    stop: int

    def encode(self) -> bytes:
        return f"{self.source}|{self.track}|{self.first}|{self.stop}".encode()

    @classmethod
    def decode(cls, data: bytes) -> "Span":
        source, track, first, stop = data.decode().split("|")
        return cls(source, track, int(first), int(stop))


@dataclass(frozen=True, slots=True)
class Line:
    """One track of the programme. `frame` and `lead` in seconds."""

    track: Track
    D: Fraction
    phase: Fraction
    frame: Fraction
    lead: Fraction

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
            self.track,
            begin + drift,
            0,
            end - begin,
            span.stop - span.first,
            index,
            sync=True,
            data=(span.encode(),),
        )


@dataclass(frozen=True, slots=True)
class Programme:
    """D in seconds; `phase` in sixteenths of D."""

    D: Fraction
    names: tuple[str, ...]
    phase: int = 0

    @property
    def lines(self) -> dict[str, Line]:
        """The tracks by their names."""
        return {told.track.name: self._line(told.track) for told in header(self.names).tracks}

    def _line(self, track: Track) -> Line:
        rate = Fraction(48_000, 1024)
        if track.key.kind is Kind.VIDEO:
            rate = Fraction(30_000, 1001) if self.D == THIRTY else Fraction(25)
        phase = round(self.D * self.phase / 16 * rate) / rate
        return Line(track, self.D, phase, 1 / rate, LEADS[NAMES.index(track.key.name)])

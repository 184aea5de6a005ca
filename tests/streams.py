"""Streams made to measure: headers and fragments of any tracks, byte for byte as a door takes them.

D is 2 s. Video has 25 frames a second in ticks of 90 kHz; audio is AAC of 48 kHz, cut at the frame
nearest to each border. The media of a fragment says whose it is. Codecs are those of a capture.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from relay.media import Kind, SampleDefaults
from relay.mp4.compose import Timing, fragment, moov
from relay.mp4.movie import MovieTrack, parse_moov
from relay.mp4.samples import Samples
from relay.mp4.smooth import LIVE_SERVER_MANIFEST
from tests.mp4 import recorded

CAPTURED = "ff9-av/req001.body"
FRAME = {Kind.VIDEO: 3_600, Kind.AUDIO: 1_024}
SCALE = {Kind.VIDEO: 90_000, Kind.AUDIO: 48_000, Kind.TEXT: 90_000}


@dataclass(frozen=True)
class Said:
    """A track as the live server manifest declares it. `more`: params, as (name, value)."""

    kind: Kind
    name: str
    bitrate: int
    language: str = "und"
    more: tuple[tuple[str, str], ...] = ()
    src: str = "Streams"

    @property
    def scale(self) -> int:
        return SCALE[self.kind]

    def edge(self, index: int) -> int:
        """Where the fragment of an index begins, in ticks."""
        frame = FRAME[self.kind]
        return round(index * 2 * self.scale / frame) * frame

    def xml(self, track_id: int) -> str:
        told = (("trackID", str(track_id)), ("trackName", self.name), *self.more)
        params = "".join(f'<param name="{name}" value="{value}"/>' for name, value in told)
        kind = self.kind.value
        head = f'{kind} src="{self.src}" systemBitrate="{self.bitrate}"'
        return f'<{head} systemLanguage="{self.language}">{params}</{kind}>'


@dataclass(frozen=True)
class Stream:
    """One POSTed bitstream: its tracks, in the order of their track_IDs from `first_id` on."""

    tracks: Sequence[Said]
    first_id: int = 1
    sent: list[int] = field(default_factory=list)

    def header(self) -> bytes:
        numbered = list(enumerate(self.tracks, self.first_id))
        ftyp = recorded.boxes(CAPTURED)[0].data
        inside = "".join(said.xml(track_id) for track_id, said in numbered)
        text = f"<smil><body><switch>{inside}</switch></body></smil>"
        live = recorded.box("uuid", LIVE_SERVER_MANIFEST, bytes(4), text.encode())
        movie = moov([_movie(said, track_id) for track_id, said in numbered])
        if all(said.kind is Kind.TEXT for said in self.tracks):
            movie = movie.replace(b"soun", b"meta")
        return ftyp + live + movie

    def cell(self, index: int, *, sixteenths: tuple[int, int] = (0, 16)) -> bytes:
        """The fragments of an index, one of each track; or of a part of it."""
        return b"".join(
            self.part(said, index, sixteenths) for said in self.tracks if said.kind is not Kind.TEXT
        )

    def part(self, said: Said, index: int, sixteenths: tuple[int, int] = (0, 16)) -> bytes:
        frame, begin = FRAME[said.kind], said.edge(index)
        frames = (said.edge(index + 1) - begin) // frame
        first, stop = (frames * at // 16 for at in sixteenths)
        media = [f"{said.name}/{index}/{at}".encode() for at in range(first, stop)]
        return self.fragment(said, begin + first * frame, [frame] * len(media), media)

    def event(self, said: Said, time: int, media: bytes, duration: int = 0) -> bytes:
        """A sparse fragment: one sample at `time`, in ticks."""
        return self.fragment(said, time, [duration], [media])

    def fragment(
        self, said: Said, time: int, durations: list[int], media: Iterable[bytes]
    ) -> bytes:
        track_id = self.first_id + list(self.tracks).index(said)
        parts = list(media)
        nothing = [0] * len(parts)
        samples = Samples(durations, [len(part) for part in parts], nothing, nothing)
        self.sent.append(time)
        timing = Timing(time, sum(durations))
        return fragment(track_id, len(self.sent), samples, timing, parts)


def _movie(said: Said, track_id: int) -> MovieTrack:
    """A trak. One of text is made as one of sound, whose handler is then changed."""
    like = {track.handler: track for track in parse_moov(recorded.moov(CAPTURED))}
    model = like["vide" if said.kind is Kind.VIDEO else "soun"]
    entry = recorded.box("scte", bytes(8)) if said.kind is Kind.TEXT else model.sample_entry
    return MovieTrack(
        track_id,
        model.handler,
        said.scale,
        "und",
        model.width,
        model.height,
        entry,
        SampleDefaults(),
    )

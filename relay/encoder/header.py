"""What a stream begins with: ftyp, live server manifest, moov ([MS-SSTR] 2.2.7.1 to 2.2.7.3).

A function of the clip and of the stream's tracks alone: the same on every connection, and with
every encoder that plays this clip. Names, bit rates and languages are those of the recording's own
manifest where it has one. Otherwise a track is called by its kind (and language, when that is
known), and its bit rate is measured over the clip; what would still be alike is told apart by a
number in the name. The manifest states every track's timescale, as it must when they differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from relay.encoder.clip import Clip, ClipTrack
from relay.errors import ManifestInvalid
from relay.ingest import manifest
from relay.media import Kind, TrackKey
from relay.mp4.codecs import describe
from relay.mp4.compose import moov
from relay.mp4.grammar import FTYP
from relay.mp4.private import private_data
from relay.mp4.smooth import LIVE_SERVER_MANIFEST
from relay.mp4.walk import box_at
from relay.mp4.write import box, described


@dataclass(frozen=True, slots=True)
class Channelled:
    """A track of the clip under the key and track_ID that it is sent with, in all streams."""

    track: ClipTrack
    key: TrackKey
    track_id: int

    @property
    def label(self) -> str:
        """For people: `video 800k`."""
        return f"{self.key.name} {self.key.bitrate // 1000}k"


def channelled(clip: Clip) -> tuple[Channelled, ...]:
    """The clip's tracks as they are announced. track_IDs count from 1, in the file's order."""
    said = _said(clip)
    found: list[Channelled] = []
    for track_id, track in enumerate(clip.tracks, 1):
        told = said.get(track.movie.track_id)
        language = track.movie.language
        name = track.kind.value
        if track.kind is Kind.AUDIO and language != "und":
            name = f"{name}_{language}"
        key = told or TrackKey(track.kind, name, 0, language)
        if not key.bitrate:
            rate = track.bits / clip.seconds(track)
            key = replace(key, bitrate=max(1000, round(rate / 1000) * 1000))
        key = replace(key, attributes=())
        base, number = key.name, 1
        while any(other.key == key for other in found):
            number += 1
            key = replace(key, name=f"{base}{number}")
        found.append(Channelled(track, key, track_id))
    return tuple(found)


def header(tracks: Sequence[Channelled]) -> bytes:
    """The header of a stream with these tracks."""
    brands = described(
        "ftyp", FTYP, major_brand="isml", minor_version=1, compatible=["isml", "piff", "iso2"]
    )
    live = box("uuid", LIVE_SERVER_MANIFEST, bytes(4), smil(tracks).encode())
    movies = [replace(t.track.movie, track_id=t.track_id) for t in tracks]
    return brands + live + moov(movies)


def smil(tracks: Sequence[Channelled]) -> str:
    """The live server manifest (2.2.7.3) as text."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<smil xmlns="http://www.w3.org/2001/SMIL20/Language">',
        "<head>",
        '<meta name="creator" content="relay push" />',
        "</head>",
        "<body>",
        "<switch>",
    ]
    for sent in tracks:
        kind, key = sent.key.kind.value, sent.key
        language = f' systemLanguage="{escape(key.language)}"' if key.language != "und" else ""
        lines.append(f'<{kind} src="Streams" systemBitrate="{key.bitrate}"{language}>')
        for name, value in _params(sent):
            lines.append(f'<param name="{name}" value="{escape(value)}" valuetype="data" />')
        lines.append(f"</{kind}>")
    return "\n".join((*lines, "</switch>", "</body>", "</smil>", ""))


def _params(sent: Channelled) -> list[tuple[str, str]]:
    movie = sent.track.movie
    private = private_data(movie.sample_entry, movie.handler)
    params = [
        ("trackID", str(sent.track_id)),
        ("trackName", sent.key.name),
        ("timescale", str(movie.timescale)),
        ("FourCC", private.fourcc),
        ("CodecPrivateData", private.data.hex().upper()),
    ]
    codec = describe(movie.sample_entry, movie.handler)
    if sent.key.kind is Kind.VIDEO:
        width, height = str(codec.width or movie.width), str(codec.height or movie.height)
        return [
            *params,
            ("MaxWidth", width),
            ("MaxHeight", height),
            ("DisplayWidth", str(movie.width or width)),
            ("DisplayHeight", str(movie.height or height)),
        ]
    return [
        *params,
        ("AudioTag", "255"),
        ("Channels", str(codec.channels)),
        ("SamplingRate", str(codec.sampling_rate)),
        ("BitsPerSample", "16"),
        ("PacketSize", str(_packet(movie.sample_entry))),
    ]


def _packet(entry: bytes) -> int:
    """Bytes of a sample of sound unpacked, as these manifests have it: channels x 16 bits."""
    body = box_at(entry, 0, len(entry)).body
    return 2 * int.from_bytes(entry[body + 16 : body + 18], "big")


def _said(clip: Clip) -> dict[int, TrackKey]:
    """What the recording's own manifest calls its tracks, by its track_IDs."""
    try:
        told = manifest.parse(clip.recording.manifest) if clip.recording.manifest else ()
    except ManifestInvalid:
        return {}
    return {track.track_id: track.key for track in told}

"""A track from both halves of a header: what the manifest says of it, and what the moov says.

The moov has the truth of the media (timescale, configuration, size, language of what is not
declared); the manifest has names, bitrates and parents. Of its FourCC only what the moov cannot say
counts: AACH and AACP, where HE-AAC is signalled implicitly, and TTML or DFXP, where a text track's
sample entry says nothing. HEVC comes with FourCC HVC1, HEV1 or, from ffmpeg, none at all.

A text track with a parent is sparse, and its payload opaque. One without is subtitles, which go on
as audio does, one document a fragment.
"""

from relay.errors import HeaderInvalid
from relay.ingest.manifest import ManifestTrack
from relay.media import HeaderTrack, Kind, Track, TrackKey
from relay.mp4 import codecs, iso
from relay.mp4.aac import implied
from relay.mp4.protection import protection
from relay.mp4.subtitles import DFXP
from relay.mp4.write import box

_KINDS = {"vide": Kind.VIDEO, "soun": Kind.AUDIO}
_SUBTITLES = (b"stpp", b"dfxp", b"wvtt")
_TTML = ("TTML", "DFXP")


def plays(movie: iso.MovieTrack) -> bool:
    """Players can show it, whether a manifest declares it or not (ffmpeg leaves out subtitles)."""
    return movie.handler in _KINDS or movie.sample_entry[4:8] in _SUBTITLES


def described(
    movie: iso.MovieTrack, said: ManifestTrack | None, stream: str, systems: tuple[bytes, ...] = ()
) -> HeaderTrack:
    """One track of the header of a stream. `said`: None when the moov alone has it.

    `systems`: the moov's pssh boxes. Raises HeaderInvalid, CodecUnsupported.
    """
    kind = _KINDS.get(movie.handler, Kind.TEXT)
    if said is None:
        key = TrackKey(kind, kind.value, 0, movie.language)
        said = ManifestTrack(movie.track_id, key, None, "")
    elif said.key.kind is not kind:
        raise HeaderInvalid(
            f"Track {said.key.name} is {said.key.kind} in the manifest and"
            f" {movie.handler} in the moov."
        )
    track = _text(movie, said) if kind is Kind.TEXT else _media(movie, said, stream, systems)
    return HeaderTrack(movie.track_id, track, movie.defaults)


def _text(movie: iso.MovieTrack, said: ManifestTrack) -> Track:
    entry = movie.sample_entry
    if said.parent:
        return Track(said.key, movie.timescale, movie.handler, entry, "", parent=said.parent)
    if said.fourcc in _TTML and entry[4:8] not in _SUBTITLES:
        entry = box(DFXP, bytes(7), b"\1")
    told = codecs.describe(entry, movie.handler)
    return Track(said.key, movie.timescale, movie.handler, told.sample_entry, told.codecs)


def _media(
    movie: iso.MovieTrack, said: ManifestTrack, stream: str, systems: tuple[bytes, ...]
) -> Track:
    key, video = said.key, said.key.kind is Kind.VIDEO
    codec = codecs.describe(movie.sample_entry, movie.handler)
    width, height = codec.width or movie.width, codec.height or movie.height
    spoken, channels, rate = codec.codecs, codec.channels, codec.sampling_rate
    if codec.fourcc == "mp4a":
        spoken, channels, rate = implied(spoken, channels, rate, fourcc=said.fourcc)
    if not key.bitrate:
        # Nothing in the name tells such tracks apart (ffmpeg -crf): take what the picture says.
        shape = ("size", f"{width}x{height}") if video else ("channels", f"{channels}")
        attributes = tuple(sorted((*key.attributes, shape, ("stream", stream))))
        key = TrackKey(key.kind, key.name, 0, key.language, attributes)
    return Track(
        key,
        movie.timescale,
        movie.handler,
        codec.sample_entry,
        spoken,
        width=width if video else 0,
        height=height if video else 0,
        channels=channels,
        sampling_rate=rate,
        parent=said.parent,
        protection=protection(codec.sample_entry, systems),
    )

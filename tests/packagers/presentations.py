"""Presentations built by hand, for the tests of the packagers."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from relay.media import Copy, Kind, SampleDefaults, Track, TrackKey
from relay.mp4.grammar import MFHD, TFDT
from relay.mp4.write import box, described, tfhd, trun
from relay.numbering import Grid
from relay.presentation import Presentation, Rendition, Segment, Window

DURATION = Fraction(48, 25)
FIRST = 920_400_000
"""An index in 2026 at 1.92 s."""


def video(name: str = "video", bitrate: int = 2_000_000, **more: object) -> Track:
    values: dict[str, object] = {
        "timescale": 90_000,
        "codecs": "avc1.64001f",
        "width": 1280,
        "height": 720,
    }
    return _track(TrackKey(Kind.VIDEO, name, bitrate), "vide", b"avc1", values | more)


def audio(name: str = "audio", bitrate: int = 128_000, **more: object) -> Track:
    values: dict[str, object] = {
        "timescale": 48_000,
        "codecs": "mp4a.40.2",
        "channels": 2,
        "sampling_rate": 48_000,
    }
    return _track(TrackKey(Kind.AUDIO, name, bitrate), "soun", b"mp4a", values | more)


def _track(key: TrackKey, handler: str, fourcc: bytes, values: dict[str, object]) -> Track:
    key = replace(key, language=str(values.pop("language", "und")))
    values = {"sample_entry": (8).to_bytes(4, "big") + fourcc, "handler": handler} | values
    return Track(key, **values)  # type: ignore[arg-type]


def rendition(
    track: Track,
    segments: Iterable[Segment] | None = None,
    *,
    frame_rate: Fraction | None = None,
    discontinuities: int = 0,
) -> Rendition:
    """The track with `segments`, or with five that keep to the grid."""
    kept = regular(track) if segments is None else list(segments)
    if frame_rate is None and track.key.kind is Kind.VIDEO:
        frame_rate = Fraction(25)
    return Rendition(
        track,
        Window(kept),
        bandwidth=track.key.bitrate,
        frame_rate=frame_rate,
        discontinuities=discontinuities,
    )


def regular(track: Track, first: int = FIRST, count: int = 5, *, run: int = 0) -> list[Segment]:
    edges = [round(index * DURATION * track.timescale) for index in range(first, first + count + 1)]
    return [
        Segment(run, first + at, edges[at], edges[at + 1] - edges[at], size=480_000)
        for at in range(count)
    ]


def presentation(*renditions: Rendition, epoch: int = 0) -> Presentation:
    return Presentation(
        "news",
        Grid(DURATION),
        Fraction(120),
        epoch=epoch,
        epochs=(epoch,) * max((s.run for r in renditions for s in r.segments), default=0),
        renditions=renditions,
        updated=Fraction(1_795_000_000_250, 1000),
    )


def copy_of(track: Track, segment: Segment, *, arrival: int = 1_795_000_000_000) -> Copy:
    """The copy that became `segment`; its bytes are `stored(track, segment)`."""
    return Copy(
        track.name,
        segment.run,
        segment.index,
        segment.time,
        segment.duration,
        sample_count=1,
        source="a",
        arrival=arrival,
        size=len(stored(segment)),
    )


def payload(segment: Segment) -> bytes:
    """Media data that tells whose it is."""
    return f"<{segment.run}/{segment.index}>".encode() * 100


def stored(segment: Segment) -> bytes:
    """A fragment of one sample, as the store holds it."""
    media = payload(segment)
    # trun 8.8.8: data offset present; one sample; the offset follows.
    runs = trun((0).to_bytes(4, "big") + (1).to_bytes(4, "big"), 0)
    defaults = SampleDefaults(segment.duration, len(media), 0)
    time = described("tfdt", TFDT, version=1, base_media_decode_time=max(0, segment.time))
    parts = (described("mfhd", MFHD, sequence_number=1), tfhd(1, defaults, 0x020000), time)
    size = 8 + len(parts[0]) + 8 + len(parts[1]) + len(parts[2]) + len(runs)
    runs = trun((0).to_bytes(4, "big") + (1).to_bytes(4, "big"), size + 8)
    return box("moof", parts[0], box("traf", *parts[1:], runs)) + box("mdat", media)

"""Small media for the tests of the core: tracks, fragments, copies on a grid of 2 s."""

from fractions import Fraction

from relay.gathering import Offer
from relay.media import Copy, Fragment, Header, HeaderTrack, Kind, Track, TrackKey
from relay.numbering import Grid

GRID = Grid(Fraction(2))
SCALE = 1000
CELL = 2 * SCALE
FRAME = 40


def track(name: str = "video", kind: Kind = Kind.VIDEO, bitrate: int = 800_000) -> Track:
    handler = "vide" if kind is Kind.VIDEO else "soun"
    rate = 0 if kind is Kind.VIDEO else 48000
    return Track(TrackKey(kind, name, bitrate), SCALE, handler, b"entry", "x", sampling_rate=rate)


VIDEO = track()
AUDIO = track("audio", Kind.AUDIO, 96_000)


def fragment(time: int, duration: int = CELL, of: Track = VIDEO, **changed: object) -> Fragment:
    values: dict[str, object] = {
        "track": of,
        "time": time,
        "offset": 0,
        "duration": duration,
        "sample_count": max(1, duration // FRAME),
        "index": None,
        "sync": True,
        "data": (f"{of.name}@{time}".encode(),),
    }
    return Fragment(**{**values, **changed})  # type: ignore[arg-type]


def header(*tracks: Track, data: bytes = b"header") -> Header:
    return Header(data, tuple(HeaderTrack(at, each) for at, each in enumerate(tracks, 1)))


def copy(index: int, source: str = "a", *, time: int | None = None, **changed: object) -> Copy:
    values: dict[str, object] = {
        "track": VIDEO.name,
        "run": 0,
        "index": index,
        "time": index * CELL if time is None else time,
        "duration": CELL,
        "sample_count": CELL // FRAME,
        "source": source,
        "arrival": 0,
        "size": 10,
    }
    return Copy(**{**values, **changed})  # type: ignore[arg-type]


def offer(index: int, source: str = "a", *, time: int | None = None, **changed: object) -> Offer:
    return Offer(copy(index, source, time=time, **changed), (b"0123456789",))

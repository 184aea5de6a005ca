"""The moov of a header: tracks, codecs, keys; what is read and written back means the same."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from packagers.protection import content_protection, hls_keys
from packagers.smooth.coding import coding
from relay.errors import CodecUnsupported, EncoderError, HeaderInvalid
from relay.media import Kind, SampleDefaults, Track, TrackKey
from relay.mp4 import codecs, iso, parameters, subtitles
from relay.mp4.compose import moov
from relay.mp4.private import private_data
from relay.mp4.protection import common_entry, protection
from relay.mp4.write import box
from tests.fuzz.target import Target
from tests.mp4 import recorded

KINDS = {"vide": Kind.VIDEO, "soun": Kind.AUDIO}


def _run(data: bytes) -> None:
    whole = box("moov", data)
    try:
        tracks = iso.parse_moov(whole)
        systems = iso.key_systems(whole)
    except EncoderError:
        return
    for track in tracks:
        _entry(track.sample_entry, track.handler, systems)
        with contextlib.suppress(EncoderError):
            kind = parameters.missing(track.sample_entry)
            if kind:
                parameters.configured(whole, track.track_id, kind, b"record")
    media = [replace(t, defaults=SampleDefaults()) for t in tracks if t.handler in KINDS]
    if media and all(track.track_id < 2**32 - 1 for track in media):
        again = iso.parse_moov(moov(media))
        assert [replace(t, language="") for t in again] == [
            replace(t, language="") for t in media
        ], "written and read again it is another movie"


def _entry(entry: bytes, handler: str, systems: tuple[bytes, ...]) -> None:
    """What a header makes of a sample entry, and what players are told of it then."""
    try:
        told = codecs.describe(entry, handler)
    except (CodecUnsupported, EncoderError):
        return
    assert all(" " < c <= "~" for c in told.codecs), "a codec string that no document may hold"
    kind = KINDS.get(handler, Kind.TEXT)
    with contextlib.suppress(EncoderError):
        track = Track(
            TrackKey(kind, "t", 1),
            1000,
            handler,
            told.sample_entry,
            told.codecs,
            protection=protection(told.sample_entry, systems),
        )
        content_protection(track)
        hls_keys(track)
        coding(track)
        if handler in KINDS:
            private_data(told.sample_entry, handler)
        common_entry(told.sample_entry)
        subtitles.codecs(told.sample_entry)
        again = codecs.describe(told.sample_entry, handler)
        assert again.sample_entry == told.sample_entry, "canonical is not canonical"


def _seeds() -> Iterator[bytes]:
    for name in recorded.BODIES:
        with contextlib.suppress(ValueError):
            yield recorded.moov(name)[8:]


def _run_parameters(data: bytes) -> None:
    """A first sample, from which a missing codec configuration is made."""
    for kind in ("avcC", "hvcC"):
        try:
            record = parameters.record(kind, data)
        except HeaderInvalid:
            continue
        if record:
            _entry(
                box("avc1" if kind == "avcC" else "hvc1", bytes(78), box(kind, record)), "vide", ()
            )


def _samples() -> Iterator[bytes]:
    for name in recorded.BODIES:
        for _, mdat in list(recorded.pairs(name))[:2]:
            yield mdat[8:600]
    sps = bytes.fromhex("674d400deca146fc98")
    yield len(sps).to_bytes(4, "big") + sps + bytes.fromhex("0000000468ce3c80")


_WORDS = (b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1", b"hvc1", b"mp4a", b"encv", b"stpp")
MOVIES = Target("movies", _run, _seeds, _WORDS)
PARAMETERS = Target("parameters", _run_parameters, _samples)

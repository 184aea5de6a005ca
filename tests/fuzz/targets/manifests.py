"""The live server manifest: a stranger's XML. And what is written into it anew."""

from collections.abc import Iterator

from relay.errors import ManifestInvalid
from relay.ingest import manifest
from relay.ingest.url import NAME
from relay.media import TrackKey
from relay.mp4.smooth import LIVE_SERVER_MANIFEST, manifest_xml
from tests.fuzz.target import Target
from tests.mp4 import recorded


def _run(data: bytes) -> None:
    try:
        tracks = manifest.parse(data)
    except ManifestInvalid:
        return
    ids = [track.track_id for track in tracks]
    assert len(set(ids)) == len(ids)
    for track in tracks:
        assert NAME.fullmatch(track.key.name)
        assert 0 < track.track_id < 2**32
        assert track.key.url_name.isascii()
    first = tracks[0]
    key = TrackKey(first.key.kind, "another", 96_000, "en")
    try:
        alone = manifest.parse(manifest.only(data, first.track_id))
        stated = manifest.parse(manifest.stated(data, dict.fromkeys(ids, 90_000)))
        renamed = manifest.parse(manifest.renamed(data, {first.track_id: key}, {}))
    except ManifestInvalid as error:
        if "longer than" in error.message or "has a DOCTYPE" in error.message:
            return  # written out it is longer, or an escape has become what looks like one
        raise AssertionError(f"what was read cannot be read again: {error.message}") from error
    assert [track.track_id for track in alone] == [first.track_id]
    assert [track.track_id for track in stated] == ids
    assert all(track.output for track in stated if track.parent)
    (found,) = (track for track in renamed if track.track_id == first.track_id)
    assert (found.key.name, found.key.bitrate, found.key.language) == ("another", 96_000, "en")


def _seeds() -> Iterator[bytes]:
    for name in recorded.BODIES:
        for box in recorded.boxes(name):
            if box.uuid == LIVE_SERVER_MANIFEST:
                yield manifest_xml(box.payload)
    text = "<smil><body><switch><audio systemBitrate='1' trackID='1'/></switch></body></smil>"
    yield text.encode("utf-16")
    yield (
        b'<smil><body><switch><textstream src="a" systemBitrate="1000"><param name="trackID"'
        b' value="3"/><param name="parentTrackName" value="video"/><param name="my_own"'
        b' value="x"/></textstream></switch></body></smil>'
    )


WORDS = (
    b'<param name="trackID" value="2"/>',
    b"systemBitrate",
    b"parentTrackName",
    b"<!DOCTYPE a>",
    b"&a;",
    b"<!-- -->",
    b"xmlns=",
    b"&#60;",
)
MANIFESTS = Target("manifests", _run, _seeds, WORDS)

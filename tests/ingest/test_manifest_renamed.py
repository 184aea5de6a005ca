"""A live server manifest with other names in it, and all else as it was."""

import pytest

from relay.errors import ManifestInvalid
from relay.ingest.alias import renamed as box_renamed
from relay.ingest.manifest import ManifestTrack, parse, renamed
from relay.media import Header, HeaderTrack, Kind, Track, TrackKey
from relay.mp4.smooth import manifest_xml
from tests.ingest.pushes import manifest
from tests.ingest.test_manifest import PLAIN, PREFIXED, params, smil, track

KEY = TrackKey(Kind.VIDEO, "cam", 7, "de")


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PREFIXED,
        smil('<video trackId="1" TRACKNAME="a" SystemBitrate="9" systemLanguage="fr"/>'),
        smil(
            f"<video>{params(TrackID=1, trackname='a', systemBitrate=9, SYSTEMLANGUAGE='')}</video>"
        ),
        smil(track(trackName="a", x_role="main", systemBitrate=5)),
        smil(f'<video systemBitrate="">{params(trackID=1, systemBitrate=5)}</video>'),
        '<video trackID="1"/>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_it_is_said_wherever_it_was_said(text: str, encoding: str) -> None:
    written = renamed(text.encode(encoding), {1: KEY}, {})
    assert parse(written) == (ManifestTrack(1, KEY, None, ""),)
    assert renamed(written, {1: KEY}, {}) == written


def test_other_tracks_and_params_stay() -> None:
    other = track("audio", 5, trackID=2, trackName="a", timescale=48_000, x_role="x")
    data = smil(track(timescale=90_000), other).encode()
    first, second = parse(renamed(data, {1: KEY}, {}))
    assert first == ManifestTrack(1, KEY, 90_000, "")
    assert second == parse(data)[1]


def test_what_is_no_manifest_is_refused() -> None:
    with pytest.raises(ManifestInvalid):
        renamed(b"<smil>", {1: KEY}, {})


@pytest.mark.parametrize(
    ("alias", "parent"),
    [
        ({"cam_a-100": "video-100", "cam_a-200": "video-200"}, "video"),
        ({"cam_a-100": "video-100", "cam_a-200": "film-200"}, "cam_a"),  # which one is not said
        ({"cam-100": "video-100"}, "cam_a"),
    ],
)
def test_a_sparse_track_follows_its_parent(alias: dict[str, str], parent: str) -> None:
    """The parent may be in another stream, so the table alone has to tell."""
    cues = TrackKey(Kind.TEXT, "cues", 0)
    box = manifest(
        f"<textstream>{params(trackID=1, trackName='cues', parentTrackName='cam_a')}</textstream>"
    )
    header = Header(b"", (HeaderTrack(1, Track(cues, 1000, "meta", b"", "", parent="cam_a")),))
    found = box_renamed(box, header, alias)
    if parent == "cam_a":
        assert found is None
    else:
        assert found is not None
        assert found.data[:4] == len(found.data).to_bytes(4, "big")
        assert parse(manifest_xml(found.payload)) == (ManifestTrack(1, cues, None, parent),)

"""A track from what the manifest says of it and what the moov says."""

from dataclasses import replace

import pytest

from relay.errors import CodecUnsupported, HeaderInvalid
from relay.ingest.manifest import ManifestTrack
from relay.ingest.track import described, plays
from relay.media import Header, Kind, Protection, SampleDefaults, TrackKey
from relay.mp4.compose import moov
from relay.mp4.iso import MovieTrack, key_systems, parse_moov
from relay.mp4.smooth import PIFF_PSSH
from tests.ingest.pushes import cut, header_of, manifest, part, run, said
from tests.mp4.recorded import box
from tests.mp4.test_aac import LC48, bits, esds
from tests.mp4.test_codecs import AVCC, audio, visual
from tests.mp4.test_hevc import SETS, config
from tests.mp4.test_protection import KID, common
from tests.mp4.test_subtitles import HEAD, stpp

STPP = stpp(b"http://www.w3.org/ns/ttml", b"", b"")
CORE = audio("mp4a", box("esds", esds(bits((2, 5), (6, 4), (2, 4), (0, 3)))), rate=24000)
LC = audio("mp4a", box("esds", esds(LC48)))


def movie(handler: str, entry: bytes, track_id: int = 1, language: str = "und") -> MovieTrack:
    return MovieTrack(track_id, handler, 48000, language, 0, 0, entry, SampleDefaults())


def declared(kind: Kind, fourcc: str = "", parent: str = "") -> ManifestTrack:
    return ManifestTrack(1, TrackKey(kind, "x", 5), None, parent, fourcc=fourcc)


@pytest.mark.parametrize("fourcc", ["", "HVC1", "HEV1", "H265"])
@pytest.mark.parametrize("kind", ["hvc1", "hev1"])
def test_hevc_is_known_by_its_moov_whatever_the_fourcc(fourcc: str, kind: str) -> None:
    entry = visual(kind, box("hvcC", config(*SETS)))
    track = described(movie("vide", entry), declared(Kind.VIDEO, fourcc), "main").track
    assert (track.codecs, track.width, track.height) == ("hvc1.1.6.L30.90", 640, 360)
    assert track.sample_entry[4:8] == b"hvc1"


@pytest.mark.parametrize(
    ("entry", "fourcc", "meant"),
    [
        (CORE, "AACL", ("mp4a.40.2", 2, 24000)),
        (CORE, "AACH", ("mp4a.40.5", 2, 48000)),
        (CORE, "AACP", ("mp4a.40.29", 2, 48000)),
        (LC, "AACH", ("mp4a.40.2", 2, 48000)),
        (audio("ac-3", box("dac3", bytes.fromhex("103dc0"))), "", ("ac-3", 6, 48000)),
    ],
)
def test_the_fourcc_tells_he_aac_where_the_moov_cannot(
    entry: bytes, fourcc: str, meant: tuple[str, int, int]
) -> None:
    track = described(movie("soun", entry), declared(Kind.AUDIO, fourcc), "main").track
    assert (track.codecs, track.channels, track.sampling_rate) == meant


@pytest.mark.parametrize("fourcc", ["TTML", "DFXP", ""])
@pytest.mark.parametrize("entry", [STPP, box("dfxp", HEAD), b""])
def test_text_without_a_parent_is_subtitles(fourcc: str, entry: bytes) -> None:
    track = described(movie("text", entry), declared(Kind.TEXT, fourcc), "main").track
    assert track.sample_entry == (entry or (box("dfxp", HEAD) if fourcc else b""))
    assert track.codecs == ("stpp.ttml.im1t" if fourcc or entry else "")


def test_text_with_a_parent_stays_opaque() -> None:
    one = declared(Kind.TEXT, "TTML", "video")
    track = described(movie("meta", box("\0\1\2\3", b"?")), one, "main").track
    assert (track.codecs, track.parent, track.sample_entry) == ("", "video", box("\0\1\2\3", b"?"))


def test_subtitles_that_no_manifest_names_are_carried_one_of_each_language() -> None:
    """ffmpeg declares video and sound only."""
    (video, sound) = parse_moov(part("moov").data)
    texts = [movie("subt", STPP, 3, "fra"), movie("subt", STPP, 4, "deu")]
    texts += [movie("subt", STPP, 5, "fra"), movie("meta", b"", 6)]
    assert [plays(each) for each in (video, sound, *texts)] == [True] * 5 + [False]
    whole = moov_of([video, sound, *texts])
    header, *_ = run((part("ftyp"), manifest(said("video", 1, 5)), *cut(whole)))
    assert isinstance(header, Header)
    found = [(told.track_id, told.track.name) for told in header.tracks]
    assert found[2:] == [(3, "textstream-0-fra"), (4, "textstream-0-deu")]
    assert {told.track.codecs for told in header.tracks[2:]} == {"stpp.ttml.im1t"}


def moov_of(tracks: list[MovieTrack]) -> bytes:
    """A moov, whose text tracks are made of sound ones."""
    sounds = [replace(t, handler="soun") if t.handler != "vide" else t for t in tracks]
    first, *rest = moov(sounds).split(b"soun")
    handlers = [t.handler.encode() for t in tracks if t.handler != "vide"]
    return first + b"".join(h + part for h, part in zip(handlers, rest, strict=True))


PSSH = bytes(4) + bytes(range(16)) + (2).to_bytes(4, "big") + b"ok"


def test_a_protected_track_says_scheme_key_and_systems() -> None:
    inside = box("uuid", PIFF_PSSH, PSSH), box("pssh", PSSH), box("pssh", PSSH + b"!")
    systems = key_systems(box("moov", *inside))
    assert systems == (box("pssh", PSSH), box("pssh", PSSH + b"!"))
    told = described(movie("vide", common(b"cbcs", 1)), declared(Kind.VIDEO), "main", systems)
    assert told.track.protection == Protection("cbcs", KID, systems)
    clear = described(movie("vide", visual("avc1", AVCC)), declared(Kind.VIDEO), "main", systems)
    assert clear.track.protection is None


def test_key_systems_are_whole_and_few() -> None:
    with pytest.raises(HeaderInvalid, match="cut short"):
        key_systems(box("moov", box("pssh", bytes(23))))
    many = [box("pssh", bytes(23) + bytes((each,))) for each in range(17)]
    with pytest.raises(HeaderInvalid, match="17 key systems"):
        key_systems(box("moov", *many))


def test_a_scheme_that_nobody_knows_is_refused_with_415() -> None:
    with pytest.raises(CodecUnsupported) as caught:
        described(movie("vide", common(b"odkm", 1)), declared(Kind.VIDEO), "main")
    assert caught.value.status == 415


def test_captures_are_in_the_clear() -> None:
    assert {told.track.protection for told in header_of().tracks} == {None}

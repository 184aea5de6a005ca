"""The live-ingest grammar: what a header declares, and the time of a fragment."""

import pytest

from relay.errors import HeaderInvalid
from relay.ingest.smooth import Session
from relay.media import Fragment, Header, Kind
from relay.mp4 import iso
from relay.mp4.reader import Box
from tests.ingest.pushes import as_text, cut, header_of, manifest, media, part, run, said
from tests.mp4.recorded import box, boxes, moof, tfhd, tfxd, traf, trun, u32


def tracks_of(*given_boxes: Box, stream: str = "main") -> list[str]:
    (header,) = run(given_boxes, Session(stream))
    assert isinstance(header, Header)
    return [told.track.name for told in header.tracks]


def test_a_track_that_only_the_moov_has_is_carried() -> None:
    one = manifest(said("video", 1, 200_000))
    (header,) = run((part("ftyp"), one, part("moov")))
    assert isinstance(header, Header)
    assert [told.track.key.name for told in header.tracks] == ["video", "audio"]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ([said("video", 1, 1), said("audio", 3, 1)], "trackID 3 is not in the moov"),
        ([said("audio", 1, 1), said("audio", 2, 1)], "audio in the manifest and vide"),
        ([said("textstream", 1, 1)], "textstream in the manifest and vide"),
    ],
)
def test_manifests_that_contradict_the_moov(declared: list[str], words: str) -> None:
    with pytest.raises(HeaderInvalid, match=words):
        run((part("ftyp"), manifest(*declared), part("moov")))


def test_equal_names_in_one_header_are_refused() -> None:
    twice = [said("video", 1, 5, trackName="x"), said("audio", 2, 5, trackName="x")]
    with pytest.raises(HeaderInvalid, match="same name"):
        run((part("ftyp"), manifest(*twice), part("moov")))


def test_tracks_without_bitrate_are_told_apart_by_picture_sound_and_stream() -> None:
    header = part("ftyp"), manifest(said("video", 1), said("audio", 2)), part("moov")
    (found,) = run(header)
    assert isinstance(found, Header)
    assert [told.track.key.attributes for told in found.tracks] == [
        (("size", "320x180"), ("stream", "main")),
        (("channels", "2"), ("stream", "main")),
    ]
    assert tracks_of(*header) == tracks_of(*header)
    assert set(tracks_of(*header)).isdisjoint(tracks_of(*header, stream="other"))


@pytest.mark.requirement("TIME-1a", "TIME-3a")
@pytest.mark.parametrize("stated", [None, 10_000_000, 90_000], ids=str)
def test_the_media_header_says_how_long_a_tick_is(stated: int | None) -> None:
    """Whatever the manifest says, or leaves to its default of 10 MHz; each track for itself."""
    ftyp, _, moov = boxes("ff9-90k/req001.body")[:3]
    more = {} if stated is None else {"timescale": str(stated)}
    declared = manifest(said("video", 1, 200_000, **more), said("audio", 2, 64_000, **more))
    (header,) = run((ftyp, declared, moov))
    assert isinstance(header, Header)
    assert [told.track.timescale for told in header.tracks] == [90_000, 10_000_000]


def test_a_sparse_track_keeps_its_parent_and_needs_no_codec() -> None:
    declared = manifest(
        said("video", 1, 200_000),
        said("textstream", 2, trackName="cues", parentTrackName="video"),
    )
    header, fragment = run(
        (
            *(part("ftyp"), declared, as_text(part("moov").data, b"meta")),
            *media(track_id=2, times=tfxd(77, 0)),
        )
    )
    assert isinstance(header, Header)
    assert isinstance(fragment, Fragment)
    track = header.tracks[1].track
    assert (track.name, track.parent, track.codecs, track.handler) == (
        "cues-0",
        "video",
        "",
        "meta",
    )
    assert (fragment.track, fragment.time) == (track, 77)


def test_fragments_of_a_track_that_the_manifest_leaves_out_are_ignored() -> None:
    header = part("ftyp"), manifest(said("video", 1, 5)), as_text(part("moov").data, b"subt")
    ignored = media(track_id=2, times=tfxd(0, 100))
    (found,) = run((*header, *ignored))
    assert isinstance(found, Header)
    assert [told.track_id for told in found.tracks] == [1]
    assert run(ignored, Session("main", found)) == []


def times(*given_tfxd: bytes) -> list[int]:
    session = Session("main", header_of())
    found = [one for each in given_tfxd for one in run(media(times=each), session)]
    return [one.time for one in found if isinstance(one, Fragment)]


def test_tfdt_counts_where_there_is_no_tfxd() -> None:
    tfdt = box("tfdt", u32(1 << 24, 1, 5))
    assert times(tfdt, tfxd(9, 100) + tfdt) == [(1 << 32) + 5, 9]


@pytest.mark.threat("T12")
@pytest.mark.fault("F16")
def test_a_time_of_32_bits_wraps_without_a_jump() -> None:
    wrapped = [tfxd(at % 2**32, 100, version=0) for at in (2**32 - 100, 2**32, 2**32 + 100)]
    assert times(*wrapped) == [2**32 - 100, 2**32, 2**32 + 100]
    last = fragment_bytes(wrapped)
    assert iso.parse_moof(last).tracks[0].decode_time == 2**32 + 100


def fragment_bytes(given_tfxd: list[bytes]) -> bytes:
    session = Session("main", header_of())
    *_, last = (one for each in given_tfxd for one in run(media(times=each), session))
    assert isinstance(last, Fragment)
    return bytes(last.data[0])


def test_a_wrap_next_to_the_greatest_time_is_no_overflow() -> None:
    assert times(tfxd(2**63 - 1, 1), tfxd(5, 1, version=0)) == [2**63 - 1, 5]


def test_fragment_index_is_handed_on() -> None:
    session = Session("main", header_of())
    given_boxes = media(times=tfxd(9, 100, version=2, more=u32(7)))
    (fragment,) = run(given_boxes, session)
    assert isinstance(fragment, Fragment)
    assert fragment.index == 7


def test_a_fragment_without_samples_says_nothing() -> None:
    given_boxes = cut(moof(traf(tfhd(1), tfxd(0, 0), trun(0, 0))) + box("mdat"))
    assert run(given_boxes, Session("main", header_of())) == []


def test_two_tracks_in_one_moof_come_apart() -> None:
    parts = [
        traf(tfhd(at, 0x020000), tfxd(at, 100), trun(0x301, 1, 100 + 4 * at, 100, 4))
        for at in (1, 2)
    ]
    found = run(cut(moof(*parts) + box("mdat", b"aaaabbbb")), Session("main", header_of()))
    assert [
        (one.track.key.kind, one.time, b"".join(one.data)[-4:])
        for one in found
        if isinstance(one, Fragment)
    ] == [(Kind.VIDEO, 1, b"aaaa"), (Kind.AUDIO, 2, b"bbbb")]

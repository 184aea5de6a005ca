"""The live-ingest grammar: real captures, and orders of boxes."""

import pytest

from relay.errors import EncoderError, FragmentInvalid, HeaderInvalid, HeaderMissing
from relay.ingest.smooth import LONGEST, Session, read_header
from relay.media import Fragment, Header, Kind
from relay.mp4 import iso
from relay.mp4.reader import Box
from tests.ingest.pushes import CARRIED, HEADER, MEDIA, cut, fragments, header_of, media, part, run
from tests.mp4.recorded import box, boxes, tfhd, tfxd, traf, trun
from tests.mp4.recorded import moof as moof_of


@pytest.mark.parametrize("name", CARRIED)
def test_a_capture_gives_its_header_once_and_then_fragments(name: str) -> None:
    found = run(boxes(name))
    assert [type(one) for one in found[:2]] == [Header, Fragment]
    assert sum(isinstance(one, Header) for one in found) == 1


@pytest.mark.parametrize("name", CARRIED)
def test_chains_have_no_gap(name: str) -> None:
    ends: dict[str, int] = {}
    for fragment in fragments(name):
        track = fragment.track.name
        miss = fragment.time - ends.get(track, fragment.time)
        if not (name.startswith("ff9-everyframe") and fragment.track.key.kind is Kind.AUDIO):
            assert miss == 0
        assert fragment.sample_count > 0
        ends[track] = fragment.end
    assert ends


@pytest.mark.requirement("FMT-3a")
@pytest.mark.parametrize("name", CARRIED)
def test_decode_time_is_tfxd_less_the_first_composition_offset(name: str) -> None:
    wanted = [
        (track.tfxd.time - track.samples.first_offset, sum(track.samples.durations))
        for one in boxes(name)
        if one.type == "moof"
        for track in iso.parse_moof(one.data).tracks
        if track.tfxd is not None
    ]
    found = [(fragment.time, fragment.duration) for fragment in fragments(name)]
    assert found == wanted[: len(found)]
    assert len(wanted) - len(found) in (0, 1)  # a killed encoder leaves a moof behind


@pytest.mark.parametrize("name", ["ff9-hevc", "ff9-opengop", "ff9-fragdur"])
def test_captures_with_a_first_offset(name: str) -> None:
    assert any(fragment.offset > 0 for fragment in fragments(f"{name}/req001.body"))


def test_audio_before_zero() -> None:
    audio = next(one for one in fragments() if one.track.key.kind is Kind.AUDIO)
    assert audio.time == -213333


def test_a_capture_with_the_manifest_before_ftyp() -> None:
    name = "ff9-ac3delay/req001.body"
    assert [one.type for one in boxes(name)[:3]] == ["uuid", "ftyp", "moov"]
    header = header_of(name)
    assert [one.type for one in cut(header.data)] == ["ftyp", "uuid", "moov"]
    assert [told.track.codecs for told in header.tracks][1] == "ac-3"


def test_an_encoder_without_global_header_is_told_the_option() -> None:
    with pytest.raises(HeaderInvalid) as caught:
        run(boxes("ff9-fifo/req001.body"))
    assert "global_header" in caught.value.hint


def test_a_killed_encoder_leaves_its_last_fragment_unfinished() -> None:
    assert fragments("ff9-sigkill/req001.body")


@pytest.mark.parametrize("name", CARRIED)
def test_a_header_comes_back_from_its_bytes(name: str) -> None:
    header = header_of(name)
    assert read_header("main", header.data) == header


@pytest.mark.parametrize("data", [b"", b"\0\0\0\x08free", HEADER[0].data + HEADER[1].data])
def test_bytes_that_are_no_header(data: bytes) -> None:
    with pytest.raises(HeaderInvalid):
        read_header("main", data)


def test_a_header_may_come_again_in_mid_body() -> None:
    found = run((*HEADER, *MEDIA, *HEADER, *MEDIA))
    assert [type(one) for one in found] == [Header, Fragment, Header, Fragment]
    assert found[0] == found[2]


def test_a_body_may_begin_with_media_when_its_header_is_known() -> None:
    session = Session("main", header_of())
    assert run(MEDIA, session) == run((*HEADER, *MEDIA))[1:]


@pytest.mark.requirement("FMT-2a", "FMT-5a")
def test_what_azure_ignored_is_ignored() -> None:
    stream_manifest = box("uuid", bytes.fromhex("3c2fe51befee40a3ae815300199dc348"), b"\0" * 20)
    other = cut(stream_manifest + box("mfra") + box("free", b"x") + box("styp", b"iso6"))
    before, after = HEADER[:1], HEADER[1:]
    found = run((*before, *other, *after, *other, MEDIA[0], *other, MEDIA[1], *other))
    assert found == run((*HEADER, *MEDIA))


@pytest.mark.requirement("FMT-1a", "FMT-3a", "HTTP-3b")
@pytest.mark.parametrize(
    ("given_boxes", "error", "words"),
    [
        (MEDIA, HeaderMissing, "Media came before the header"),
        ((part("ftyp"), part("moov")), HeaderMissing, "no LiveServerManifestBox"),
        ((part("moov"),), HeaderMissing, "no LiveServerManifestBox"),
        ((part("uuid"), part("moov")), HeaderInvalid, "no ftyp"),
        ((part("ftyp"), part("ftyp")), HeaderInvalid, "two ftyp"),
        ((part("uuid"), part("uuid")), HeaderInvalid, "two manifest"),
        ((*HEADER, part("ftyp"), MEDIA[0]), HeaderInvalid, "has no moov"),
        ((*HEADER, MEDIA[0], MEDIA[0]), FragmentInvalid, "moof follows a moof"),
        ((*HEADER, MEDIA[1]), FragmentInvalid, "without its moof"),
        ((*HEADER, *MEDIA, MEDIA[1]), FragmentInvalid, "without its moof"),
        ((MEDIA[1],), FragmentInvalid, "without its moof"),
        ((*HEADER, MEDIA[0], *HEADER), FragmentInvalid, "between a moof and its mdat"),
        ((*HEADER, *media(track_id=9, times=tfxd(0, 100))), FragmentInvalid, "track_ID 9"),
        ((*HEADER, *media()), FragmentInvalid, "neither tfxd nor tfdt"),
    ],
)
@pytest.mark.threat("T11")
def test_orders_that_are_refused(
    given_boxes: tuple[Box, ...], error: type[EncoderError], words: str
) -> None:
    with pytest.raises(error, match=words):
        run(given_boxes)


def test_the_missing_flag_of_ffmpeg_is_named() -> None:
    with pytest.raises(HeaderMissing) as caught:
        run((part("ftyp"), part("moov")))
    assert caught.value.status == 412
    assert "isml" in caught.value.hint


def test_a_body_may_not_end_on_a_moof() -> None:
    session = Session("main")
    for one in (*HEADER, MEDIA[0]):
        session.take(one)
    with pytest.raises(FragmentInvalid, match="ended between"):
        session.end()
    session = Session("main")
    for one in (*HEADER, *MEDIA):
        session.take(one)
    session.end()


def test_a_fragment_lasts_no_longer_than_a_day() -> None:
    """What lasts for ever ends at no date that a document can say."""
    times = tfxd(0, 1)
    scale = header_of().tracks[0].track.timescale
    said = trun(0x301, 2, 0, 2**32 - 1, 4, 2**32 - 1, 4)
    (moof, mdat) = moof_of(traf(tfhd(1), times, said)), box("mdat", bytes(8))
    assert LONGEST * scale > 2 * (2**32 - 1)
    assert len(run([*HEADER, Box("moof", moof, 8), Box("mdat", mdat, 8)])) == 2
    said = trun(0x301, 300, 0, *(2**32 - 1, 0) * 299, 2**32 - 1, 8)
    moof = moof_of(traf(tfhd(1), times, said))
    with pytest.raises(FragmentInvalid, match="lasts over"):
        run([*HEADER, Box("moof", moof, 8), Box("mdat", mdat, 8)])

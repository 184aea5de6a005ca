"""Aliases: a header is rewritten as if the encoder had sent the other names."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import HeaderInvalid
from relay.ingest.alias import MOST, fault, key_of
from relay.ingest.smooth import Session, read_header
from relay.media import Fragment, Header, Kind, TrackKey
from tests.ingest.pushes import AV, HEADER, MEDIA, header_of, manifest, run, said
from tests.mp4.recorded import boxes

AUDIO, VIDEO = "audio-64000", "video-200000"


def renamed(names: dict[str, str], name: str = AV) -> list[Header | Fragment]:
    return run(boxes(name), Session("main", None, names))


def header(names: dict[str, str]) -> Header:
    found = renamed(names)[0]
    assert isinstance(found, Header)
    return found


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("audio-128000", TrackKey(Kind.AUDIO, "audio", 128_000)),
        ("audio-128000-eng", TrackKey(Kind.AUDIO, "audio", 128_000, "eng")),
        ("audio-128000-en_US", TrackKey(Kind.AUDIO, "audio", 128_000, "en-US")),
        ("audio_eng-128000", TrackKey(Kind.AUDIO, "audio_eng", 128_000, "eng")),
        ("audio_eng-128000-und", TrackKey(Kind.AUDIO, "audio_eng", 128_000)),
        ("cam_1-1", TrackKey(Kind.AUDIO, "cam_1", 1)),
    ],
)
def test_a_plain_name_has_one_key(name: str, key: TrackKey) -> None:
    assert key_of(name, Kind.AUDIO) == key
    assert key.url_name == name


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_]{0,20}", fullmatch=True),
    st.integers(1, 2**32 - 1),
    st.sampled_from(["und", "eng", "de", "en-US", "zh-Hant-TW"]),
)
def test_every_plain_key_is_found_by_its_name(name: str, bitrate: int, language: str) -> None:
    key = TrackKey(Kind.VIDEO, name, bitrate, language)
    assert key_of(key.url_name) == key


@pytest.mark.parametrize(
    "name",
    [
        *("", "audio", "audio-", "-1", "audio-0", "audio-01", "audio-x", "audio-4294967296"),
        *("audio-1-abcdef", "audio-1-12ab34", "audio-1-eng-12ab34", "audio-1-und", "_a-1"),
        *("audio_eng-1-eng", "a.b-1", "a b-1", "audio-1\n", "ä-1", "a" * 65 + "-1"),
    ],
)
def test_names_with_more_to_them_than_they_show_have_none(name: str) -> None:
    assert key_of(name, Kind.AUDIO) is None


def test_a_sparse_track_may_have_no_bitrate() -> None:
    assert key_of("cues-0", Kind.TEXT) == TrackKey(Kind.TEXT, "cues", 0)


@pytest.mark.parametrize(
    ("alias", "problem"),
    [
        ({}, ""),
        ({"audio_eng-1": "audio-1", "sound-1-12ab34": "audio-1"}, ""),
        ({"scte-0": "cues-0"}, ""),
        ({"audio-1": "audio-1"}, "itself"),
        ({"a-1": "b-1", "b-1": "c-1"}, "an alias too"),
        ({"b-1": "c-1", "a-1": "b-1"}, "an alias too"),
        ({"a-1": "b-1", "b-1": "a-1"}, "an alias too"),
        ({"a-1": "b-1-12ab34"}, "plain"),
        ({"a-1": "b"}, "plain"),
        ({"a/1": "b-1"}, "no name"),
        ({"": "b-1"}, "no name"),
        ({f"a-{n}": "b-1" for n in range(MOST + 1)}, "at most"),
    ],
)
def test_tables_that_cannot_be_meant(alias: dict[str, str], problem: str) -> None:
    assert problem in fault(alias)
    assert bool(fault(alias)) == bool(problem)


def test_header_and_fragments_have_the_other_name_and_nothing_else_changes() -> None:
    plain, other = renamed({}), renamed({AUDIO: "sound-96000-eng"})
    key = TrackKey(Kind.AUDIO, "sound", 96_000, "eng")
    for before, after in zip(plain, other, strict=True):
        if isinstance(before, Fragment) and before.track.name == AUDIO:
            assert after == replace(before, track=replace(before.track, key=key))
        elif isinstance(before, Fragment):
            assert after == before
        else:
            assert isinstance(after, Header)
            assert [told.track.name for told in after.tracks] == [VIDEO, "sound-96000-eng"]
            assert [told.track_id for told in after.tracks] == [t.track_id for t in before.tracks]


def test_the_bytes_say_what_the_tracks_say_whatever_is_configured_then() -> None:
    """So a pin replays identically, and an upstream needs no aliases."""
    found = header({AUDIO: "sound-96000-eng", VIDEO: "cam_1-5"})
    assert read_header("main", found.data) == found
    (fragment,) = run(MEDIA, Session("main", found))
    assert isinstance(fragment, Fragment)
    assert fragment.track in [told.track for told in found.tracks]


@pytest.mark.parametrize("names", [{}, {"other-1": "audio-1"}, {"sound-1": AUDIO}])
def test_a_header_that_no_alias_names_stays_as_it_came(names: dict[str, str]) -> None:
    assert header(names) == header_of(AV)


def test_what_tells_tracks_without_a_bitrate_apart_is_gone_with_the_alias() -> None:
    tracks = [said("video", 1, trackName="v", a_b="x"), said("audio", 2, trackName="a", c_d="y")]
    given_boxes = [HEADER[0], manifest(*tracks), HEADER[2]]
    (plain,) = run(given_boxes)
    assert isinstance(plain, Header)
    names = [told.track.name for told in plain.tracks]
    assert all(name.count("-") == 2 for name in names)
    alias = dict(zip(names, ("video-3000000", "audio-128000"), strict=True))
    (found,) = run(given_boxes, Session("main", None, alias))
    assert isinstance(found, Header)
    assert [told.track.key for told in found.tracks] == [
        TrackKey(Kind.VIDEO, "video", 3_000_000),
        TrackKey(Kind.AUDIO, "audio", 128_000),
    ]
    assert read_header("elsewhere", found.data).tracks == found.tracks


def test_a_track_that_the_moov_alone_declares_can_be_named() -> None:
    given_boxes = [HEADER[0], manifest(said("video", 1, 9, trackName="v")), HEADER[2]]
    (plain,) = run(given_boxes)
    assert isinstance(plain, Header)
    names = [told.track.name for told in plain.tracks]
    assert len(names) == 2
    (found,) = run(given_boxes, Session("main", None, {names[1]: "audio-128000"}))
    assert isinstance(found, Header)
    assert [told.track.name for told in found.tracks] == ["v-9", "audio-128000"]
    assert read_header("main", found.data) == found


def test_two_tracks_of_a_stream_cannot_become_one() -> None:
    tracks = [said("video", 1, 9, trackName="v"), said("audio", 2, 9, trackName="a")]
    session = Session("main", None, {"v-9": "x-9", "a-9": "x-9"})
    with pytest.raises(HeaderInvalid, match="same name"):
        run([HEADER[0], manifest(*tracks), HEADER[2]], session)

"""The words: names that do not collide, and ends."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.media import Copy, Fragment, Gap, Kind, Track, TrackKey

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True) | st.sampled_from(
    ("audio", "audio_eng", "audio_ger", "video", "audio_128", "a-1", "a_1", "a.1")
)
LANGUAGES = st.sampled_from(("und", "eng", "ger", "en", "en-US", "de", "vid"))
KEYS = st.builds(
    TrackKey,
    st.just(Kind.AUDIO),
    NAMES,
    st.integers(0, 3),
    LANGUAGES,
    st.sampled_from(((), (("x_role", "main"),), (("x_role", "alternate"),))),
)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (TrackKey(Kind.VIDEO, "video", 3_000_000), "video-3000000"),
        (TrackKey(Kind.AUDIO, "audio_eng", 128_000, "eng"), "audio_eng-128000"),
        (TrackKey(Kind.AUDIO, "audio", 128_000, "eng"), "audio-128000-eng"),
        (TrackKey(Kind.AUDIO, "audio", 128_000, "en-US"), "audio-128000-en_US"),
        (TrackKey(Kind.AUDIO, "audio_eng", 128_000), "audio_eng-128000-und"),
        (TrackKey(Kind.AUDIO, "audio_english", 1, "eng"), "audio_english-1-eng"),
        # "de" stands in "video", but the name does not say that the sound is German
        (TrackKey(Kind.VIDEO, "video", 1, "de"), "video-1-de"),
    ],
)
def test_a_track_is_named_by_its_key(key: TrackKey, name: str) -> None:
    assert key.url_name == name


def test_what_a_name_loses_in_an_url_comes_back_as_a_suffix() -> None:
    names = {TrackKey(Kind.TEXT, name, 0).url_name for name in ("cue.1", "cue-1", "cue_1")}
    assert len(names) == 3
    assert "cue_1-0" in names


@given(KEYS, KEYS)
def test_different_keys_have_different_names(one: TrackKey, other: TrackKey) -> None:
    assert (one == other) == (one.url_name == other.url_name)


@given(KEYS)
def test_a_name_is_plain(key: TrackKey) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", key.url_name)


def test_ends_and_sizes() -> None:
    track = Track(TrackKey(Kind.VIDEO, "video", 1), 90_000, "vide", b"", "avc1.64001F")
    fragment = Fragment(track, -5, 2, 100, 4, None, True, (b"moof", memoryview(b"mdat!")))
    assert (track.name, fragment.end, fragment.size) == ("video-1", 95, 9)
    copy = Copy(track.name, 0, 7, -5, 100, 4, "a", 0, 9)
    assert (copy.end, copy.half_frame) == (95, 12)
    assert Copy(track.name, 0, 7, -5, 100, 0, "a", 0, 9).half_frame == 0
    assert Gap(track.name, 0, 7, -5, 100, 0).end == 95

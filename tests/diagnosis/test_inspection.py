"""What headers say that will not do."""

from dataclasses import replace
from fractions import Fraction

import pytest

from relay.diagnosis.inspection import MOST_HEADERS, Findings, Inspection, duration_range, near
from relay.media import Header, HeaderTrack, Kind, Protection, Track
from tests.ingest.pushes import CARRIED, header_of, manifest, said
from tests.pieces import AUDIO, VIDEO, track

EVENTS = replace(track("cues", Kind.TEXT, 0), parent="video")
SPARSE = pytest.mark.requirement("SPARSE-3a")
SCALES = pytest.mark.requirement("TIME-3a")


def header(*tracks: tuple[Track, dict[str, str]]) -> Header:
    """These tracks, with what the manifest says of each besides its name."""
    elements = [
        said(each.key.kind, at, each.key.bitrate, trackName=each.key.name, **words)
        for at, (each, words) in enumerate(tracks, 1)
    ]
    numbered = tuple(HeaderTrack(at, each) for at, (each, _) in enumerate(tracks, 1))
    return Header(manifest(*elements).data, numbered)


def found(*headers: tuple[str, str, Header]) -> Findings:
    """All that is amiss after (source, stream, header)."""
    inspection = Inspection("news")
    for source, stream, came in headers:
        last = inspection.header(source, stream, came)
    assert last is not None
    return {code: sentences for code, sentences in last.items() if sentences}


def one(*tracks: tuple[Track, dict[str, str]]) -> Findings:
    return found(("a", "main", header(*tracks)))


def scaled(of: Track, timescale: int, said: int | None = None) -> tuple[Track, dict[str, str]]:
    """A track of this mdhd timescale, and what its manifest says of it."""
    words = {} if said is None else {"timescale": str(said)}
    return replace(of, timescale=timescale), words


@SCALES
def test_different_timescales_have_to_be_said() -> None:
    assert one(scaled(VIDEO, 90_000), scaled(AUDIO, 48_000, 48_000)) == {
        "TIMESCALE_MISSING": {
            "a": "a: its tracks have different timescales, and its manifest leaves out that of"
            f" {VIDEO.name} (90000): make it write the timescale of each"
        }
    }
    assert one(scaled(VIDEO, 90_000, 90_000), scaled(AUDIO, 48_000, 48_000)) == {}


def test_parameter_sets_that_come_in_the_samples_are_told() -> None:
    for codecs in ("hev1.1.6.L93.B0", "avc3.4D401E"):
        told = one((replace(VIDEO, codecs=codecs), {}), (AUDIO, {}))
        assert codecs[:4] in told["PARAMETER_SETS"][f"a, {VIDEO.name}"]
    for codecs in ("hvc1.1.6.L93.B0", "avc1.4D401E"):
        assert one((replace(VIDEO, codecs=codecs), {})) == {}


@pytest.mark.parametrize(
    ("protection", "words"),
    [
        (Protection("cenc", bytes(16)), "no pssh box"),
        (Protection("cbc1", bytes(16), (b"pssh",)), "cbc1"),
        (Protection("cens", bytes(16), (b"pssh",)), "cens"),
    ],
)
def test_what_no_playlist_can_say_the_key_of_is_told(protection: Protection, words: str) -> None:
    told = one((replace(VIDEO, protection=protection), {}), (AUDIO, {}))
    assert words in told["PROTECTION"][f"a, {VIDEO.name}"]
    for scheme in ("cenc", "cbcs"):
        known = replace(VIDEO, protection=Protection(scheme, bytes(16), (b"pssh",)))
        assert one((known, {})) == {}


@SCALES
def test_one_timescale_for_all_needs_no_word() -> None:
    assert one(scaled(VIDEO, 90_000), scaled(AUDIO, 90_000)) == {}


@SCALES
def test_streams_of_one_encoder_are_held_together_and_encoders_apart() -> None:
    video, audio = header(scaled(VIDEO, 90_000)), header(scaled(AUDIO, 48_000))
    (sentence,) = found(("a", "v", video), ("a", "s", audio))["TIMESCALE_MISSING"].values()
    assert f"{AUDIO.name} (48000), {VIDEO.name} (90000)" in sentence
    assert found(("a", "v", video), ("b", "s", audio)) == {}


@SCALES
def test_a_timescale_that_is_not_that_of_the_moov_is_named() -> None:
    assert one(scaled(VIDEO, 90_000, 10_000_000)) == {
        "TIMESCALE_DIFFERS": {
            f"a, {VIDEO.name}": f"a, {VIDEO.name}: its manifest says timescale 10000000, its moov"
            " 90000, which counts: make them equal"
        }
    }


@SPARSE
@pytest.mark.parametrize("words", [{}, {"manifestOutput": "false"}])
def test_a_sparse_track_whose_events_stay_hidden_is_named(words: dict[str, str]) -> None:
    (subject,) = one((EVENTS, words), (VIDEO, {}))["MANIFEST_OUTPUT"]
    assert subject == f"a, {EVENTS.name}"


@SPARSE
def test_a_sparse_track_with_manifest_output_and_one_that_is_not_sparse_are_in_order() -> None:
    assert one((EVENTS, {"manifestOutput": "true"}), (VIDEO, {}), (AUDIO, {})) == {}
    assert one((replace(EVENTS, parent=""), {})) == {}


@pytest.mark.requirement("SPARSE-2a")
def test_a_parent_that_no_header_has_is_named_until_one_has() -> None:
    events = header((EVENTS, {"manifestOutput": "true"}))
    assert found(("a", "cues", events)) == {
        "PARENT_UNKNOWN": {
            f"a, {EVENTS.name}": f"a, {EVENTS.name}: its parent video is no track of any header"
            " yet; its events wait for it: connect that encoder, or correct parentTrackName"
        }
    }
    assert found(("a", "cues", events), ("b", "main", header((VIDEO, {})))) == {}


def test_an_encoder_that_was_mended_is_well_again() -> None:
    bad = header((EVENTS, {}), (VIDEO, {}))
    good = header((EVENTS, {"manifestOutput": "true"}), (VIDEO, {}))
    assert found(("a", "main", bad), ("a", "main", good)) == {}


def test_the_same_header_is_read_once() -> None:
    inspection = Inspection("news")
    assert inspection.header("a", "main", header((VIDEO, {}))) is not None
    assert inspection.header("a", "main", header((VIDEO, {}))) is None
    assert inspection.header("b", "main", header((VIDEO, {}))) is not None
    assert inspection.header("a", "main", header((AUDIO, {}))) is not None


def named(of: Track, **changed: object) -> Track:
    return replace(of, key=replace(of.key, **changed))  # type: ignore[arg-type]


ENGLISH = named(AUDIO, name="audio_eng", language="eng")
OTHERS = [
    named(AUDIO, name="Audio"),
    named(AUDIO, name="sound", bitrate=100_000),
    named(AUDIO, language="eng"),
    named(AUDIO, attributes=(("x_vendor", "1"),)),
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda each: str(each.name))
def test_what_two_vendors_name_differently_may_be_one_track(other: Track) -> None:
    assert near(AUDIO, other)
    assert found(("a", "main", header((AUDIO, {}))), ("b", "main", header((other, {})))) == {
        "NEAR_DUPLICATE_TRACK": {
            other.name: f"{other.name} of b looks like {AUDIO.name} of a under another name: name"
            " them alike, or join them with [channels.news.tracks] alias ="
            f' {{ "{other.name}" = "{AUDIO.name}" }}'
        }
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (AUDIO, named(AUDIO, bitrate=64_000)),
        (AUDIO, replace(named(AUDIO, name="x"), sample_entry=b"other")),
        (AUDIO, replace(named(AUDIO, name="x"), timescale=7)),
        (ENGLISH, named(ENGLISH, name="audio_fra", language="fra")),
        (AUDIO, named(AUDIO, kind=Kind.VIDEO)),
        (EVENTS, named(EVENTS, name="ads")),
        (EVENTS, replace(named(EVENTS, name="Cues"), parent="other")),
    ],
)
def test_what_is_otherwise_is_another_track(one: Track, other: Track) -> None:
    assert not near(one, other)
    assert not near(other, one)


@pytest.mark.parametrize("language", ["en", "eng", "en-GB", "und"])
def test_languages_are_written_in_more_than_one_way(language: str) -> None:
    assert near(ENGLISH, named(ENGLISH, language=language))


def test_what_one_encoder_sends_side_by_side_is_two_tracks() -> None:
    comments = named(AUDIO, name="comments")
    assert one((AUDIO, {}), (comments, {})) == {}
    streams = header((AUDIO, {})), header((comments, {}))
    assert found(("a", "one", streams[0]), ("a", "two", streams[1])) == {}
    both = header((AUDIO, {}), (comments, {}))
    assert found(("a", "main", both), ("b", "main", streams[1])) == {}


def test_three_names_of_one_track_are_joined_with_the_first() -> None:
    one, two, three = (named(AUDIO, name=name) for name in ("x", "y", "z"))
    sentences = found(*((each.key.name, "main", header((each, {}))) for each in (one, two, three)))
    said = sentences["NEAR_DUPLICATE_TRACK"]
    assert list(said) == [two.name, three.name]
    assert all(f'"{one.name}" }}' in sentence for sentence in said.values())


@pytest.mark.parametrize("name", CARRIED)
def test_what_ffmpeg_sends_is_in_order_unless_its_timescales_differ(name: str) -> None:
    came = header_of(name)
    scales = {each.track.timescale for each in came.tracks}
    expected = {"TIMESCALE_MISSING"} if len(scales) > 1 else set()
    assert set(found(("a", "main", came))) == expected


def test_strangers_cannot_fill_the_memory() -> None:
    inspection = Inspection("news")
    for number in range(2 * MOST_HEADERS):
        inspection.header(f"s{number}", "main", header((VIDEO, {})))
    assert len(inspection._headers) == len(inspection._digests) == MOST_HEADERS


@pytest.mark.requirement("FMT-7a")
@pytest.mark.parametrize("seconds", ["1.92", "2", "2.002", "4", "6", "6.006"])
def test_about_two_to_six_seconds_are_in_order(seconds: str) -> None:
    assert duration_range(Fraction(seconds)) == ""


@pytest.mark.requirement("FMT-7a")
@pytest.mark.parametrize("seconds", ["1.8", "0.5", "6.4", "10"])
def test_shorter_and_longer_fragments_are_warned_of(seconds: str) -> None:
    assert duration_range(Fraction(seconds)).startswith(f"fragments are {seconds} s long")

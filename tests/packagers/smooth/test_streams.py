from dataclasses import replace

import pytest

from packagers.smooth.streams import LOOK_AHEAD, show, streams
from relay.presentation import Presentation, Rendition
from tests.mp4.test_codecs import visual
from tests.packagers.presentations import FIRST, presentation, regular, rendition
from tests.packagers.smooth.tracks import AVCC, markers, picture, sound

HIGH, LOW = picture(), picture(bitrate=500_000)
SOUND = sound()


def names(shown: Presentation) -> list[tuple[str, list[int]]]:
    return [(s.name, [q.bitrate for q in s.qualities]) for s in streams(shown)]


def test_bit_rates_of_one_coding_are_one_stream() -> None:
    shown = presentation(rendition(SOUND), rendition(LOW), rendition(HIGH))
    assert names(shown) == [("video", [2_000_000, 500_000]), ("audio", [128_000])]


def test_languages_are_streams_of_their_own() -> None:
    shown = presentation(
        rendition(HIGH),
        rendition(SOUND),
        rendition(sound("audio_fra", language="fra")),
        rendition(sound(language="deu")),
    )
    assert names(shown) == [
        ("video", [2_000_000]),
        ("audio", [128_000]),
        ("audio_2", [128_000]),
        ("audio_fra", [128_000]),
    ]


def test_names_are_what_the_grammar_allows_and_differ_in_any_case() -> None:
    odd = presentation(rendition(picture("5.1 ü")), rendition(sound("VIDEO_5_1__")))
    assert names(odd) == [("video_5_1__", [2_000_000]), ("VIDEO_5_1___2", [128_000])]
    several = presentation(rendition(picture("a")), rendition(picture("b", 1_000_000)))
    assert names(several) == [("video", [2_000_000, 1_000_000])]


def test_equal_bit_rates_are_told_apart() -> None:
    one, other = picture("a"), picture("b")
    shown = presentation(rendition(one), rendition(other))
    assert names(shown) == [("video", [2_000_001, 2_000_000])]


def test_the_list_ends_before_those_that_the_last_announces() -> None:
    behind = rendition(LOW, regular(LOW, FIRST, 9))
    (stream,) = streams(presentation(rendition(HIGH, regular(HIGH, FIRST, 10)), behind))
    listed = stream.segments[stream.start : stream.stop]
    assert [s.index for s in listed] == list(range(FIRST, FIRST + 9 - LOOK_AHEAD))


def test_one_that_no_longer_comes_does_not_hold_the_others() -> None:
    gone = rendition(LOW, regular(LOW, FIRST, 5))
    (stream,) = streams(presentation(rendition(HIGH, regular(HIGH, FIRST, 10)), gone))
    assert [q.bitrate for q in stream.qualities] == [2_000_000]
    assert stream.stop - stream.start == 10 - LOOK_AHEAD


def test_one_that_is_cut_otherwise_is_left_out() -> None:
    other = [replace(s, time=s.time + 20_000) for s in regular(LOW)]
    shown = presentation(rendition(HIGH), rendition(LOW, other))
    assert names(shown) == [("video", [2_000_000])]


def test_too_few_are_nothing_yet() -> None:
    assert streams(presentation(rendition(HIGH, regular(HIGH, FIRST, LOOK_AHEAD)))) == []
    assert streams(presentation()) == []


@pytest.mark.parametrize("kept", [1, 3])
def test_after_a_change_of_settings_the_list_begins_anew(kept: int) -> None:
    changed = replace(
        rendition(HIGH, regular(HIGH, FIRST, 10)),
        former=((FIRST + 8 - kept, picture(width=640)),),
    )
    (stream,) = streams(presentation(changed))
    assert stream.stop - stream.start == kept
    assert stream.segments[stream.start].index == FIRST + 8 - kept


def test_what_is_encrypted_is_left_out() -> None:
    assert streams(presentation(rendition(picture(sample_entry=visual("encv", AVCC))))) == []


def test_events_go_with_the_stream_of_their_parent() -> None:
    waiting = Rendition(markers("news", parent="nobody"))
    shown = show(presentation(rendition(HIGH), rendition(SOUND), Rendition(markers()), waiting))
    assert [(s.name, s.parent) for s in shown.signals] == [("scte35", "video")]
    clash = show(presentation(rendition(HIGH), Rendition(markers("Video"))))
    assert [s.name for s in clash.signals] == ["Video_2"]

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers import cmaf, hls
from relay.presentation import Presentation, Rendition, Segment
from tests.packagers.presentations import FIRST, audio, presentation, regular, rendition, video
from tests.packagers.strict_hls import Strict

VIDEO = rendition(video())
AUDIO = rendition(audio())
BOTH = presentation(VIDEO, AUDIO)


def broken(track_of: Rendition) -> Rendition:
    """With a discontinuity, then a gap, and one discontinuity that has left the window."""
    segments = regular(track_of.track)
    jump = track_of.track.timescale // 10
    segments[2:] = [replace(s, time=s.time + jump) for s in segments[2:]]
    segments[2] = replace(segments[2], discontinuity=True)
    segments[3] = replace(segments[3], gap=True, size=0)
    return rendition(track_of.track, segments, discontinuities=1)


MEDIA = {
    "video": (BOTH, VIDEO),
    "audio": (BOTH, AUDIO),
    "broken": (presentation(broken(VIDEO)), broken(VIDEO)),
    "10 MHz": (
        presentation(big := rendition(video(timescale=10_000_000, bitrate=3_000_000))),
        big,
    ),
    "from zero": (
        presentation(zero := rendition(audio(), regular(audio(), 0)), epoch=1_795_000_000),
        zero,
    ),
    "one": (presentation(one := rendition(video(), regular(video(), 7, 1))), one),
}


def test_strict_parsers_accept_every_playlist(strict: Strict) -> None:
    texts = [hls.media(p, r).text for p, r in MEDIA.values()]
    for text, read in zip(texts, strict(texts), strict=True):
        assert "error" not in read, f"{read}\n{text}"
        m3u8.M3U8(text, strict=True)


def test_the_media_sequence_is_always_said() -> None:
    """Chromium's own player never asks again for a playlist that leaves out a 0."""
    for p, r in MEDIA.values():
        (said,) = re.findall(r"^#EXT-X-MEDIA-SEQUENCE:(\d+)$", hls.media(p, r).text, re.MULTILINE)
        assert int(said) == r.segments[0].index


def test_the_strict_parser_does_refuse(strict: Strict) -> None:
    good = hls.media(*MEDIA["broken"]).text
    bad = [
        good.replace("EXT-X-VERSION:8", "EXT-X-VERSION:7"),
        good.replace("#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:1"),
    ]
    assert all("error" in read for read in strict(bad))


def test_numbers_are_the_indexes_and_the_end_is_open(strict: Strict) -> None:
    (read,) = strict([hls.media(*MEDIA["video"]).text])
    assert [(s["number"], s["uri"]) for s in read["segments"]] == [
        (index, f"{index}.m4s") for index in range(FIRST, FIRST + 5)
    ]
    assert read["version"] == 6
    assert read["targetDuration"] == 2
    assert read["endlist"] is False
    assert {s["map"] for s in read["segments"]} == {cmaf.init_name(VIDEO.track)}
    assert [s["duration"] for s in read["segments"]] == [1.92] * 5
    seconds = FIRST * Fraction(48, 25)
    first = datetime.fromtimestamp(int(seconds), UTC).replace(
        microsecond=int(seconds % 1 * 1_000_000)
    )
    assert datetime.fromisoformat(read["segments"][0]["date"]) == first


def test_a_gap_and_a_discontinuity_keep_their_place(strict: Strict) -> None:
    (read,) = strict([hls.media(*MEDIA["broken"]).text])
    assert read["version"] == 8
    assert [s["gap"] for s in read["segments"]] == [False, False, False, True, False]
    assert [s["discontinuity"] for s in read["segments"]] == [False, False, True, False, False]
    assert [s["discontinuitySequence"] for s in read["segments"]] == [1, 1, 2, 2, 2]
    assert [s["number"] for s in read["segments"]] == list(range(FIRST, FIRST + 5))


@pytest.mark.requirement("ENC-6c")
def test_after_a_jump_of_the_index_the_playlist_begins_there(strict: Strict) -> None:
    before = regular(video())
    before[1] = replace(before[1], discontinuity=True)
    jumped = rendition(video(), [*before, *regular(video(), FIRST + 90, 3)], discontinuities=4)
    (read,) = strict([hls.media(presentation(jumped), jumped).text])
    assert [s["number"] for s in read["segments"]] == [FIRST + 90, FIRST + 91, FIRST + 92]
    assert read["segments"][0]["uri"] == f"{FIRST + 90}.m4s"
    assert read["segments"][0]["discontinuitySequence"] == 5


def test_a_timeline_from_zero_is_moved_to_its_epoch(strict: Strict) -> None:
    (read,) = strict([hls.media(*MEDIA["from zero"]).text])
    epoch = datetime.fromtimestamp(1_795_000_000, UTC)
    assert datetime.fromisoformat(read["segments"][0]["date"]) == epoch


@pytest.mark.parametrize(
    ("duration", "target"),
    [
        (Fraction(48, 25), 2),
        (Fraction(2002, 1000), 2),
        (Fraction(2), 2),
        (Fraction(1, 2), 1),
        (Fraction(1, 10), 1),
        (Fraction(6), 7),
        (Fraction(4), 5),
    ],
)
def test_the_target_covers_whatever_keeps_to_the_grid(duration: Fraction, target: int) -> None:
    assert hls.target_duration(duration) == target
    longest = duration * 9 / 8
    assert int(longest + Fraction(1, 2)) <= target


@pytest.mark.requirement("TIME-1b")
@given(
    timescale=st.sampled_from([1, 1000, 44_100, 48_000, 90_000, 90_001, 10_000_000]),
    start=st.integers(0, 2_000_000_000),
    offset=st.integers(0, 9_999_999),
    durations=st.lists(st.integers(1, 30_000_000), min_size=1, max_size=40),
    epoch=st.sampled_from([0, 1_795_000_000]),
)
def test_durations_add_up_and_dates_are_exact(
    timescale: int, start: int, offset: int, durations: list[int], epoch: int
) -> None:
    p, r, segments = playing(timescale, start * timescale + offset, durations, epoch)
    text = hls.media(p, r).text
    printed = [Fraction(Decimal(found)) for found in re.findall(r"#EXTINF:([\d.]+),", text)]
    dates = re.findall(r"DATE-TIME:(\S+)Z", text)
    tick, micro = Fraction(1, timescale), Fraction(1, 1_000_000)
    for first in range(len(segments)):
        exact = (segments[-1].end - segments[first].time) * tick
        assert abs(sum(printed[first:]) - exact) <= micro
        shown = datetime.fromisoformat(dates[first] + "+00:00")
        moment = Fraction(int(shown.timestamp() // 1)) + Fraction(shown.microsecond, 1_000_000)
        assert abs(moment - epoch - segments[first].time * tick) <= Fraction(1, 2000) + micro


@given(durations=st.lists(st.integers(1, 10_000_000), min_size=3, max_size=12))
def test_a_segment_reads_the_same_in_every_playlist(durations: list[int]) -> None:
    p, r, segments = playing(10_000_000, 12_345_678_901, durations, 0)
    whole = body(hls.media(p, r).text)
    later = body(hls.media(p, rendition(r.track, segments[1:])).text)
    earlier = body(hls.media(p, rendition(r.track, segments[:-1])).text)
    assert whole.endswith(later)
    assert whole.startswith(earlier)
    assert later
    assert earlier


def playing(
    timescale: int, start: int, durations: Sequence[int], epoch: int
) -> tuple[Presentation, Rendition, list[Segment]]:
    segments = []
    for index, duration in enumerate(durations):
        segments.append(Segment(0, index, start, duration, size=1))
        start += duration
    r = rendition(video(timescale=timescale), segments)
    return presentation(r, epoch=epoch), r, segments


def body(text: str) -> str:
    return text.split('.mp4"\n')[1]

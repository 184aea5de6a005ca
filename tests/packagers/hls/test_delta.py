"""Delta updates, as a client merges them (rfc8216bis 6.2.5.1, 6.3.7)."""

import re
from dataclasses import replace
from fractions import Fraction

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers import hls
from packagers.signals.daterange import Tag
from relay.presentation import Presentation, Rendition, Segment
from tests.packagers.presentations import DURATION, FIRST, presentation, regular, rendition, video
from tests.packagers.strict_hls import Strict

TRACK = video()
WIDER = replace(TRACK, width=1920, height=1080)
COUNT = 30
KEPT = 7
"""Segments of 1.92 s in six target durations, 12 s."""


def long(*marks: tuple[int, str], count: int = COUNT) -> tuple[Presentation, Rendition]:
    """A long window with a gap, a discontinuity or a new init segment at places in it."""
    segments = regular(TRACK, count=count)
    former = []
    for at, what in marks:
        old: Segment = segments[at]
        if what == "gap":
            segments[at] = replace(old, gap=True, size=0)
        else:
            segments[at] = replace(old, discontinuity=True)
        if what == "change":
            former.append((FIRST + at, replace(WIDER, height=1080 + at)))
    shown = replace(rendition(TRACK, segments), former=tuple(sorted(former, key=lambda f: f[0])))
    return replace(presentation(shown), window=Fraction(600)), shown


def parted(text: str) -> tuple[list[str], list[list[str]]]:
    """The lines before the first segment, and those of each segment, EXT-X-MAP made explicit."""
    head: list[str] = []
    segments: list[list[str]] = []
    held: list[str] = []
    init = ""
    for said in text.splitlines():
        tag = said.partition(":")[0]
        if tag == "#EXT-X-MAP":
            init = said
        elif tag in ("#EXT-X-DISCONTINUITY", "#EXT-X-GAP", "#EXTINF", "#EXT-X-PROGRAM-DATE-TIME"):
            held.append(said)
        elif said.startswith("#"):
            head.append(said)
        else:
            segments.append([init, *held, said])
            held = []
    return head, segments


MARKS = st.dictionaries(
    st.integers(0, COUNT - 1), st.sampled_from(["gap", "break", "change"]), max_size=8
)


@given(MARKS, st.integers(1, KEPT - 1))
def test_a_client_that_merges_has_the_whole(marks: dict[int, str], later: int) -> None:
    """Its last playlist ends `later` segments before: within half the skip boundary, or more."""
    shown, of = long(*marks.items())
    head, whole = parted(hls.media(shown, of).text)
    update, fresh = parted(hls.media(shown, of, skip="YES").text)
    (skip,) = (said for said in update if said.startswith("#EXT-X-SKIP"))
    skipped = int(skip.partition("=")[2])
    known = whole[: COUNT - later]
    assert [*known[:skipped], *fresh] == whole
    assert [said for said in update if said != skip and "VERSION" not in said] == [
        said for said in head if "VERSION" not in said
    ]
    assert "#EXT-X-VERSION:9" in update


def test_what_is_kept_reaches_the_skip_boundary() -> None:
    shown, of = long()
    text = hls.media(shown, of).text
    (until,) = re.findall(r"CAN-SKIP-UNTIL=([\d.]+)", text)
    assert "HOLD-BACK=6.0" in text
    _, fresh = parted(hls.media(shown, of, skip="YES").text)
    assert len(fresh) == KEPT
    assert (KEPT - 1) * 1.92 < float(until) == 12 <= KEPT * 1.92


@pytest.mark.parametrize(("window", "count"), [(120, COUNT), (600, KEPT), (600, 1)])
def test_where_it_is_not_offered_it_is_not_given(window: int, count: int) -> None:
    shown, of = long(count=count)
    shown = replace(shown, window=Fraction(window))
    text = hls.media(shown, of, skip="YES").text
    assert text == hls.media(shown, of).text
    assert "SKIP" not in text
    assert "SERVER-CONTROL" not in text


def test_the_init_segment_is_said_once_and_is_the_right_one() -> None:
    for at in range(COUNT):
        shown, of = long((at, "change"))
        text = hls.media(shown, of, skip="YES").text
        inits = re.findall(r"#EXT-X-MAP:.*", text)
        inside = at > COUNT - KEPT
        assert len(inits) == 1 + inside
        _, fresh = parted(text)
        _, whole = parted(hls.media(shown, of).text)
        assert fresh == whole[-KEPT:]


def test_strict_parsers_accept_every_form(strict: Strict) -> None:
    texts = []
    for marks in ((), ((3, "gap"),), ((25, "gap"), (26, "change")), ((3, "change"), (28, "break"))):
        shown, of = long(*marks)
        tags = [dated("a", FIRST, FIRST + 9), dated("b", FIRST + 28, FIRST + 99)]
        for skip in ("", "YES", "v2"):
            texts += [hls.media(shown, of, skip=skip).text]
            texts += [hls.media(shown, of, skip=skip, tags=tags).text]
    for text, read in zip(texts, strict(texts), strict=True):
        assert "error" not in read, f"{read}\n{text}"
        m3u8.M3U8(text, strict=True)
        assert read["control"]["canSkipUntil"] == 12
        assert read["control"]["holdBack"] == 6
        assert read["skip"] == (COUNT - KEPT if "EXT-X-SKIP" in text else 0)
        assert read["segments"][-1]["number"] == FIRST + COUNT - 1


def dated(name: str, since: int, until: int) -> Tag:
    """A range that came when `since` was the newest, and is over where `until` begins."""
    text = f'#EXT-X-DATERANGE:ID="{name}",START-DATE="2026-11-22T00:00:00.000Z",DURATION=5.0'
    return Tag(name, text, {TRACK.name: since}, until * DURATION)


RANGES = [
    dated("long gone", FIRST - 90, FIRST - KEPT - 1),
    dated("gone", FIRST - 90, FIRST - KEPT + 1),
    dated("gone", FIRST - 80, FIRST - KEPT + 1),
    dated("just gone", FIRST - 90, FIRST - 1),
    dated("old", FIRST - 90, FIRST),
    dated("known", FIRST, FIRST + COUNT - KEPT - 1),
    dated("new", FIRST + COUNT - KEPT, FIRST + COUNT + 5),
    dated("newest", FIRST + COUNT - 1, FIRST + COUNT + 5),
]


def names(text: str) -> list[str]:
    return re.findall(r'#EXT-X-DATERANGE:ID="(.*?)"', text)


def test_a_playlist_has_the_date_ranges_of_its_window() -> None:
    shown, of = long()
    for skip in ("", "YES"):
        text = hls.media(shown, of, skip=skip, tags=RANGES).text
        assert names(text) == ["old", "known", "new", "newest"]
        assert "CAN-SKIP-DATERANGES=YES" in text
        assert "RECENTLY" not in text


def test_a_delta_may_leave_out_date_ranges_too() -> None:
    shown, of = long()
    text = hls.media(shown, of, skip="v2", tags=RANGES).text
    assert names(text) == ["new", "newest"]
    assert 'RECENTLY-REMOVED-DATERANGES="gone\tjust gone"\n' in text
    assert "#EXT-X-VERSION:10\n" in text
    only_new = hls.media(shown, of, skip="v2", tags=RANGES[-2:]).text
    assert 'RECENTLY-REMOVED-DATERANGES=""\n' in only_new
    assert "#EXT-X-VERSION:9\n" in only_new


def test_the_version_is_what_the_tags_ask_for() -> None:
    for marks, skip, version in (
        ([], "", 6),
        ([(3, "break")], "", 6),
        ([(3, "gap")], "", 8),
        ([(3, "gap")], "YES", 9),
        ([], "YES", 9),
    ):
        text = hls.media(*long(*marks), skip=skip).text
        assert f"#EXT-X-VERSION:{version}\n" in text

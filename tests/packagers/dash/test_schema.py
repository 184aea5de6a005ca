"""Every kind of document keeps the schema's rules; and the rules find what breaks them."""

from dataclasses import replace

import pytest
from lxml import etree

from packagers import dash
from packagers.dash import Form
from relay.media import Track
from relay.presentation import Presentation, Rendition, Segment
from tests.packagers.dash.schema import complaints
from tests.packagers.presentations import (
    DURATION,
    FIRST,
    audio,
    presentation,
    regular,
    rendition,
    video,
)
from tests.packagers.smooth.tracks import markers

LADDER = presentation(
    rendition(video()),
    rendition(video(bitrate=500_000, width=640, height=360)),
    rendition(audio()),
    rendition(audio("audio_fra", language="fra")),
    rendition(audio("audio_eng_ad", language="eng")),
)
CHANGED = presentation(
    replace(
        rendition(video(), regular(video(), count=8)),
        former=((FIRST + 4, video(width=640)),),
    ),
    rendition(audio(), regular(audio(), count=8)),
)


def twice_as_long(track: Track) -> list[Segment]:
    """Fragments of twice D: each second number is a hole that lasts no time."""
    found = []
    each = iter(regular(track, count=8))
    for here, after in zip(each, each, strict=True):
        found += [
            replace(here, duration=after.end - here.time),
            replace(after, time=after.end, duration=0, size=0, gap=True),
        ]
    return found


ALL = {
    "ladder": LADDER,
    "changed": replace(CHANGED, breaks=(FIRST + 4,), changes=(FIRST + 4,)),
    "signals": presentation(rendition(video()), Rendition(markers())),
    "restarted": replace(
        presentation(rendition(video(), [*regular(video()), *regular(video(), FIRST + 5, run=1)])),
        epochs=(7,),
    ),
    "twice": presentation(*(rendition(t, twice_as_long(t)) for t in (video(), audio()))),
    "nothing": presentation(),
}


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("name", ALL)
def test_documents_are_valid(name: str, form: Form, static: bool) -> None:
    parts, _ = dash.document(ALL[name], form=form, static=static)
    assert complaints(b"".join(parts)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        (b' minBufferTime="PT1.920S"', b"", "MPD has no minBufferTime"),
        (b'"PT1.920S"', b'"1.92s"', "MPD@minimumUpdatePeriod is '1.92s'"),
        (b'bandwidth="2000000"', b'bandwidth="-1"', "Representation@bandwidth is '-1'"),
        (b'bandwidth="2000000"', b'bandwidth="5000000000"', "too large"),
        (b"startNumber", b"StartNumber", "SegmentTemplate@StartNumber is not known"),
        (b"<Label>", b"<Role/><Label>", "in AdaptationSet, Label stands behind Role"),
        (b"<SegmentTimeline>", b"<SegmentTimeline><X/>", "SegmentTimeline has a child X"),
        (b' r="4"/>', b' r="4"/><S t="5" d="1"/>', "an S begins at 5, before"),
        (b' r="4"/>', b' r="4"/><S d="0"/>', "lasts no time"),
        (b' id="p0"', b"", "in a dynamic MPD every Period wants an id"),
        (b'id="video-500000"', b'id="video-2000000"', "Representation ids repeat"),
        (b'publishTime="2026-11-18T11:06:40.250Z"', b"", "a dynamic MPD wants"),
    ],
)
def test_the_rules_find_what_is_wrong(right: bytes, wrong: bytes, complaint: str) -> None:
    whole = b"".join(dash.document(LADDER)[0])
    assert right in whole
    found = complaints(whole.replace(right, wrong))
    assert any(complaint in one for one in found), found


def test_a_hole_that_lasts_no_time_keeps_its_number() -> None:
    root = etree.fromstring(b"".join(dash.document(ALL["twice"])[0]))
    for template in root.iter("{*}SegmentTemplate"):
        rows = list(template.iter("{*}S"))
        assert sum(1 + int(s.get("r", "0")) for s in rows) == 8
        assert [s.get("d") for s in rows[1::2]] == ["1"] * 4
        first, _, second, *_ = (int(s.get("t", "")) for s in rows)
        assert second - first == 2 * DURATION * int(template.get("timescale", ""))


def publish(p: Presentation) -> bytes:
    return b"".join(dash.document(p, static=True)[0])


def test_what_is_over_says_how_long_it_was() -> None:
    mpd = publish(LADDER)
    assert b'type="static"' in mpd
    assert b'mediaPresentationDuration="PT9.600S"' in mpd
    for live in (b"availabilityStartTime", b"timeShiftBufferDepth", b"UTCTiming", b"Latency"):
        assert live not in mpd
    # Its times count from the first segment.
    begins = str(regular(video())[0].time).encode()
    assert b'<Period id="p0" start="PT0S">' in mpd
    assert b'presentationTimeOffset="' + begins + b'"' in mpd
    assert b'<S t="' + begins + b'"' in mpd


def test_the_periods_of_what_is_over_follow_each_other() -> None:
    mpd = publish(ALL["changed"])
    assert b'<Period id="p0" start="PT0S">' in mpd
    assert b'<Period id="p%d" start="PT7.680S">' % (FIRST + 4) in mpd
    assert b'mediaPresentationDuration="PT15.360S"' in mpd

"""Every kind of document keeps the schema's rules; and the rules find what breaks them."""

from dataclasses import replace

import pytest

from packagers import dash
from packagers.dash import Form
from relay.presentation import Presentation, Rendition
from tests.packagers.dash.schema import complaints
from tests.packagers.presentations import FIRST, audio, presentation, regular, rendition, video
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
ALL = {
    "ladder": LADDER,
    "changed": replace(CHANGED, breaks=(FIRST + 4,), changes=(FIRST + 4,)),
    "signals": presentation(rendition(video()), Rendition(markers())),
    "restarted": replace(
        presentation(rendition(video(), [*regular(video()), *regular(video(), FIRST + 5, run=1)])),
        epochs=(7,),
    ),
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

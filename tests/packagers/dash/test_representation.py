from dataclasses import replace
from fractions import Fraction

import pytest
from lxml import etree

from packagers import dash
from packagers.dash import Form
from relay.numbering import Grid
from relay.presentation import Presentation
from tests.packagers.presentations import (
    DURATION,
    FIRST,
    audio,
    presentation,
    regular,
    rendition,
    video,
)

NS = {"d": "urn:mpeg:dash:schema:mpd:2011"}


def templates(p: Presentation) -> list[dict[str, str]]:
    """The SegmentTemplates of the form by duration; a timeline is "timeline"."""
    root = etree.fromstring(b"".join(dash.document(p, form=Form.DURATION)[0]))
    found = root.xpath("//d:SegmentTemplate", namespaces=NS)
    assert isinstance(found, list)
    return [
        {str(k): str(v) for k, v in one.attrib.items()} | ({"timeline": ""} if len(one) else {})
        for one in found
        if isinstance(one, etree._Element)
    ]


def test_by_duration_a_number_is_a_cell() -> None:
    for template in templates(presentation(rendition(video()), rendition(audio()))):
        assert "timeline" not in template
        scale, lasts = int(template["timescale"]), int(template["duration"])
        assert Fraction(lasts, scale) == DURATION
        assert template["media"] == "$RepresentationID$/$Number$.m4s"
        # 5.3.9.5.3: segment N begins (N - startNumber) durations behind the Period's start, 1970.
        assert (FIRST - int(template["startNumber"])) * lasts == FIRST * DURATION * scale


def test_by_duration_a_programme_begins_when_it_can_have_come() -> None:
    root = etree.fromstring(
        b"".join(dash.document(presentation(rendition(video())), form=Form.DURATION)[0])
    )
    assert root.get("availabilityStartTime") == "1970-01-01T00:00:01.920Z"


def test_a_grid_with_base_phase_and_epoch_keeps_numbers_and_times() -> None:
    grid = Grid(DURATION, phase=Fraction(1, 2), base=1)
    scale = 90_000
    segments = [
        replace(s, time=s.time - int(DURATION * scale) + scale // 2) for s in regular(video())
    ]
    shown = replace(presentation(rendition(video(), segments), epoch=100), grid=grid)
    (template,) = templates(shown)
    assert template["startNumber"] == "1"
    offset = int(template["presentationTimeOffset"])
    first = (FIRST - 1) * int(template["duration"]) + offset
    assert first == segments[0].time + 100 * scale


@pytest.mark.parametrize("offset", [Fraction(-49, 100), Fraction(49, 100)])
def test_a_cut_within_half_a_segment_is_regular(offset: Fraction) -> None:
    moved = [replace(s, time=s.time + int(offset * s.duration)) for s in regular(audio())]
    (template,) = templates(presentation(rendition(audio(), moved)))
    assert "timeline" not in template


def test_what_does_not_keep_to_the_grid_has_its_timeline() -> None:
    off = [replace(s, time=s.time + s.duration * 51 // 100) for s in regular(video())]
    (template,) = templates(presentation(rendition(video(), off)))
    assert "timeline" in template
    assert "duration" not in template


def test_ticks_that_do_not_hold_a_cell_need_a_timeline() -> None:
    grid = Grid(Fraction(2002, 1000))
    odd = audio(timescale=44_100)
    cells = [replace(s, time=round(s.index * grid.D * 44_100)) for s in regular(odd)]
    (template,) = templates(replace(presentation(rendition(odd, cells)), grid=grid))
    assert "timeline" in template


def test_another_run_needs_a_timeline() -> None:
    again = [*regular(video()), *regular(video(), FIRST + 5, run=1)]
    (template,) = templates(replace(presentation(rendition(video(), again)), epochs=(5,)))
    assert "timeline" in template

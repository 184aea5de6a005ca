"""A Representation: one track in one Period, and how its segments are addressed (5.3.9).

By number or by time, its SegmentTimeline tells each segment's time and duration. By duration, one
number does: where D is a whole number of ticks and the segments keep to the grid, segment N of a
track lies in cell N, and what an encoder cut a little early or late is within what 7.2.1 allows,
half a segment. A track of another run counts from elsewhere, so it has its timeline there too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from lxml import etree

from packagers import cmaf, document
from packagers.dash.element import add
from packagers.resource import codecs
from packagers.timeline import Row, Timeline
from relay.media import Kind
from relay.numbering import Grid
from relay.presentation import Presentation, Rendition, Segment

_CHANNELS = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
_LAYOUT = {7: "11", 8: "12"}
"""ChannelConfiguration (ISO/IEC 23001-8) where it is not the number of channels: 6.1 and 7.1."""


class Form(Enum):
    """How a document addresses segments."""

    NUMBER = "$Number$, SegmentTimeline"
    TIME = "$Time$, SegmentTimeline"
    DURATION = "$Number$, @duration"


@dataclass(frozen=True, slots=True)
class Part:
    """What of a rendition a Period shows: `segments[start:stop]`, not empty, of one configuration.

    rows   their rows, brought up to date;  number  the place of their text in the document
    """

    rendition: Rendition
    segments: Sequence[Segment]
    start: int
    stop: int
    rows: Timeline
    number: int

    @property
    def first(self) -> Segment:
        return self.segments[self.start]

    @property
    def last(self) -> Segment:
        return self.segments[self.stop - 1]


def rows(timescale: int) -> Timeline:
    """Rows as S elements. Each says its time, past which no error of adding up goes."""
    return Timeline(timescale, _s, shown=True)


def regular(part: Part, grid: Grid) -> bool:
    """Its segments can be addressed by @duration."""
    scale = part.rendition.track.timescale
    if part.last.run or (grid.D * scale).denominator != 1:
        return False
    return all(
        abs(segment.time - grid.start(segment.index, scale)) * 2 < grid.D * scale
        for segment in (part.first, part.last)
    )


def representation(
    parent: etree._Element, part: Part, presentation: Presentation, begins: Fraction, form: Form
) -> None:
    """Add it. `begins`: UTC seconds of the Period's start, at which the cell of an index begins."""
    grid = presentation.grid
    of = part.rendition
    track, rate = of.track, of.frame_rate
    video = track.key.kind is Kind.VIDEO
    element = add(
        parent,
        "Representation",
        {
            "id": of.name,
            "bandwidth": str(max(1, of.bandwidth)),
            "codecs": codecs(of),
            "width": str(track.width or "") if video else "",
            "height": str(track.height or "") if video else "",
            "frameRate": str(rate or ""),
            "audioSamplingRate": str(track.sampling_rate or ""),
        },
    )
    if track.channels:
        value = _LAYOUT.get(track.channels, str(track.channels))
        said = {"schemeIdUri": _CHANNELS, "value": value}
        add(element, "AudioChannelConfiguration", said)
    by_duration = form is Form.DURATION and regular(part, grid)
    offset = round(begins * track.timescale)
    number = part.first.index
    if by_duration:
        number = round((begins - presentation.epoch - grid.phase) / grid.D) + grid.base
    template = add(
        element,
        "SegmentTemplate",
        {
            "timescale": str(track.timescale),
            "media": f"$RepresentationID$/{'t$Time$' if form is Form.TIME else '$Number$'}.m4s",
            "initialization": f"$RepresentationID$/{cmaf.init_name(track)}",
            "duration": str(grid.D * track.timescale) if by_duration else "",
            "startNumber": str(number),
            "presentationTimeOffset": str(offset or ""),
        },
    )
    if not by_duration:
        document.place(add(template, "SegmentTimeline", {}), part.number)


def _s(row: Row, _first: bool) -> str:
    repeats = f' r="{row.count - 1}"' if row.count > 1 else ""
    return f'<S t="{row.time}" d="{row.duration}"{repeats}/>'

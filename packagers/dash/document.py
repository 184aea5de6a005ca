"""The MPD itself (5.3.1): what holds for all of it, and its Periods in order.

Live it is dynamic. A programme that is over is static: its times count from its first segment, and
it says how long it is. Where nothing leaves the window they count from there while it is dynamic,
too: who plays it when it ends plays on at the same times. By @duration players know from the clock
alone what there is, so there the programme is said to begin a fragment later than it does: by then
an encoder has sent it.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import count

from lxml import etree

from packagers import document as text
from packagers.dash.adaptation_set import playing
from packagers.dash.element import NAMESPACE, add, date, duration
from packagers.dash.period import begins, parts, period, spans
from packagers.dash.representation import Form, Part, rows
from packagers.signals.signal import Signal
from packagers.timeline import Timeline
from relay.presentation import Presentation, Rendition

MEDIA_TYPE = "application/dash+xml"
_PROFILES = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"
_BEHIND = 3
"""Fragments that players stay behind the live edge."""


class Timelines:
    """The rows of one channel's MPDs, kept from one to the next."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, int], Timeline] = {}
        self._used: dict[tuple[str, int, int], Timeline] = {}

    def of(self, rendition: Rendition, start: int) -> Timeline:
        """Those of a rendition in the Period that starts at an index, as they were last."""
        scale = rendition.track.timescale
        key = (rendition.name, start, scale)
        found = self._used[key] = self._kept.get(key) or rows(scale)
        return found

    def forget(self) -> None:
        """Drop those that were not asked for since the last time."""
        self._kept, self._used = self._used, {}


def mpd(
    presentation: Presentation, signals: Sequence[Signal] = (), *, by_time: bool = False
) -> bytes:
    """The live MPD, UTF-8. `by_time`: segments are addressed by $Time$, else by $Number$."""
    form = Form.TIME if by_time else Form.NUMBER
    return b"".join(document(presentation, signals, form=form)[0])


def document(
    presentation: Presentation,
    signals: Sequence[Signal] = (),
    *,
    form: Form = Form.NUMBER,
    static: bool = False,
    timelines: Timelines | None = None,
) -> tuple[list[bytes], bytes]:
    """An MPD in parts, UTF-8, and what tells it from any other.

    static      the programme is over: all of it is there, and nothing more will come
    signals     what is signalled, merged
    timelines   of this channel, from its last MPD of any form
    """
    kept = timelines if timelines is not None else Timelines()
    shown = playing(presentation)
    numbers = count()
    found = [
        (span, parts(presentation, shown, span, kept.of, lambda: next(numbers)))
        for span in spans(presentation, shown)
    ]
    kept.forget()
    several = [part for _, listed in found for part in listed]
    form = Form.NUMBER if static and form is Form.DURATION else form
    counted = static or (presentation.whole and form is not Form.DURATION)
    first = min((_edges(p, presentation)[0] for p in several), default=Fraction(0))
    origin = first if counted else None
    root = _root(presentation, several, origin, form, static=static)
    for at, (span, listed) in enumerate(found):
        begin = _begin(presentation, shown, span[0], origin, form)
        after = found[at + 1][0][0] if at + 1 < len(found) else None
        period(
            root,
            presentation,
            listed,
            name=f"p{span[0]}",
            begin=begin,
            start=begin - (origin or 0),
            end=begins(presentation, shown, after) if after is not None else None,
            form=form,
            signals=signals,
        )
    if not static:
        clock = {"schemeIdUri": "urn:mpeg:dash:utc:http-xsdate:2014", "value": "time"}
        add(root, "UTCTiming", clock)
    return text.filled(root, {p.number: p.rows.written() for p in several})


def _begin(
    presentation: Presentation,
    shown: Sequence[Rendition],
    start: int,
    origin: Fraction | None,
    form: Form,
) -> Fraction:
    """UTC seconds at which a Period begins. `origin`: from where times count, None: 1970."""
    if not start and origin is not None:
        return origin
    if not start and form is Form.DURATION:  # where a cell begins
        return presentation.grid.phase + presentation.epoch
    begin = begins(presentation, shown, start)
    return begin if origin is None else max(begin, origin)  # what it began with may be gone


def _edges(part: Part, presentation: Presentation) -> tuple[Fraction, Fraction]:
    """UTC seconds at which it begins and ends."""
    seconds, epoch_of = part.rendition.seconds, presentation.epoch_of
    first, last = part.first, part.last
    return seconds(first.time) + epoch_of(first.run), seconds(last.end) + epoch_of(last.run)


def _root(
    presentation: Presentation,
    several: Sequence[Part],
    origin: Fraction | None,
    form: Form,
    *,
    static: bool,
) -> etree._Element:
    begin = origin or Fraction(0)
    cell = presentation.grid.D
    # Of this MPD and all its updates (5.3.1.2), so not of what happens to be listed: see hls.
    longest = max([cell * 9 / 8, *(p.rendition.seconds(p.rows.longest) for p in several)])
    said = {"profiles": _PROFILES, "type": "static" if static else "dynamic"}
    if static:
        end = max((_edges(p, presentation)[1] for p in several), default=begin)
        said |= {"mediaPresentationDuration": duration(end - begin)}
    else:
        said |= {
            "availabilityStartTime": date(cell if form is Form.DURATION else begin),
            "publishTime": date(presentation.updated),
            "minimumUpdatePeriod": duration(cell),
            "timeShiftBufferDepth": duration(presentation.window),
            "suggestedPresentationDelay": duration(_BEHIND * cell),
        }
    said |= {"minBufferTime": duration(cell), "maxSegmentDuration": duration(longest)}
    root = etree.Element(f"{{{NAMESPACE}}}MPD", said, nsmap={None: NAMESPACE})
    if not static:
        service = add(root, "ServiceDescription", {"id": "0"})
        add(service, "Latency", {"target": str(round(_BEHIND * cell * 1000))})
    return root

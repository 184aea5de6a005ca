"""What is signalled, in DASH: EventStream in the MPD (ISO/IEC 23009-1 5.10.2), emsg in segments.

In the MPD a cue is an Event of `urn:scte:scte35:2014:xml+bin` (ANSI/SCTE 214-1 6.7.4), the section
in base64 in a Signal; `value` is the trackName, times are ticks of the sparse track. It stands in
the Period in which its moment lies, once; what is ahead stands in the last one.

In segments it is an emsg of version 1 (5.10.3.3) of `urn:scte:scte35:2013:bin`, in video and audio
alike, each in its own ticks as CMAF wants it (ISO/IEC 23000-19 7.4.5). It is repeated in each
segment that begins up to 15 s ahead of the moment, or in whose time the moment lies; one that is
seen after its moment is told by the next segment.

Published bytes never change, and an event may come late. So a segment carries what had become
visible before it got its place, which the presentation remembers (`since`), and nothing that came
later; the MPD has that. Where in the stored order an event lies decides it, so a restart comes to
the same bytes. Another site, whose store took them in another order, may carry an event from
another segment on: validators differ then, as with another winning copy. What was announced more
than a minute before a segment is left to the MPD: events are kept that much longer than segments
(`relay.sparse`), and no bytes change when one is forgotten.

`id` is the same in both, and not the message's own, which is in the message: the "in" has that of
its "out", and equal ids in one scheme are one event to players (5.10.2.1).
"""

from base64 import b64encode
from collections.abc import Iterable
from fractions import Fraction

from lxml import etree

from packagers.signals.signal import Signal, merged
from relay.media import Copy
from relay.mp4.write import box
from relay.presentation import Presentation, Rendition, Segment
from relay.sparse import NOTICE

NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
IN_MPD = "urn:scte:scte35:2014:xml+bin"
IN_BAND = "urn:scte:scte35:2013:bin"
SCTE35 = "http://www.scte.org/schemas/35/2016"
AHEAD = 15
"""Seconds before its moment from which on segments tell of an event."""
UNKNOWN = 0xFFFFFFFF
"""event_duration when it is not known, or too long for its field."""


def event_streams(
    signals: Iterable[Signal], presentation: Presentation, begins: Fraction, ends: Fraction | None
) -> list[etree._Element]:
    """The EventStreams of a Period that begins and ends (None: it is the last) at UTC seconds.

    `signals`: merged. What was over before the first segment that is listed is not listed. They
    come first in a Period, after BaseURL and AssetIdentifier, before any AdaptationSet (5.3.2.2).
    """
    scales = {
        r.track.key.name: r.track.timescale for r in presentation.renditions if r.track.parent
    }
    oldest = min(
        (_begins(presentation, r) for r in presentation.renditions if r.segments), default=0
    )
    streams: dict[str, etree._Element] = {}
    for signal in signals:
        if signal.splice is None or signal.begins < begins:
            continue
        if ends is not None and signal.begins >= ends:
            continue
        if signal.begins + (signal.duration or 0) < oldest or signal.track not in scales:
            continue
        scale = scales[signal.track]
        if signal.track not in streams:
            told = {"schemeIdUri": IN_MPD, "value": signal.track, "timescale": str(scale)}
            streams[signal.track] = etree.Element(f"{{{NAMESPACE}}}EventStream", told)
        # Of the offset too, which is rounded, so that ticks stay what they are in the media.
        time = round(signal.begins * scale) - round(begins * scale)
        lasts = {} if signal.duration is None else {"duration": str(round(signal.duration * scale))}
        told = {"presentationTime": str(time), **lasts, "id": str(signal.key)}
        event = etree.SubElement(streams[signal.track], f"{{{NAMESPACE}}}Event", told)
        cue = etree.SubElement(event, f"{{{SCTE35}}}Signal", nsmap={"scte35": SCTE35})
        binary = etree.SubElement(cue, f"{{{SCTE35}}}Binary")
        binary.text = b64encode(signal.splice.section).decode()
    return [streams[name] for name in sorted(streams)]


def _begins(presentation: Presentation, rendition: Rendition) -> Fraction:
    first = rendition.segments[0]
    return rendition.seconds(first.time) + presentation.epoch_of(first.run)


def inband_streams(presentation: Presentation) -> list[etree._Element]:
    """The InbandEventStreams of each AdaptationSet: one for each sparse track that is registered.

    They stand behind ContentProtection and the properties, before Role (5.3.7.2, 5.3.3.2).
    """
    names = {r.track.key.name for r in presentation.renditions if r.track.parent}
    return [
        etree.Element(f"{{{NAMESPACE}}}InbandEventStream", {"schemeIdUri": IN_BAND, "value": name})
        for name in sorted(names)
    ]


def carried(
    signals: Iterable[Signal], rendition: Rendition, segment: Segment | Copy, epoch: int
) -> tuple[Signal, ...]:
    """What a segment tells of, merged, of all that was heard. `epoch`: that of its run."""
    begins = rendition.seconds(segment.time) + epoch
    ends = rendition.seconds(segment.end) + epoch
    latest = max(ends, begins + AHEAD)
    found = []
    for signal in signals:
        since = signal.seen.get(rendition.name, -1)
        near = begins <= signal.begins < latest or (
            signal.begins < begins and since + 1 == segment.index
        )
        if near and since < segment.index and signal.arrived >= begins - NOTICE:
            found.append(signal)
    return merged(found)


def emsg(signal: Signal, timescale: int) -> bytes:
    """The box in which a segment of a track with this timescale tells of a cue."""
    message = signal.splice.section if signal.splice is not None else signal.message
    lasts = UNKNOWN if signal.duration is None else round(signal.duration * timescale)
    return box(
        "emsg",
        b"\1\0\0\0",
        timescale.to_bytes(4, "big"),
        round(signal.begins * timescale).to_bytes(8, "big"),
        min(lasts, UNKNOWN).to_bytes(4, "big"),
        signal.key.to_bytes(4, "big"),
        IN_BAND.encode() + b"\0",
        signal.track.encode() + b"\0",
        message,
    )

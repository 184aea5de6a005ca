"""The client manifest of a Smooth presentation ([MS-SSTR] 2.2.2).

    SmoothStreamingMedia  IsLive DVRWindowLength LookAheadFragmentCount
    ├── StreamIndex       per stream: Type Name TimeScale Chunks QualityLevels Url
    │   ├── QualityLevel  Index Bitrate FourCC CodecPrivateData
    │   └── c             t where it does not follow from what is before, d, r
    └── StreamIndex       per stream of events: ParentStreamIndex ManifestOutput
        └── c t d         f: the event, in base64

The version is 2.2, whose `r` says how many equal fragments follow each other; a day's list is a few
lines then. The look-ahead is called what servers and players call it; 2.2.2.1 says LookaheadCount.

`t` is the decode time of a fragment's first sample, in ticks of the track since 1970, and the same
number as the $Time$ of DASH. Players put the first sample there (dash.js makes a tfdt of it), so it
is what keeps sound and picture together; the tfxd of an encoder, which is the presentation time of
that sample, would not. At 10 MHz it is beyond the integers of JavaScript since 1998: dash.js keeps
the digits of those that it reads here, and rounds those that it learns from fragments to the
nearest two or four, so what it asks for may be off by as many, and is served all the same.

What has ended is a presentation on demand: no IsLive, and a Duration from the first fragment to the
last. Its times stay what they were live, and so do its URLs; players count from the least of them.
dash.js 5.2 compares them as numbers, so there it plays only what has one timescale, as 10 MHz has.

What is missing is listed like the rest: players skip what holds nothing, and stop where nothing
is listed (`packagers.dash`).
"""

import base64
from collections.abc import Mapping
from fractions import Fraction

from lxml import etree

from packagers import document
from packagers.resource import language
from packagers.smooth.streams import LOOK_AHEAD, Quality, Sparse, Stream
from packagers.timeline import Row, Timeline
from relay.media import Kind
from relay.presentation import Presentation

MEDIA_TYPE = "text/xml"
TICKS = 10_000_000
"""The default TimeScale, of the document's own times (2.2.2.1)."""

_TYPES = {Kind.VIDEO: "video", Kind.AUDIO: "audio", Kind.TEXT: "text"}
_BITS = 16

Events = Mapping[str, list[tuple[int, int, bytes]]]
"""By the track's name: time and duration in its ticks, since 1970, and content of each event."""


def timeline(timescale: int) -> Timeline:
    """Rows as `c` elements."""
    return Timeline(timescale, _c)


def manifest(
    presentation: Presentation,
    media: list[Stream],
    signals: list[Sparse],
    events: Events,
    timelines: Mapping[str, Timeline],
) -> tuple[list[bytes], bytes]:
    """The document in parts, and what tells it from any other.

    `timelines`: by the stream's name, brought up to date.
    """
    said = {"MajorVersion": "2", "MinorVersion": "2", "TimeScale": str(TICKS)}
    said |= _over(presentation, media) if presentation.ended else _live(presentation)
    root = etree.Element("SmoothStreamingMedia", said)
    for number, stream in enumerate(media):
        element = _stream(root, stream, timelines[stream.name].lasting)
        for index, quality in enumerate(stream.qualities):
            _quality(element, index, quality)
        document.place(element, number)
    for signal in signals:
        _signal(root, signal, events.get(signal.track.name, []))
    kept = (timelines[stream.name] for stream in media)
    return document.filled(root, {number: rows.written() for number, rows in enumerate(kept)})


def _live(presentation: Presentation) -> dict[str, str]:
    return {
        "Duration": "0",
        "IsLive": "TRUE",
        "LookAheadFragmentCount": str(LOOK_AHEAD),
        "DVRWindowLength": str(int(presentation.window * TICKS)),
    }


def _over(presentation: Presentation, media: list[Stream]) -> dict[str, str]:
    begins, ends = [], []
    for stream in media:
        first, last = stream.segments[stream.start], stream.segments[stream.stop - 1]
        scale = stream.track.timescale
        begins.append(Fraction(first.time, scale) + presentation.epoch_of(first.run))
        ends.append(Fraction(last.end, scale) + presentation.epoch_of(last.run))
    lasts = max(ends) - min(begins) if media else 0
    return {"Duration": str(round(lasts * TICKS))}


def _stream(root: etree._Element, stream: Stream, chunks: int) -> etree._Element:
    sizes = [(q.rendition.track.width, q.rendition.track.height) for q in stream.qualities]
    said = {
        "Type": _TYPES[stream.kind],
        "Name": stream.name,
        "Subtype": "CAPT" if stream.kind is Kind.TEXT else "",
        "Language": language(stream.qualities[0].rendition),
        "TimeScale": str(stream.track.timescale),
        "Chunks": str(chunks),
        "QualityLevels": str(len(stream.qualities)),
    }
    if stream.kind is Kind.VIDEO:
        width, height = map(max, zip(*sizes, strict=True))
        said |= {"MaxWidth": str(width), "MaxHeight": str(height)}
        said |= {"DisplayWidth": str(width), "DisplayHeight": str(height)}
    return _add(root, "StreamIndex", said | {"Url": _url(stream.name)})


def _quality(parent: etree._Element, index: int, quality: Quality) -> None:
    track, coding = quality.rendition.track, quality.coding
    said = {
        "Index": str(index),
        "Bitrate": str(quality.bitrate),
        "FourCC": coding.four_cc,
    }
    if track.key.kind is Kind.VIDEO:
        said |= {"MaxWidth": str(track.width), "MaxHeight": str(track.height)}
        said |= {"NALUnitLengthField": str(coding.length) if coding.length != 4 else ""}
    elif track.key.kind is Kind.AUDIO:
        said |= {"SamplingRate": str(track.sampling_rate), "Channels": str(track.channels)}
        # 2.2.2.5 wants them; of what is compressed they are the size of a decoded sample.
        said |= {"BitsPerSample": str(_BITS), "PacketSize": str(track.channels * _BITS // 8)}
        said |= {"AudioTag": str(coding.tag)}
    element = _add(parent, "QualityLevel", said)
    element.set("CodecPrivateData", coding.private.hex().upper())


def _signal(root: etree._Element, signal: Sparse, events: list[tuple[int, int, bytes]]) -> None:
    element = _add(
        root,
        "StreamIndex",
        {
            "Type": "text",
            "Name": signal.name,
            "Subtype": "DATA",
            "TimeScale": str(signal.track.timescale),
            "Chunks": str(len(events)),
            "QualityLevels": "1",
            "ParentStreamIndex": signal.parent,
            "ManifestOutput": "TRUE",
            "Url": _url(signal.name),
        },
    )
    _add(element, "QualityLevel", {"Index": "0", "Bitrate": "0", "FourCC": "DATA"})
    for time, duration, content in events:
        entry = _add(element, "c", {"t": str(time), "d": str(duration)})
        _add(entry, "f", {"i": "0"}).text = base64.b64encode(content).decode()


def _url(name: str) -> str:
    return f"QualityLevels({{bitrate}})/Fragments({name}={{start time}})"


def _c(row: Row, first: bool) -> str:
    if not row.duration:  # a hole between two that join: dash.js reads nothing behind it
        return ""
    begins = f' t="{row.time}"' if first or not row.joins else ""
    repeats = f' r="{row.count}"' if row.count > 1 else ""
    return f'<c{begins} d="{row.duration}"{repeats}/>'


def _add(parent: etree._Element, name: str, attributes: Mapping[str, str]) -> etree._Element:
    """A child with those of the attributes that have a value."""
    return etree.SubElement(parent, name, {k: v for k, v in attributes.items() if v})

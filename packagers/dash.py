"""DASH (ISO/IEC 23009-1, 5th edition): the live MPD, a pure function of the presentation.

    MPD
    ├── Period id="p0"                      and one from each changed configuration on
    │   └── AdaptationSet                   video by codec; audio by name, language and codec
    │       └── Representation              id = the track's name
    │           └── SegmentTemplate         media, initialization, startNumber = first index
    │               └── SegmentTimeline     S t d r
    └── UTCTiming                           the relay's own clock

availabilityStartTime is 1970 and so is the first Period's start: every time is UTC in ticks, equal
in every data centre, and nothing is negative. Where an encoder's settings changed, a Period begins,
named after its first index, since a Representation has one init segment; its presentationTimeOffset
keeps the ticks what they are. A template per Representation, because the names of
initialization segments differ and so may the timelines: one quality may be a segment ahead.

A clock that was restarted begins a new run, whose epoch makes its times rise above the last: so it
goes on in the same Period. The last segment of the old run is said to last until the new one, for
dash.js 5.2 asks for nothing more, and without an error, at a time that no S covers; nor when a new
Period takes the place of the one that it plays.

A hole keeps its S: players number segments by counting entries from startNumber (5.3.9.6.1), so a
hole that is left out would shift all that follow. And it can be fetched, as a fragment without
samples (`hole`): dash.js 5.2 and shaka 5.2 jump over that and play on, but a 404 for what the
timeline lists ends the one's playback for good and keeps the other asking. No player that was
tried knows FailoverContent, the standard's own word for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise

from lxml import etree

from packagers import cmaf, event_stream
from packagers.resource import codecs, language, line
from packagers.signals import Signal
from relay.media import Kind, SampleDefaults, Track
from relay.mp4.grammar import MFHD, TFDT
from relay.mp4.write import box, described, tfhd
from relay.numbering import INDEX_LIMIT
from relay.presentation import Presentation, Rendition, Segment, Window

MEDIA_TYPE = "application/dash+xml"

_NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
_PROFILES = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"
_BY_NUMBER = "$RepresentationID$/$Number$.m4s"
_BY_TIME = "$RepresentationID$/t$Time$.m4s"
_CHANNELS = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
_LAYOUT = {7: "11", 8: "12"}
"""ChannelConfiguration (ISO/IEC 23001-8) where it is not the number of channels: 6.1 and 7.1."""

_DEFAULT_BASE_IS_MOOF = 0x020000

Attributes = dict[str, str]


def mpd(
    presentation: Presentation, signals: Sequence[Signal] = (), *, by_time: bool = False
) -> bytes:
    """The MPD, UTF-8. `by_time`: segments are addressed by $Time$, else by $Number$.

    `signals`: merged.
    """
    cell = presentation.grid.D
    playing = [*presentation.of(Kind.VIDEO), *presentation.of(Kind.AUDIO)]
    # Of this MPD and all its updates (5.3.1.2), so not of what happens to be listed: see hls.
    listed = [r.seconds(max(s.duration for s in line(r))) for r in playing]
    longest = max([cell * 9 / 8, *listed])
    root = etree.Element(
        f"{{{_NAMESPACE}}}MPD",
        {
            "profiles": _PROFILES,
            "type": "dynamic",
            "availabilityStartTime": "1970-01-01T00:00:00Z",
            "publishTime": _date(presentation.updated),
            "minimumUpdatePeriod": _duration(cell),
            "minBufferTime": _duration(cell),
            "timeShiftBufferDepth": _duration(presentation.window),
            "suggestedPresentationDelay": _duration(3 * cell),
            "maxSegmentDuration": _duration(longest),
        },
        nsmap={None: _NAMESPACE},
    )
    for start, stop in _spans(presentation, playing):
        _period(root, presentation, playing, start, stop, signals=signals, by_time=by_time)
    clock = {"schemeIdUri": "urn:mpeg:dash:utc:http-xsdate:2014", "value": "time"}
    _add(root, "UTCTiming", clock)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _spans(presentation: Presentation, playing: Sequence[Rendition]) -> list[tuple[int, int]]:
    """[start, stop) in indexes of each Period that has a segment; the first starts at 0."""
    starts = [0, *presentation.changes, INDEX_LIMIT]
    indexes = [segment.index for r in playing for segment in (line(r)[0], line(r)[-1])]
    first, last = min(indexes, default=0), max(indexes, default=0)
    return [at for at in pairwise(starts) if at[1] > first and at[0] <= last]


def _begins(presentation: Presentation, playing: Sequence[Rendition], start: int) -> Fraction:
    """UTC seconds at which the cell of an index begins; a segment near it tells its run."""
    if not start:
        return Fraction(0)
    grid = presentation.grid
    several = [(r.track.timescale, s) for r in playing for s in line(r) if s.index >= start]
    timescale, near = min(several, key=lambda found: found[1].index)
    offset = near.index - grid.index(near.time, near.duration, timescale)
    cell = start - offset - grid.base
    return cell * grid.D + grid.phase + presentation.epoch_of(near.run)


def _period(
    root: etree._Element,
    presentation: Presentation,
    playing: Sequence[Rendition],
    start: int,
    stop: int,
    *,
    signals: Sequence[Signal],
    by_time: bool,
) -> None:
    begins = _begins(presentation, playing, start)
    period = _add(root, "Period", {"id": f"p{start}", "start": _duration(begins)})
    # A change may be known before the first segment that it holds for.
    reached = any(line(rendition)[-1].index >= stop for rendition in playing)
    ends = _begins(presentation, playing, stop) if reached else None
    period.extend(event_stream.event_streams(signals, presentation, begins, ends))
    sets: dict[tuple[str, ...], list[Rendition]] = {}
    for rendition in playing:
        segments = [s for s in line(rendition) if start <= s.index < stop]
        if len(segments) == len(rendition.segments) and not rendition.former:
            sets.setdefault(_family(rendition), []).append(rendition)
        elif segments:
            track = rendition.track_at(segments[0].index)
            shown = replace(rendition, track=track, segments=Window(segments), former=())
            sets.setdefault(_family(shown), []).append(shown)
    first: set[Kind] = set()
    for family in sorted(sets):
        kind = sets[family][0].track.key.kind
        chosen = _adaptation_set(period, sets[family][0], presentation, main=kind not in first)
        first.add(kind)
        for rendition in sets[family]:
            _representation(chosen, rendition, presentation.epoch_of, begins, by_time=by_time)


def hole(track: Track, gap: Segment, epoch: int) -> bytes:
    """What is fetched for a gap: a movie fragment at its time that holds nothing (6.3.4.2)."""
    time = max(0, gap.time + epoch * track.timescale)
    traf = box(
        "traf",
        tfhd(cmaf.TRACK_ID, SampleDefaults(), _DEFAULT_BASE_IS_MOOF),
        described("tfdt", TFDT, version=1, base_media_decode_time=time),
    )
    order = described("mfhd", MFHD, sequence_number=gap.index & 0xFFFFFFFF)
    return box("moof", order, traf) + box("mdat")


def _family(rendition: Rendition) -> tuple[str, ...]:
    """What an AdaptationSet has in common. Sorted, video comes first."""
    key, codec = rendition.track.key, codecs(rendition).split(".")[0]
    if key.kind is Kind.VIDEO:
        return ("0", codec)
    return ("1", key.name, key.language, codec, str(rendition.track.channels))


def _adaptation_set(
    period: etree._Element, of: Rendition, presentation: Presentation, *, main: bool
) -> etree._Element:
    kind = of.track.key.kind
    chosen = _add(
        period,
        "AdaptationSet",
        {
            "contentType": kind.value,
            "mimeType": f"{kind.value}/mp4",
            "lang": language(of),
            "segmentAlignment": "true",
            "startWithSAP": "1",
        },
    )
    chosen.extend(event_stream.inband_streams(presentation))
    role = {"schemeIdUri": "urn:mpeg:dash:role:2011", "value": "main" if main else "alternate"}
    _add(chosen, "Role", role)
    return chosen


def _representation(
    chosen: etree._Element,
    of: Rendition,
    epoch_of: Callable[[int], int],
    begins: Fraction,
    *,
    by_time: bool,
) -> None:
    track, rate, segments = of.track, of.frame_rate, line(of)
    representation = _add(
        chosen,
        "Representation",
        {
            "id": of.name,
            "bandwidth": str(max(1, of.bandwidth)),
            "codecs": codecs(of),
            "width": str(track.width or ""),
            "height": str(track.height or ""),
            "frameRate": str(rate or ""),
            "audioSamplingRate": str(track.sampling_rate or ""),
        },
    )
    if track.channels:
        value = _LAYOUT.get(track.channels, str(track.channels))
        _add(
            representation, "AudioChannelConfiguration", {"schemeIdUri": _CHANNELS, "value": value}
        )
    template = _add(
        representation,
        "SegmentTemplate",
        {
            "timescale": str(track.timescale),
            "media": _BY_TIME if by_time else _BY_NUMBER,
            "initialization": f"$RepresentationID$/{cmaf.init_name(track)}",
            "startNumber": str(segments[0].index),
            "presentationTimeOffset": str(round(begins * track.timescale) or ""),
        },
    )
    timeline = _add(template, "SegmentTimeline", {})
    for time, duration, count in _entries(segments, track.timescale, epoch_of):
        # Nothing is before 1970; cmaf puts the media there too.
        entry = {"t": str(max(0, time)), "d": str(duration)}
        _add(timeline, "S", entry | ({"r": str(count - 1)} if count > 1 else {}))


def _entries(
    segments: Sequence[Segment], timescale: int, epoch_of: Callable[[int], int]
) -> list[tuple[int, int, int]]:
    """Time and duration in ticks, and count, of each S: all of equal length that join (5.3.9.6.2).

    Where another run begins, the last of the old one is said to last until then.
    """
    entries: list[tuple[int, int, int]] = []
    for at, segment in enumerate(segments):
        time = segment.time + epoch_of(segment.run) * timescale
        duration = segment.duration
        after = segments[at + 1] if at + 1 < len(segments) else segment
        if after.run != segment.run:
            duration = max(1, after.time + epoch_of(after.run) * timescale - time)
        if entries:
            begin, length, count = entries[-1]
            if length == duration and begin + length * count == time:
                entries[-1] = begin, length, count + 1
                continue
        entries.append((time, duration, 1))
    return entries


def _add(parent: etree._Element, name: str, attributes: Attributes) -> etree._Element:
    """A child with those of the attributes that have a value."""
    said = {key: value for key, value in attributes.items() if value}
    return etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}", said)


def _duration(seconds: Fraction) -> str:
    """xs:duration in whole milliseconds, rounded up: each of these is an "at least"."""
    whole, millis = divmod(-(-seconds.numerator * 1000 // seconds.denominator), 1000)
    return f"PT{whole}.{millis:03d}S" if millis else f"PT{whole}S"


def _date(seconds: Fraction) -> str:
    moment = datetime.fromtimestamp(int(seconds), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(seconds % 1 * 1000):03d}Z"

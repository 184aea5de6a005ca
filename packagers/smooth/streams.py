"""The streams of a Smooth presentation: which tracks share a StreamIndex, and what it lists.

All qualities of a stream share one list of fragments ([MS-SSTR] 2.2.2.3), so only tracks that are
cut alike can: same coding and timescale, and for audio the same name, language and channels. What
is listed is what every one of them has; one that is `LAGGING` fragments behind the others, or is
cut otherwise, is left out until it is back.

The list ends `LOOK_AHEAD` fragments before the newest one. Each fragment announces those that
follow it (tfrf), which is how a client learns of them: many load the manifest once and never again,
dash.js for one. So a fragment is there when those that it must announce are known. IIS and Azure
were two behind, and so is this. What has ended is listed to its last, since nothing follows.

A Smooth manifest knows no Period: the CodecPrivateData of a quality holds for all of its fragments.
After a change of settings the list begins anew, with the first fragment of the new ones.

Names and bit rates tell tracks apart in URLs. A name is the track's own where the grammar allows it
and no other stream has it; two qualities of one bit rate differ by one in what they are called.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packagers.resource import language, line
from packagers.smooth.coding import Coding, coding
from relay.media import Kind, Track
from relay.presentation import Presentation, Rendition, Segment

LOOK_AHEAD = 2
"""Fragments that a fragment announces, and that the list ends before the newest."""
LAGGING = 3
"""Fragments."""

_ORDER = {Kind.VIDEO: 0, Kind.AUDIO: 1, Kind.TEXT: 2}


@dataclass(frozen=True, slots=True)
class Quality:
    """A track of a stream. `bitrate` as URLs say it."""

    rendition: Rendition
    bitrate: int
    coding: Coding


@dataclass(frozen=True, slots=True)
class Stream:
    """One StreamIndex of media; never empty.

    qualities   from the highest bit rate down
    segments    of one of them: `[start:stop]` are listed
    """

    name: str
    kind: Kind
    qualities: tuple[Quality, ...]
    segments: Sequence[Segment]
    start: int
    stop: int

    @property
    def track(self) -> Track:
        return self.qualities[0].rendition.track


@dataclass(frozen=True, slots=True)
class Sparse:
    """One StreamIndex of events. `parent`: the name of the stream that they go with."""

    name: str
    track: Track
    parent: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a presentation amounts to in Smooth."""

    presentation: Presentation
    media: list[Stream]
    signals: list[Sparse]


def show(presentation: Presentation) -> Shown:
    """The streams of a presentation, in a stable order."""
    media = streams(presentation)
    return Shown(presentation, media, sparse(presentation, media))


def streams(presentation: Presentation) -> list[Stream]:
    """The streams that have something to play: video first, in a stable order."""
    families: dict[tuple[object, ...], list[Rendition]] = {}
    for kind in _ORDER:
        for rendition in presentation.of(kind):
            how = coding(rendition.track)
            if how is not None and not rendition.track.parent:
                families.setdefault(_family(rendition, how), []).append(rendition)
    taken: set[str] = set()
    found: list[Stream] = []
    for family in sorted(families, key=repr):
        stream = _stream(presentation, families[family], taken)
        if stream is not None:
            found.append(stream)
    return sorted(found, key=lambda stream: _ORDER[stream.kind])


def sparse(presentation: Presentation, media: Sequence[Stream]) -> list[Sparse]:
    """The streams of events whose parent is among `media`."""
    taken = {stream.name.lower() for stream in media}
    found = []
    for rendition in sorted(presentation.renditions, key=lambda r: r.name):
        track = rendition.track
        parent = next((s for s in media if track.parent in _names(s)), None)
        if track.parent and parent is not None:
            found.append(Sparse(_free(track, taken), track, parent.name))
    return found


def _family(rendition: Rendition, how: Coding) -> tuple[object, ...]:
    track = rendition.track
    if track.key.kind is Kind.VIDEO:
        return ("", how.four_cc, track.timescale)
    return (track.key.name, language(rendition), how.four_cc, track.timescale, track.channels)


def _stream(presentation: Presentation, several: list[Rendition], taken: set[str]) -> Stream | None:
    newest = max(r.segments[-1].index for r in several)
    fresh = [r for r in several if newest - r.segments[-1].index < LAGGING]
    lead = fresh[0]
    segments = line(lead)
    behind = 0 if presentation.ended else LOOK_AHEAD
    last = min(r.segments[-1].index for r in fresh) - behind
    settled = max((stop for r in fresh for stop, _ in r.former), default=0)
    start = max(0, settled - segments[0].index)
    stop = last - segments[0].index + 1
    name = _free(lead.track, taken, several)
    if stop <= start:
        return None
    at = segments[stop - 1]
    alike = [r for r in fresh if _agrees(presentation, r, at, lead.track.timescale)]
    qualities: list[Quality] = []
    said: set[int] = set()
    for rendition in sorted(several, key=lambda r: r.name):
        bitrate = rendition.bandwidth
        while bitrate in said:
            bitrate += 1
        said.add(bitrate)
        how = coding(rendition.track)
        if rendition in alike and how is not None:
            qualities.append(Quality(rendition, bitrate, how))
    qualities.sort(key=lambda quality: (-quality.bitrate, quality.rendition.name))
    return Stream(name, lead.track.key.kind, tuple(qualities), segments, start, stop)


def _agrees(presentation: Presentation, rendition: Rendition, at: Segment, timescale: int) -> bool:
    """It has a fragment of this index that begins at the same time, to the millisecond."""
    own = rendition.find(at.index)
    if own is None:
        return False
    shift = (presentation.epoch_of(own.run) - presentation.epoch_of(at.run)) * timescale
    return abs(own.time + shift - at.time) * 1000 <= timescale


def _names(stream: Stream) -> set[str]:
    """The trackNames that a sparse track may call its parent by."""
    return {quality.rendition.track.key.name for quality in stream.qualities}


def _free(track: Track, taken: set[str], several: Sequence[Rendition] = ()) -> str:
    """A name for the stream (2.2.2.3: ALPHA, then ALPHA, DIGIT, `_` or `-`), and take it."""
    names = {r.track.key.name for r in several}
    own = track.key.name if len(names) < 2 else track.key.kind.value
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", own)
    kind = track.key.kind.value
    name = plain if re.match("[A-Za-z]", plain) else f"{kind}_{plain}" if plain else kind
    number = 1
    free = name
    while free.lower() in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free.lower())
    return free

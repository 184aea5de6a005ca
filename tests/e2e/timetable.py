"""What a relay says of every number, in HLS and in DASH, as a table that another's can be held to.

A `Timetable` is read from documents with m3u8 and lxml, never with the relay's own code, and has a
`Line` for each track and number in each of them: where it is fetched, with which initialization,
when it begins and how long it lasts, whether it is a gap, and how many discontinuities came before.
Documents of another moment join it; what they say otherwise than before is a contradiction.

Moments are exact: milliseconds since 1970 in HLS (that is how EXT-X-PROGRAM-DATE-TIME is written),
ticks of the track's timescale since availabilityStartTime in DASH.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from urllib.parse import urljoin, urlsplit

import m3u8
from lxml import etree

from tests.e2e import served

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MPD = "{urn:mpeg:dash:schema:mpd:2011}"
_OWN = {"publishTime", "startNumber"}
"""Attributes of an MPD that belong to its moment, not to the programme."""

Numbered = dict[tuple[str, int], "Line"]
"""By track and number."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is said of a number.

    path, init   of the segment and its initialization, from the site's root
    begins       seconds since 1970;  lasts   seconds
    gap          EXT-X-GAP; DASH has no word for it
    era          the discontinuity sequence (HLS), the first number of the Period (DASH)
    """

    path: str
    init: str
    begins: Fraction
    lasts: Fraction
    gap: bool = False
    era: int = 0


@dataclass(slots=True)
class Timetable:
    """All that one relay has said of a channel.

    hls, dash        lines of all media playlists and of all Representations
    heads            what else the documents say, but for their moment: by document
    contradictions   what was first said so, then otherwise
    """

    hls: Numbered = field(default_factory=dict)
    dash: Numbered = field(default_factory=dict)
    heads: dict[str, object] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)

    def look(self, root: str, channel: str, tracks: int) -> None:
        """Join what the relay at `root` says now, if it has so many tracks to play."""
        master = f"{root}/{channel}.isml/master.m3u8"
        texts = served.playlists(master) if served.get(master).status == 200 else {}
        if len(texts) <= tracks:
            return
        self._head("master.m3u8", texts.pop(""))
        for url, text in texts.items():
            parsed: Any = m3u8.loads(text, uri=url)
            track = url.rsplit("/", 2)[1]
            self._head(track, (parsed.target_duration, parsed.is_independent_segments))
            self._join(self.hls, dict(_playlist(parsed, url, track)))
        url = f"{root}/{channel}.isml/manifest.mpd"
        mpd = etree.fromstring(served.fetch(url))
        self._head("manifest.mpd", skeleton(mpd))
        self._join(self.dash, dict(_mpd(mpd, url)))

    @property
    def tracks(self) -> set[str]:
        return {track for track, _ in self.hls}

    def numbers(self, track: str) -> set[int]:
        """All numbers of a track in HLS, gaps included."""
        return {number for known, number in self.hls if known == track}

    def gaps(self, track: str) -> list[int]:
        """The numbers of a track that are marked as gaps, rising."""
        return sorted(n for (known, n), line in self.hls.items() if known == track and line.gap)

    def _head(self, document: str, said: object) -> None:
        before = self.heads.setdefault(document, said)
        if before != said:
            self.contradictions.append(f"{document}: {before}, then {said}")

    def _join(self, known: Numbered, lines: Numbered) -> None:
        for key, line in lines.items():
            before = known.setdefault(key, line)
            if before != line:
                self.contradictions.append(f"{key}: {before}, then {line}")


def _playlist(parsed: Any, url: str, track: str) -> Iterator[tuple[tuple[str, int], Line]]:
    """The lines of a media playlist; a number is the media sequence and the place in the list."""
    era = parsed.discontinuity_sequence or 0
    for place, segment in enumerate(parsed.segments):
        # The first one's discontinuity is the boundary to what has left; it counts as any other.
        era += segment.discontinuity
        yield (
            (track, parsed.media_sequence + place),
            Line(
                path=urlsplit(urljoin(url, segment.uri)).path,
                init=urlsplit(urljoin(url, segment.init_section.uri)).path,
                begins=Fraction((segment.program_date_time - _1970) // timedelta(milliseconds=1))
                / 1000,
                lasts=Fraction(round(segment.duration * 1_000_000), 1_000_000),
                gap=bool(segment.gap_tag),
                era=era,
            ),
        )


def _mpd(mpd: etree._Element, url: str) -> Iterator[tuple[tuple[str, int], Line]]:
    """The lines of an MPD; a number is startNumber and the place in the SegmentTimeline."""
    began = datetime.fromisoformat(mpd.attrib["availabilityStartTime"])
    zero = Fraction((began - _1970) // timedelta(seconds=1))
    for period in mpd.iter(f"{_MPD}Period"):
        start = zero + _seconds(period.attrib["start"])
        era = int(period.attrib["id"].removeprefix("p"))
        for of in period.iter(f"{_MPD}Representation"):
            (template,) = of.iterchildren(f"{_MPD}SegmentTemplate")
            name, said = of.attrib["id"], template.attrib
            scale, number = int(said["timescale"]), int(said["startNumber"])
            offset, time = int(said.get("presentationTimeOffset", 0)), 0
            for entry in template.iter(f"{_MPD}S"):
                time, length = int(entry.get("t", time)), int(entry.attrib["d"])
                for _ in range(int(entry.get("r", 0)) + 1):
                    yield (
                        (name, number),
                        Line(
                            path=_filled(url, said["media"], name, number, time),
                            init=_filled(url, said["initialization"], name),
                            begins=start + Fraction(time - offset, scale),
                            lasts=Fraction(length, scale),
                            era=era,
                        ),
                    )
                    number, time = number + 1, time + length


def _seconds(duration: str) -> Fraction:
    """An xs:duration of seconds alone."""
    assert duration.startswith("PT"), duration
    assert duration.endswith("S"), duration
    return Fraction(duration[2:-1])


def _filled(url: str, template: str, name: str, number: int = 0, time: int = 0) -> str:
    for word, value in (("RepresentationID", name), ("Number", number), ("Time", time)):
        template = template.replace(f"${word}$", str(value))
    return urlsplit(urljoin(url, template)).path


def skeleton(mpd: etree._Element) -> list[tuple[int, str, dict[str, str]]]:
    """Depth, name and attributes of every element that belongs to no moment, in their order."""
    found = []
    for element in mpd.iter():
        name = etree.QName(element).localname
        if name != "S":
            said = {str(k): str(v) for k, v in element.attrib.items() if k not in _OWN}
            found.append((sum(1 for _ in element.iterancestors()), name, said))
    return found

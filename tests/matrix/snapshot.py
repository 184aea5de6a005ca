"""What a channel serves, taken down as a folder that can be played to its end without a relay.

Playlists and media are those that were served, with an EXT-X-ENDLIST behind the media playlists.
The MPD is made static: its times count from 1970, and a static presentation begins at zero, so each
template's presentationTimeOffset is moved to where all tracks have begun. Nothing else is touched.

ffmpeg's HLS client takes every subtitle for WebVTT, and gives a playlist with TTML up. So there is
a second multivariant playlist for it, `av.m3u8`, without the subtitles.

A live Smooth manifest leaves out the newest fragments, and cells have no more than three. So Smooth
is taken from a program of the cell that has ended, with nothing touched.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from urllib.parse import urljoin

from lxml import etree

from tests.e2e import served
from tests.e2e.served import Served, fetch

PROGRAM = "whole"
"""A program of the cell; it has ended, so Smooth has it on demand."""
SUBTITLES = "textstream-0-fra"
"""The name of the text track, which ffmpeg's manifest leaves out."""
_MPD = "{urn:mpeg:dash:schema:mpd:2011}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`folder` holds `master.m3u8`, `m.mpd` and all that they name, as the relay has it.

    renditions   as HLS serves them, by name, whether the multivariant playlist names them or not
    dash         init segment and media segments that the MPD names, by Representation
    playlists    every playlist as it was served, by URL
    """

    folder: Path
    renditions: dict[str, Served]
    dash: dict[str, tuple[bytes, list[bytes]]]
    playlists: dict[str, str]
    mpd: etree._Element


def take(root: str, channel: str, folder: Path, *, text: bool) -> Snapshot:
    """Of the channel at `root`. `text`: it has subtitles."""
    folder.mkdir()
    base = f"{root}/{channel}.isml/"
    texts = served.playlists(f"{base}master.m3u8")
    master = texts.pop("")
    if text:
        url = urljoin(base, f"{SUBTITLES}/index.m3u8")
        texts.setdefault(url, fetch(url).decode())
    found = [served.rendition(url, text) for url, text in texts.items()]
    (folder / "master.m3u8").write_text(master)
    (folder / "av.m3u8").write_text(_without_subtitles(master))
    for each in found:
        _store(folder / each.name, each)
    mpd = etree.fromstring(fetch(f"{base}manifest.mpd"))
    dash = _segments(base, mpd)
    _static(mpd)
    (folder / "m.mpd").write_bytes(etree.tostring(mpd, xml_declaration=True, encoding="utf-8"))
    playlists = {f"{base}master.m3u8": master, **texts}
    return Snapshot(folder, {each.name: each for each in found}, dash, playlists, mpd)


def take_smooth(root: str, channel: str, folder: Path) -> None:
    """Add `Manifest` and the fragments that it names: those of the program, which has ended."""
    base = f"{root}/{channel}.{PROGRAM}.isml/"
    body = fetch(f"{base}Manifest")
    (folder / "Manifest").write_bytes(body)
    for stream in etree.fromstring(body).iter("StreamIndex"):
        times, end = [], 0
        for c in stream.iter("c"):
            end = int(c.get("t", end))
            for _ in range(int(c.get("r", "1"))):
                times.append(end)
                end += int(c.get("d", "0"))
        for quality in stream.iter("QualityLevel"):
            url = str(stream.get("Url")).replace("{bitrate}", quality.get("Bitrate", ""))
            for path in (url.replace("{start time}", str(time)) for time in times):
                target = folder / path
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(fetch(base + path))


def _without_subtitles(master: str) -> str:
    lines = [line for line in master.splitlines() if "TYPE=SUBTITLES" not in line]
    text = "\n".join(re.sub(r',SUBTITLES="[^"]*"', "", line) for line in lines)
    return re.sub(r",stpp[.a-z0-9]*", "", text) + "\n"


def _store(folder: Path, rendition: Served) -> None:
    folder.mkdir()
    (folder / "index.m3u8").write_text(f"{rendition.playlist.rstrip()}\n#EXT-X-ENDLIST\n")
    (line,) = {x for x in rendition.playlist.splitlines() if x.startswith("#EXT-X-MAP")}
    (folder / line.split('"')[1]).write_bytes(rendition.init)
    for index, body in rendition.segments.items():
        (folder / f"{index}.m4s").write_bytes(body)


def _segments(base: str, mpd: etree._Element) -> dict[str, tuple[bytes, list[bytes]]]:
    found = {}
    for representation in mpd.iter(f"{_MPD}Representation"):
        name = str(representation.get("id"))
        template = next(representation.iter(f"{_MPD}SegmentTemplate"))

        first = int(template.get("startNumber", "1"))
        count = sum(1 + int(s.get("r", "0")) for s in template.iter(f"{_MPD}S"))
        media = [
            fetch(_url(base, name, template.get("media"), number))
            for number in range(first, first + count)
        ]
        found[name] = fetch(_url(base, name, template.get("initialization"))), media
    return found


def _url(base: str, name: str, pattern: str | None, number: int = 0) -> str:
    path = str(pattern).replace("$RepresentationID$", name)
    return urljoin(base, path.replace("$Number$", str(number)))


def _static(mpd: etree._Element) -> None:
    spans = []
    templates = list(mpd.iter(f"{_MPD}SegmentTemplate"))
    for template in templates:
        entries = list(template.iter(f"{_MPD}S"))
        scale = int(template.get("timescale", "1"))
        first = int(entries[0].get("t", "0"))
        length = sum(int(s.get("d", "0")) * (1 + int(s.get("r", "0"))) for s in entries)
        spans.append((Fraction(first, scale), Fraction(first + length, scale)))
    begin = max(start for start, _ in spans)
    for template in templates:
        offset = begin * int(template.get("timescale", "1"))
        template.set("presentationTimeOffset", str(round(offset)))
    live = ("availabilityStartTime", "minimumUpdatePeriod", "timeShiftBufferDepth", "publishTime")
    for name in (*live, "suggestedPresentationDelay"):
        mpd.attrib.pop(name, None)
    mpd.set("type", "static")
    mpd.set("mediaPresentationDuration", f"PT{float(max(s for _, s in spans) - begin):.3f}S")
    for unwanted in (*mpd.iter(f"{_MPD}UTCTiming"), *mpd.iter(f"{_MPD}ServiceDescription")):
        mpd.remove(unwanted)

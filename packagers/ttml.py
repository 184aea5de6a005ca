"""Subtitles in TTML as CMAF wants them (ISO/IEC 14496-30 5.3): times count from the media's zero.

What is stored is what was sent. Smooth's documents (sample entry `dfxp`) count from the beginning
of their fragment, and on a local timeline every document counts from the encoder's zero, while
players see 1970 (`epoch`); so times are moved when a segment is made. With UTC-stamping encoders
and `stpp` nothing moves, and the bytes pass as they came.

To move a document by some seconds it is enough to move its outermost timed elements (TTML2 12): the
times of what is within are relative to these. What is no TTML that we can read, images behind the
document included, passes unmoved: a viewer may miss a line, and the video goes on. The parser opens
no files, and a document that is larger than any subtitle is not looked into.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from lxml import etree

from relay import markup
from relay.media import Kind, Track
from relay.mp4 import separate
from relay.mp4.compose import Timing, fragment
from relay.mp4.fragment import layout, parse_moof
from relay.mp4.subtitles import DFXP
from relay.mp4.walk import Budget, children

LONGEST = 256 * 1024
"""Bytes of a document that is looked into."""
_DEEPEST = 16
_PAIRS = 4096
_PARAMETER = "http://www.w3.org/ns/ttml#parameter"
_CLOCK = re.compile(r"(\d{2,7}):(\d\d):(\d\d)(?:(\.\d{1,9})|:(\d{2,4})(?:\.\d+)?)?")
_OFFSET = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(h|m|s|ms|f|t)")
_UNITS = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}


def relative(track: Track) -> bool:
    """Its documents count from the beginning of their fragments."""
    return track.sample_entry[4:8] == DFXP.encode()


def media_data(track: Track, data: bytes, epoch: int) -> bytes:
    """A stored copy (pairs of moof and mdat) whose times count from the media's zero, with `epoch`
    seconds added. What is no TTML comes back as it is. Raises BoxInvalid, FragmentInvalid."""
    if not _applies(track):
        return data
    return b"".join(
        _moved(moof, mdat, (begin if relative(track) else 0) + Fraction(epoch))
        for moof, mdat, begin in _fragments(track, data)
    )


def smooth_data(track: Track, data: bytes) -> bytes:
    """The same, whose times count from the beginning of their fragment, as Smooth wants them."""
    if not _applies(track) or relative(track):
        return data
    return b"".join(_moved(moof, mdat, -begin) for moof, mdat, begin in _fragments(track, data))


def _applies(track: Track) -> bool:
    return track.key.kind is Kind.TEXT and track.codecs.startswith("stpp")


def _fragments(track: Track, data: bytes) -> Iterator[tuple[bytes, bytes, Fraction]]:
    """Each moof, the whole mdat behind it, and when it begins in seconds."""
    moof = b""
    for atom in children(data, 0, len(data), Budget(_PAIRS)):
        if atom.type == "moof":
            moof = data[atom.start : atom.end]
        elif atom.type == "mdat" and moof:
            (only,) = parse_moof(moof).tracks
            begin = Fraction(only.decode_time or 0, track.timescale)
            yield moof, data[atom.start : atom.end], begin
            moof = b""


def _moved(moof: bytes, mdat: bytes, seconds: Fraction) -> bytes:
    if not seconds:
        return moof + mdat
    payload = separate.media_data(mdat)
    (only,) = (parsed := parse_moof(moof)).tracks
    (spans,) = layout(parsed, len(payload))
    media = b"".join(payload[start : start + size] for start, size in spans)
    documents: list[bytes] = []
    at = 0
    for size in only.samples.sizes:
        documents.append(moved(media[at : at + size], seconds))
        at += size
    samples = replace(only.samples, sizes=tuple(map(len, documents)))
    timing = Timing(only.decode_time or 0, samples.duration)
    return fragment(only.track_id, parsed.sequence_number, samples, timing, documents)


def moved(document: bytes, seconds: Fraction) -> bytes:
    """The document with all its times later by so much; as it is when it cannot be read."""
    if len(document) > LONGEST:
        return document
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(markup.plain(document), parser)
        base = root.get(f"{{{_PARAMETER}}}timeBase", "media")
        if etree.QName(root).localname != "tt" or base != "media":
            return document
        rates = _rates(root)
        for outer in root.iterfind("{*}body"):
            _move(outer, seconds, rates, 0)
        for outer in root.iterfind("{*}head/{*}layout/{*}region"):
            _move(outer, seconds, rates, 0)
    except (etree.XMLSyntaxError, ValueError, ZeroDivisionError):
        return document
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _move(
    element: etree._Element, seconds: Fraction, rates: dict[str, Fraction], depth: int
) -> None:
    timed = [name for name in ("begin", "end") if name in element.attrib]
    if not isinstance(element.tag, str) or depth > _DEEPEST:
        return
    for name in timed:
        element.set(name, _clock(_seconds(str(element.attrib[name]), rates) + seconds))
    if "begin" in timed:
        return
    if timed or "dur" in element.attrib or element.get("timeContainer") == "seq":
        element.set("begin", _clock(seconds))
        return
    for child in element:
        _move(child, seconds, rates, depth + 1)


def _rates(root: etree._Element) -> dict[str, Fraction]:
    """Seconds of a unit, frames and ticks (TTML2 7.2.5, 7.2.12) among them. Raises ValueError."""

    def said(name: str, default: str) -> str:
        return str(root.get(f"{{{_PARAMETER}}}{name}", default))

    up, _, down = said("frameRateMultiplier", "1 1").partition(" ")
    frames = Fraction(int(said("frameRate", "30"))) * int(up) / int(down or 1)
    ticks = Fraction(int(said("tickRate", "1")))
    if frames <= 0 or ticks <= 0:
        raise ValueError
    return {**_UNITS, "f": 1 / frames, "t": 1 / ticks}


def _seconds(text: str, rates: dict[str, Fraction]) -> Fraction:
    """A time expression (TTML2 12.3.1). Raises ValueError."""
    clock = _CLOCK.fullmatch(text.strip())
    if clock is not None:
        hours, minutes, whole, part, frames = clock.groups("0")
        full = int(hours) * 3600 + int(minutes) * 60 + int(whole)
        return full + Fraction(f"0{part}" if part != "0" else 0) + int(frames) * rates["f"]
    offset = _OFFSET.fullmatch(text.strip())
    if offset is None:
        raise ValueError(text)
    return Fraction(offset[1]) * rates[offset[2]]


def _clock(seconds: Fraction) -> str:
    """hh:mm:ss.mmm, hours as many as it takes; nothing is before zero."""
    millis = max(0, round(seconds * 1000))
    minutes, rest = divmod(millis, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"

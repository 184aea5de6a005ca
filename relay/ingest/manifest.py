"""The live server manifest: the SMIL 2.0 document between ftyp and moov (MS-SSTR 2.2.7.3).

It names what the moov cannot: trackName, systemBitrate, language, the parent of a sparse track.
Vendors differ in what is an attribute and what a `<param>`, so a value is looked for as both. The
declared encoding may lie and the text may be padded with zeros (spec: `utf-16`; ffmpeg and ASTool
write UTF-8), so it is decoded here, and the parser is told the encoding of what it gets: a second
declaration of, say, UTF-7 cannot change the text that was looked at. What a manifest never needs, a
DOCTYPE or an entity, is refused before parsing: no file and no socket is ever opened for one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern

from lxml import etree

from relay import markup
from relay.errors import ManifestInvalid, quoted
from relay.ingest.url import NAME
from relay.media import Kind, TrackKey

LONGEST = 64 * 1024
DEFAULT_TIMESCALE = 10_000_000
MOST_TRACKS = 32

_STANDARD = frozenset(
    (
        *("trackid", "trackname", "timescale", "systembitrate", "systemlanguage", "src"),
        *("manifestoutput", "parenttrackname", "subtype", "scheme", "fourcc", "codecprivatedata"),
        *("maxwidth", "maxheight", "displaywidth", "displayheight", "nalunitlengthfield"),
        *("audiotag", "channels", "samplingrate", "bitspersample", "packetsize"),
    )
)


@dataclass(frozen=True, slots=True)
class ManifestTrack:
    """One `<video>`, `<audio>` or `<textstream>`.

    timescale  None: not said (then 10 MHz);  output  manifestOutput is true: clients are to find
    the samples of this sparse track in their manifest;  fourcc  "" when it is not said
    """

    track_id: int
    key: TrackKey
    timescale: int | None
    parent: str
    output: bool = False
    fourcc: str = ""


def parse(data: bytes) -> tuple[ManifestTrack, ...]:
    """The tracks that a manifest (the XML, without the box's version and flags) declares.

    Raises ManifestInvalid.
    """
    found = _elements(_root(data))
    if not found:
        raise ManifestInvalid("The live server manifest declares no video, audio or textstream.")
    if len(found) > MOST_TRACKS:
        raise ManifestInvalid(f"The live server manifest declares more than {MOST_TRACKS} tracks.")
    tracks = tuple(_track(element, kind) for element, kind in found)
    ids = [track.track_id for track in tracks]
    if len(set(ids)) != len(ids):
        raise ManifestInvalid("Two tracks of the live server manifest have the same trackID.")
    return tracks


def renamed(data: bytes, keys: Mapping[int, TrackKey], parents: Mapping[str, str]) -> bytes:
    """The manifest with other keys for some tracks, by trackID, and other names for some parents.

    A key's bitrate, language and attributes are all that is said of them then. A track that the
    moov alone declares is added. Everything else stays. Raises ManifestInvalid.
    """
    root = _root(data)
    elements = _elements(root)
    left = dict(keys)
    for element, kind in elements:
        track = _track(element, kind)
        key = left.pop(track.track_id, None)
        if key is not None:
            _rename(element, key)
        if track.parent in parents:
            _say(element, "parentTrackName", parents[track.parent])
    for track_id, key in left.items():
        beside, _ = elements[-1]
        inside = beside.getparent()
        inside = root if inside is None else inside
        element = etree.SubElement(inside, _tag(beside, key.kind.value))
        _say(element, "trackID", str(track_id))
        _rename(element, key)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def only(data: bytes, track_id: int) -> bytes:
    """The manifest (XML) that declares one of its tracks alone, and that as it stands.

    Raises ManifestInvalid, also when it does not declare it.
    """
    root = _root(data)
    for element, kind in _elements(root):
        parent = element.getparent()
        if parent is not None and _track(element, kind).track_id != track_id:
            parent.remove(element)
    if len(_elements(root)) != 1:
        raise ManifestInvalid(f"The live server manifest does not declare trackID {track_id}.")
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def stated(data: bytes, timescales: Mapping[int, int]) -> bytes:
    """The manifest (XML) with what a receiver must be told, and this very one if it says it all.

    `timescales`: of the tracks' media headers, by trackID. Every track's is stated when one that is
    not stated is not 10 MHz, or they differ (TIME-3); of a sparse track manifestOutput is true
    (SPARSE-3). Raises ManifestInvalid.
    """
    root = _root(data)
    every = [(element, _track(element, kind)) for element, kind in _elements(root)]
    told = [(element, track, timescales.get(track.track_id)) for element, track in every]
    known = [(track.timescale, scale) for _, track, scale in told if scale is not None]
    silent = any(said is None for said, _ in known) and len({scale for _, scale in known}) > 1
    wrong = any((said or DEFAULT_TIMESCALE) != scale for said, scale in known)
    changed = False
    for element, track, scale in told:
        if (silent or wrong) and scale is not None:
            _say(element, "timescale", str(scale))
            changed = True
        if track.parent and not track.output:
            _say(element, "manifestOutput", "true")
            changed = True
    return etree.tostring(root, xml_declaration=True, encoding="utf-8") if changed else data


def _elements(root: etree._Element) -> list[tuple[etree._Element, Kind]]:
    return [
        (element, Kind(etree.QName(element).localname))
        for element in root.iter("{*}video", "{*}audio", "{*}textstream")
    ]


def _rename(element: etree._Element, key: TrackKey) -> None:
    for param in list(element.iterchildren("{*}param")):
        name = param.get("name", "")
        if "_" in name and name.lower() not in _STANDARD:
            element.remove(param)
    _say(element, "trackName", key.name)
    for name, value in (("systemBitrate", str(key.bitrate)), ("systemLanguage", key.language)):
        _say(element, name, value, attribute=True)


def _say(element: etree._Element, name: str, value: str, *, attribute: bool = False) -> None:
    """Say it wherever the element says it now, else once, as vendors do."""
    said = False
    for told in element.attrib:
        if str(told).lower() == name.lower():
            element.set(told, value)
            said = True
    for param in element.iterchildren("{*}param"):
        if param.get("name", "").lower() == name.lower():
            param.set("value", value)
            said = True
    if said:
        return
    if attribute:
        element.set(name, value)
    else:
        etree.SubElement(element, _tag(element, "param"), name=name, value=value)


def _tag(beside: etree._Element, name: str) -> str:
    namespace = etree.QName(beside).namespace
    return f"{{{namespace}}}{name}" if namespace else name


def _root(data: bytes) -> etree._Element:
    text = _decoded(data).strip()
    if "<!" in text.replace("<!--", ""):
        raise ManifestInvalid(
            "The live server manifest has a DOCTYPE, an entity or a CDATA section."
        )
    if markup.crowded(text):
        raise ManifestInvalid("An element of the live server manifest has too many attributes.")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ManifestInvalid(
            f"The live server manifest is no XML: {quoted(str(error))}."
        ) from None


def _decoded(data: bytes) -> str:
    if len(data) > LONGEST:
        raise ManifestInvalid(f"The live server manifest is longer than {LONGEST} bytes.")
    encoding = markup.encoding(data)
    unit = 2 if encoding.startswith("utf-16") else 1
    try:
        return data[: len(data) - len(data) % unit].decode(encoding).rstrip("\0")
    except UnicodeDecodeError:
        raise ManifestInvalid(f"The live server manifest is not {encoding.upper()}.") from None


def _track(element: etree._Element, kind: Kind) -> ManifestTrack:
    said = {str(name).lower(): str(value) for name, value in element.attrib.items()}
    custom: dict[str, str] = {}
    for param in element.iterchildren("{*}param"):
        name, value = param.get("name", ""), param.get("value", "")
        if name.lower() in _STANDARD:
            said[name.lower()] = said.get(name.lower()) or value
        elif "_" in name:
            custom[name] = value
    parent = said.get("parenttrackname", "")
    key = TrackKey(
        kind,
        _name(said.get("trackname") or kind.value),
        _number(said, "systembitrate", 0),
        _language(said.get("systemlanguage") or "und"),
        tuple(sorted(custom.items())),
    )
    track_id = _number(said, "trackid", 0)
    if not track_id:
        raise ManifestInvalid(f"The {kind} track {key.name} has no trackID.")
    timescale = _number(said, "timescale", 0) or None
    output = said.get("manifestoutput", "").lower() == "true"
    parent = _name(parent) if parent else ""
    return ManifestTrack(track_id, key, timescale, parent, output, said.get("fourcc", "").upper())


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ManifestInvalid(
            f'The track name "{quoted(text)}" is not allowed.',
            hint="Use 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit.",
        )
    return intern(text)


def _language(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,35}", text):
        raise ManifestInvalid(f'"{quoted(text)}" is no language (RFC 5646).')
    return intern(text)


def _number(said: dict[str, str], name: str, default: int) -> int:
    text = said.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) >= 2**32:
        raise ManifestInvalid(f'{name} "{quoted(text)}" is no unsigned 32-bit number.')
    return int(text)

"""The rules of the MPD's schema that our documents touch (ISO/IEC 23009-1 5.3 to 5.10, annex B).

Not the schema file: what it says of the elements and attributes that are written here, in a table.
Anything that the table does not know is a complaint, so it grows with the documents.
"""

import re
from collections.abc import Iterator

from lxml import etree

DASH = "urn:mpeg:dash:schema:mpd:2011"
CENC = "urn:mpeg:cenc:2013"
SCTE = "http://www.scte.org/schemas/35/2016"

_DURATION = r"PT(\d+H)?(\d+M)?\d+(\.\d+)?S"
_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
_UINT, _TEXT, _URI = r"\d{1,20}", r".*", r"\S+"
_INT = r"\d{1,10}"
_BOOL, _RATE, _SAP = r"true|false", r"\d+(/\d+)?", r"[0-6]"
_LANGUAGE = r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*"
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ID = r"\S+"  # StringNoWhitespaceType
_DESCRIPTOR = {"!schemeIdUri": _URI, "value": _TEXT, "id": _TEXT}

ATTRIBUTES: dict[str, dict[str, str]] = {
    "MPD": {
        "id": _TEXT,
        "!profiles": r"[^,\s]+(,[^,\s]+)*",
        "type": "static|dynamic",
        "availabilityStartTime": _DATE,
        "publishTime": _DATE,
        "mediaPresentationDuration": _DURATION,
        "minimumUpdatePeriod": _DURATION,
        "!minBufferTime": _DURATION,
        "timeShiftBufferDepth": _DURATION,
        "suggestedPresentationDelay": _DURATION,
        "maxSegmentDuration": _DURATION,
    },
    "ServiceDescription": {"id": _INT},
    "Latency": {"target": _INT, "min": _INT, "max": _INT},
    "Period": {"id": _TEXT, "start": _DURATION, "duration": _DURATION},
    "EventStream": _DESCRIPTOR | {"timescale": _INT, "presentationTimeOffset": _UINT},
    "Event": {"presentationTime": _UINT, "duration": _UINT, "id": _INT},
    "AdaptationSet": {
        "id": _INT,
        "lang": _LANGUAGE,
        "contentType": "video|audio|text",
        "mimeType": "(video|audio|application)/mp4",
        "segmentAlignment": _BOOL,
        "startWithSAP": _SAP,
    },
    "ContentProtection": _DESCRIPTOR | {f"{{{CENC}}}default_KID": _UUID},
    "InbandEventStream": _DESCRIPTOR,
    "Label": {"id": _INT, "lang": _LANGUAGE},
    "Accessibility": _DESCRIPTOR,
    "Role": _DESCRIPTOR,
    "Representation": {
        "!id": _ID,
        "!bandwidth": _INT,
        "codecs": r"[A-Za-z0-9._+-]+(\|[A-Za-z0-9._+-]+)*",
        "width": _INT,
        "height": _INT,
        "frameRate": _RATE,
        "audioSamplingRate": r"\d+",
    },
    "AudioChannelConfiguration": _DESCRIPTOR,
    "SegmentTemplate": {
        "timescale": _INT,
        "presentationTimeOffset": _UINT,
        "duration": _INT,
        "startNumber": _INT,
        "media": r"\S+",
        "initialization": r"\S+",
    },
    "SegmentTimeline": {},
    "S": {"t": _UINT, "!d": _UINT, "r": r"-?\d+"},
    "UTCTiming": _DESCRIPTOR,
}
"""Attributes and their lexical forms; `!` before a name: required."""

_COMMON = (
    "FramePacking",
    "AudioChannelConfiguration",
    "ContentProtection",
    "OutputProtection",
    "EssentialProperty",
    "SupplementalProperty",
    "InbandEventStream",
    "Switching",
    "RandomAccess",
    "GroupLabel",
    "Label",
    "ProducerReferenceTime",
)
ORDER: dict[str, tuple[str, ...]] = {
    "MPD": (
        "ProgramInformation",
        "BaseURL",
        "Location",
        "PatchLocation",
        "ServiceDescription",
        "InitializationSet",
        "ContentProtection",
        "Period",
        "Metrics",
        "EssentialProperty",
        "SupplementalProperty",
        "UTCTiming",
        "LeapSecondInformation",
    ),
    "ServiceDescription": ("Scope", "Latency", "PlaybackRate"),
    "Period": (
        "BaseURL",
        "SegmentBase",
        "SegmentList",
        "SegmentTemplate",
        "AssetIdentifier",
        "EventStream",
        "ServiceDescription",
        "ContentProtection",
        "AdaptationSet",
        "Subset",
        "SupplementalProperty",
    ),
    "EventStream": ("Event",),
    "AdaptationSet": (
        *_COMMON,
        "Accessibility",
        "Role",
        "Rating",
        "Viewpoint",
        "ContentComponent",
        "BaseURL",
        "SegmentBase",
        "SegmentList",
        "SegmentTemplate",
        "Representation",
    ),
    "Representation": (
        *_COMMON,
        "BaseURL",
        "ExtendedBandwidth",
        "SubRepresentation",
        "SegmentBase",
        "SegmentList",
        "SegmentTemplate",
    ),
    "SegmentTemplate": ("Initialization", "RepresentationIndex", "SegmentTimeline"),
    "SegmentTimeline": ("S",),
}
"""Children, in the order in which they have to stand."""

_LIMITS = {_INT: 2**32, _UINT: 2**64}


def complaints(mpd: bytes) -> list[str]:
    """What is wrong with a document; empty is good."""
    root = etree.fromstring(mpd)
    found = [] if root.tag == f"{{{DASH}}}MPD" else [f"the root is {root.tag!r}"]
    return [*found, *_element(root), *_semantics(root)]


def _element(element: etree._Element) -> Iterator[str]:
    name = etree.QName(element)
    if name.namespace in (CENC, SCTE):
        return
    rules = ATTRIBUTES.get(name.localname)
    if rules is None:
        yield f"<{name.localname}> is not known"
        return
    forms = {key.lstrip("!"): form for key, form in rules.items()}
    for key, value in ((str(k), str(v)) for k, v in element.attrib.items()):
        form = forms.get(key)
        if form is None:
            yield f"{name.localname}@{key} is not known"
        elif not re.fullmatch(form, value):
            yield f"{name.localname}@{key} is {value!r}"
        elif form in _LIMITS and int(value) >= _LIMITS[form]:
            yield f"{name.localname}@{key} is {value}, too large"
    yield from (
        f"{name.localname} has no {key[1:]}"
        for key in rules
        if key.startswith("!") and key[1:] not in element.attrib
    )
    yield from _children(element, name.localname)


def _children(element: etree._Element, name: str) -> Iterator[str]:
    order = ORDER.get(name, ())
    last = 0
    for child in element:
        kind = etree.QName(child)
        if kind.namespace == DASH:
            if kind.localname not in order:
                yield f"{name} has a child {kind.localname}"
                continue
            place = order.index(kind.localname)
            if place < last:
                yield f"in {name}, {kind.localname} stands behind {order[last]}"
            last = max(last, place)
        yield from _element(child)


def _semantics(root: etree._Element) -> Iterator[str]:
    """What the text adds to the schema (5.3.1.2, 5.3.2.2, 5.3.9.6)."""
    dynamic = root.get("type") == "dynamic"
    if dynamic and not (root.get("availabilityStartTime") and root.get("publishTime")):
        yield "a dynamic MPD wants availabilityStartTime and publishTime"
    if not dynamic and not root.get("mediaPresentationDuration"):
        yield "a static MPD wants mediaPresentationDuration"
    if not dynamic and root.get("minimumUpdatePeriod"):
        yield "a static MPD is not updated"
    if dynamic and not all(p.get("id") for p in root.iter(f"{{{DASH}}}Period")):
        yield "in a dynamic MPD every Period wants an id"
    for period in root.iter(f"{{{DASH}}}Period"):
        names = [r.get("id") for r in period.iter(f"{{{DASH}}}Representation")]
        if len(set(names)) != len(names):
            yield f"Representation ids repeat: {names}"
    for template in root.iter(f"{{{DASH}}}SegmentTemplate"):
        timeline = template.find(f"{{{DASH}}}SegmentTimeline")
        if (timeline is None) == (template.get("duration") is None):
            yield "a template wants a duration or a timeline, and not both"
        end = 0
        for s in template.iter(f"{{{DASH}}}S"):
            time = int(s.get("t", end))
            if int(s.get("d", 0)) < 1:
                yield f"an S at {time} lasts no time"
            if time < end:
                yield f"an S begins at {time}, before {end}"
            end = time + int(s.get("d", 0)) * (1 + int(s.get("r", 0)))

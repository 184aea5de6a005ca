"""An AdaptationSet: what a player may switch between without the viewer noticing (5.3.3).

Video of one coding; audio and text of one name, language and coding, and audio of one number of
channels. What is encrypted stands apart from what is not. Names tell what language does not:
encoders end the name of audio for the visually impaired in `_ad`, of text for those who hear little
in `_cc`. Role and Accessibility say it in the standard's words (5.8.5.5; ETSI TS 103 285 7.1.2).
"""

from collections.abc import Sequence

from lxml import etree

from packagers.dash.element import add
from packagers.dash.representation import Part
from packagers.protection import CENC_NAMESPACE, content_protection
from packagers.resource import codecs, language
from packagers.signals.event_stream import inband_streams
from relay.media import Kind
from relay.presentation import Presentation, Rendition

_ROLE = "urn:mpeg:dash:role:2011"
_PURPOSE = "urn:tva:metadata:cs:AudioPurposeCS:2007"
_VISUALLY_IMPAIRED = "1"
_TYPES = {Kind.VIDEO: "video", Kind.AUDIO: "audio", Kind.TEXT: "text"}
_MIME = {Kind.VIDEO: "video/mp4", Kind.AUDIO: "audio/mp4", Kind.TEXT: "application/mp4"}


def playing(presentation: Presentation) -> list[Rendition]:
    """The renditions that an MPD shows: video, audio, and text that players can read."""
    text = [r for r in presentation.of(Kind.TEXT) if codecs(r).startswith(("stpp", "wvtt"))]
    return [*presentation.of(Kind.VIDEO), *presentation.of(Kind.AUDIO), *text]


def family(rendition: Rendition) -> tuple[str, ...]:
    """What an AdaptationSet has in common. Sorted, video comes first, then audio."""
    track = rendition.track
    key, codec = track.key, codecs(rendition).split(".")[0]
    keys = track.protection.key_id.hex() if track.protection is not None else ""
    if key.kind is Kind.VIDEO:
        return ("0", codec, keys)
    order = "1" if key.kind is Kind.AUDIO else "2"
    return (order, key.name, key.language, codec, str(track.channels), keys)


def adaptation_set(
    period: etree._Element,
    presentation: Presentation,
    parts: Sequence[Part],
    *,
    main: bool,
    several: bool,
) -> etree._Element:
    """Add it without its Representations. `main`: the first of its kind, one of `several`."""
    of = parts[0].rendition
    kind = of.track.key.kind
    element = add(
        period,
        "AdaptationSet",
        {
            "contentType": _TYPES[kind],
            "mimeType": _MIME[kind],
            "lang": language(of),
            "segmentAlignment": "true",
            "startWithSAP": "1",
        },
    )
    # The order is the schema's: what all sets and representations have, then what sets have.
    for protection in content_protection(of.track):
        said = {"schemeIdUri": protection.scheme_id_uri, "value": protection.value}
        child = add(element, "ContentProtection", said)
        if protection.default_kid:
            child.set(f"{{{CENC_NAMESPACE}}}default_KID", protection.default_kid)
        if protection.pssh:
            etree.SubElement(child, f"{{{CENC_NAMESPACE}}}pssh").text = protection.pssh
    if kind is not Kind.TEXT:
        element.extend(inband_streams(presentation))
    if several and kind is not Kind.VIDEO:
        label = "".join(c for c in of.track.key.name if c.isprintable())
        add(element, "Label", {}).text = label
    name = of.track.key.name
    if kind is Kind.AUDIO and name.endswith("_ad"):
        add(element, "Accessibility", {"schemeIdUri": _PURPOSE, "value": _VISUALLY_IMPAIRED})
    roles = ["main" if main else "alternate"]
    if kind is Kind.TEXT:
        roles.append("caption" if name.endswith("_cc") else "subtitle")
    for role in roles:
        add(element, "Role", {"schemeIdUri": _ROLE, "value": role})
    return element

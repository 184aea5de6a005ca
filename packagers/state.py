"""The state of a publishing point, as encoders and monitoring scripts know to ask for it.

`/{name}.isml/state` is a SMIL document whose `state` is `started` while there is something to play
and `idle` before. Unified Origin introduced it; scripts read the one value.
"""

from datetime import UTC, datetime, timedelta

from lxml import etree

from relay.presentation import Presentation

MEDIA_TYPE = "text/xml"
_SMIL = "http://www.w3.org/2001/SMIL20/Language"


def document(presentation: Presentation) -> bytes:
    """The state document."""
    playing = any(rendition.segments for rendition in presentation.renditions)
    updated = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(presentation.updated))
    smil = etree.Element(f"{{{_SMIL}}}smil", nsmap={None: _SMIL})
    head = etree.SubElement(smil, f"{{{_SMIL}}}head")
    for name, content in (
        ("name", presentation.name),
        ("state", "started" if playing else "idle"),
        ("updated", f"{updated:%Y-%m-%dT%H:%M:%SZ}"),
    ):
        etree.SubElement(head, f"{{{_SMIL}}}meta", name=name, content=content)
    return etree.tostring(smil, xml_declaration=True, encoding="UTF-8")

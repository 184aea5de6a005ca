"""The state of a publishing point, as encoders and monitoring scripts know to ask for it.

`/{name}.isml/state` is a SMIL document whose `state` is `started` while there is something to play
and `idle` before. Unified Origin introduced it; scripts read the one value. Beside it stands what a
balancer asks for: `edge`, the UTC at which the newest segment ends, and `trouble`, the words of
`packagers.trouble` that hold now, whether or not the channel fails over for them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from lxml import etree

from packagers.trouble import Trouble, live_edge
from relay.presentation import Presentation

MEDIA_TYPE = "text/xml"
_SMIL = "http://www.w3.org/2001/SMIL20/Language"


def document(presentation: Presentation, troubles: Iterable[Trouble] = ()) -> bytes:
    """The state document."""
    playing = any(rendition.segments for rendition in presentation.renditions)
    edge = live_edge(presentation)
    smil = etree.Element(f"{{{_SMIL}}}smil", nsmap={None: _SMIL})
    head = etree.SubElement(smil, f"{{{_SMIL}}}head")
    for name, content in (
        ("name", presentation.name),
        ("state", "started" if playing else "idle"),
        ("updated", f"{_date(presentation.updated):%Y-%m-%dT%H:%M:%SZ}"),
        ("edge", "" if edge is None else f"{_date(edge):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"),
        ("trouble", " ".join(troubles)),
    ):
        etree.SubElement(head, f"{{{_SMIL}}}meta", name=name, content=content)
    return etree.tostring(smil, xml_declaration=True, encoding="UTF-8")


def _date(seconds: Fraction) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(seconds * 1000))

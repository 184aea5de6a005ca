"""XML cue messages, as far as they carry the binary one: the section in base64.

Encoders that speak to a point of acquisition put the message of the stream into a document of
CableLabs (`AcquiredSignal`, with the section in `BinaryData`), of SCTE 35 itself (`Signal` with
`Binary`), or of a vendor's. The element is known by its local name. Nothing else of such a document
puts anything on the timeline here; the rest of it passes as it came.

A stranger's document: what is odd about it is refused before parsing (`relay.markup`), and its size
is bounded by the caller.
"""

from base64 import b64decode
from binascii import Error

from lxml import etree

from packagers.signals.scte35 import SectionInvalid
from relay import markup

MOST_ELEMENTS = 1_000

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_STARTS = (b"<", b"<\0", b"\0<", *_BOMS)
_CARRIERS = frozenset(("BinaryData", "Binary"))


def is_xml(message: bytes) -> bool:
    """It begins as XML, in any encoding."""
    return message.lstrip(b" \t\r\n").startswith(_STARTS)


def section(message: bytes) -> bytes | None:
    """The first section that a document carries, None if it carries none or is too odd to look at.

    Raises SectionInvalid when it is no XML, or what it carries is no base64.
    """
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(markup.plain(message.lstrip(b" \t\r\n")), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SectionInvalid(f"it is no XML ({str(error)[:80]})") from None
    for number, element in enumerate(root.iter("{*}*")):
        if number >= MOST_ELEMENTS:
            return None
        if etree.QName(element).localname in _CARRIERS:
            try:
                return b64decode("".join((element.text or "").split()), validate=True)
            except (Error, ValueError) as error:
                raise SectionInvalid(f"its {etree.QName(element).localname}: {error}") from None
    return None

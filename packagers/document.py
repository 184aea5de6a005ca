"""XML documents with long parts that are kept as text: what is long is not built anew each time."""

from collections.abc import Iterable

from lxml import etree

_PREFIX = b"<!--text:"


def place(parent: etree._Element, number: int) -> None:
    """Keep a place for the text of this number, behind what `parent` holds."""
    parent.append(etree.Comment(f"text:{number}"))


def filled(root: etree._Element, texts: Iterable[tuple[bytes, bytes]]) -> tuple[list[bytes], bytes]:
    """The document in UTF-8, in parts, with the texts in their places.

    `texts`: by their numbers from 0, which stand in order, each with a digest. Returns the parts
    and what tells the document from any other. No sender's words look like a place: what comes in
    through an attribute has its `<` escaped.
    """
    whole = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    parts: list[bytes] = []
    digests: list[bytes] = []
    for text, digest in texts:
        before, _, rest = whole.partition(_PREFIX)
        _, _, whole = rest.partition(b"-->")
        parts += (before, text)
        digests.append(digest)
    parts.append(whole)
    return parts, b"".join((*parts[::2], *digests))

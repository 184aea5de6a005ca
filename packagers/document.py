"""XML documents with long parts that are kept as text: what is long is not built anew each time."""

from collections.abc import Mapping, Sequence

from lxml import etree

_PREFIX = b"<!--text:"


def place(parent: etree._Element, number: int) -> None:
    """Keep a place for the text of this number, behind what `parent` holds."""
    parent.append(etree.Comment(f"text:{number}"))


def filled(
    root: etree._Element, texts: Mapping[int, tuple[Sequence[bytes], bytes]]
) -> tuple[list[bytes], bytes]:
    """The document in UTF-8, in parts, with the texts in their places.

    `texts`: by number, each in parts and with a digest. Returns the parts, and what tells the
    document from any other. No sender's words look like a place: they have their `<` escaped.
    """
    whole = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    first, *others = whole.split(_PREFIX)
    parts, told = [first], [first]
    for other in others:
        number, _, rest = other.partition(b"-->")
        text, digest = texts[int(number)]
        parts += (*text, rest)
        told += (digest, rest)
    return parts, b"".join(told)

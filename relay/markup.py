"""A stranger's XML before it is parsed: text that a parser cannot be led astray by.

libxml2 is safe from files, networks and bombs as it is called here. Two things are left, and are
seen in the text: a DOCTYPE, which none of the documents of a live stream has, and a tag with so
many attributes that looking for a name among them, each against each, holds the loop (26,000 in 256
KiB: more than a second). To see them the text has to be read in the encoding that the parser will
read it in, so that is one of two: UTF-8, or UTF-16 with its byte order mark or as it begins. What a
declaration says is not asked; the parser is told UTF-8. Sans-IO.
"""

import re

MOST_ATTRIBUTES = 128
"""Of a tag, counted by what looks like one: more than any manifest or subtitle has."""

_TAG = re.compile(r"<[^<>]*")
_STARTS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


def encoding(data: bytes) -> str:
    """What it is read in, as its first bytes say."""
    return _STARTS.get(data[:2], "utf-8-sig")


def crowded(text: str) -> bool:
    """A tag has more attributes than any has."""
    return any(tag.count("=") > MOST_ATTRIBUTES for tag in _TAG.findall(text))


def plain(data: bytes) -> bytes:
    """The document in UTF-8, to be parsed as such. Raises ValueError with what is wrong."""
    try:
        text = data.decode(encoding(data))
    except UnicodeDecodeError:
        raise ValueError(f"it is not {encoding(data).upper()}") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("the document has a DOCTYPE or an entity")
    if crowded(text):
        raise ValueError(f"a tag has more than {MOST_ATTRIBUTES} attributes")
    return text.encode()

"""Elements, durations and dates as MPDs write them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction

from lxml import etree

NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"


def add(parent: etree._Element, name: str, attributes: Mapping[str, str]) -> etree._Element:
    """A child with those of the attributes that have a value."""
    said = {key: value for key, value in attributes.items() if value}
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", said)


def duration(seconds: Fraction) -> str:
    """xs:duration in whole milliseconds, rounded up: each of these is an "at least"."""
    whole, millis = divmod(-(-seconds.numerator * 1000 // seconds.denominator), 1000)
    return f"PT{whole}.{millis:03d}S" if millis else f"PT{whole}S"


def date(seconds: Fraction) -> str:
    """xs:dateTime of UTC seconds, to the millisecond."""
    moment = datetime.fromtimestamp(int(seconds), UTC)
    millis = int(seconds % 1 * 1000)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis:03d}Z" if millis else f"{moment:%Y-%m-%dT%H:%M:%S}Z"

"""What the fields of a request ask of an answer: a part of it, or another encoding."""

import re

from relay.errors import RangeInvalid

_LONGEST = 1024
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.IGNORECASE)


def accepts_gzip(accepted: str) -> bool:
    """What Accept-Encoding says of gzip (RFC 9110 12.5.3): with a quality above 0, or as "*"."""
    told: dict[str, str] = {}
    for choice in accepted[:_LONGEST].lower().split(","):
        coding, _, quality = choice.replace(" ", "").partition(";q=")
        told[coding] = quality
    quality = told.get("gzip", told.get("x-gzip", told.get("*", "0")))
    return bool(quality.strip("0.")) or not quality


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """The one range that a Range header wants of `size` bytes, both ends included (RFC 9110 14.2).

    None: send everything, since it is none, malformed, or many at once (which we may ignore, and
    do: thousands of ranges are an old attack). Raises RangeInvalid when nothing of it is there.
    """
    wanted = _RANGE.fullmatch(header.strip())
    if wanted is None or not (wanted["first"] or wanted["last"]):
        return None
    if not wanted["first"]:
        first, last = max(size - int(wanted["last"]), 0), size - 1
    else:
        first, last = int(wanted["first"]), int(wanted["last"] or size - 1)
        if wanted["last"] and last < first:
            return None
    if first >= size:
        raise RangeInvalid(f"The range begins at or after the end, {size}.")
    return first, min(last, size - 1)

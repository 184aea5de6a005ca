"""Which tracks travel in which stream: the three ways that the specification names (STREAM-2).

    all              every track in one stream, `main`
    each             every track in a stream of its own
    audio-with-low   the lowest video with all audio in one stream, every other video alone

Ids are the tracks' names with their bit rates, so they are the same on every encoder of the clip.
An id in the URL names the stream of `all`, and stands before the ids otherwise.
"""

from enum import StrEnum
from re import IGNORECASE, fullmatch
from urllib.parse import quote

from relay.encoder.header import Channelled
from relay.encoder.stamp import Stamper
from relay.errors import OperatorError, quoted
from relay.ingest.url import NAME
from relay.media import Kind

MAIN = "main"


class Grouping(StrEnum):
    """How tracks are spread over streams."""

    ALL = "all"
    EACH = "each"
    AUDIO_WITH_LOW = "audio-with-low"


def spread(
    stamper: Stamper, grouping: Grouping, named: str | None = None
) -> dict[str, tuple[Channelled, ...]]:
    """The tracks of each stream, by stream id. `named`: the id in the URL."""
    if grouping is Grouping.ALL:
        return {named or MAIN: stamper.tracks}
    before = f"{named}-" if named else ""
    low = stamper.lowest()
    streams: dict[str, tuple[Channelled, ...]] = {}
    for sent in stamper.tracks:
        with_low = grouping is Grouping.AUDIO_WITH_LOW and sent.key.kind is Kind.AUDIO
        stream = before + (low if with_low and low else sent).key.url_name
        streams[stream] = (*streams.get(stream, ()), sent)
    return streams


def split(url: str) -> tuple[str, str | None, str]:
    """An ingest URL as (point's URL, stream id if named, query). Raises OperatorError."""
    found = fullmatch(
        r"(https?://[^/?#]+/[^?#]*\.isml)(?:/Streams\(([^()/]*)\))?/?(?:\?([^#]*))?",
        url,
        IGNORECASE,
    )
    if found is None:
        raise OperatorError(
            f'"{quoted(url)}" is no ingest URL.',
            hint="For example http://localhost:8080/news.isml, or .../news.isml/Streams(main).",
        )
    point, stream, query = found.groups()
    if stream is not None and not NAME.fullmatch(stream):
        raise OperatorError(f'The stream id "{quoted(stream)}" is not allowed.')
    return point, stream, query or ""


def address(point: str, stream: str, query: str, source: str | None) -> str:
    """The URL that a stream is POSTed to."""
    named = f"source={quote(source)}" if source else ""
    more = "&".join(part for part in (query, named) if part)
    return f"{point}/Streams({stream})" + (f"?{more}" if more else "")

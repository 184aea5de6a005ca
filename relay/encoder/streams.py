"""Which tracks travel in which stream: the three ways that the specification names (STREAM-2).

    all              every track in one stream, `main`
    each             every track in a stream of its own
    audio-with-low   the lowest video with all audio in one stream, every other video alone

Ids are the tracks' names with their bit rates, so they are the same on every encoder of the clip.
An id in the URL names the stream of `all`, and stands before the ids otherwise.
"""

from enum import StrEnum

from relay.encoder.header import Channelled
from relay.encoder.stamp import Stamper
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

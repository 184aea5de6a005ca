"""The ingest URL: `[/prefix]/{point}.isml[/Events(e)][/Streams(id)]` (MS-SSTR 2.2.7).

ABNF strings are case-insensitive, so `streams(`, `Events(` and `.ISML` are the same nouns; ids
keep their case. Microsoft's PushEncoder writes `{point}.isml?Streams(id)`. Azure forbids Events();
other encoders send it, so it is a setting. A probe may leave out `Streams()`.

The path is the percent-decoded one. Names are refused unless they are plain: they turn up in logs,
URLs and folders, and two spellings of one name would be two streams.
"""

import re
from dataclasses import dataclass
from sys import intern
from urllib.parse import unquote, unquote_plus

from relay.errors import IngestUrl, quoted

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a point, stream, source or track may be called."""

# ASCII: without it, IGNORECASE takes a long s (U+017F) for an s
_FLAGS = re.ASCII | re.IGNORECASE | re.DOTALL
_POINT = re.compile(r"(?:/[^/?#]+)*?/(?P<point>[^/]*)\.isml(?P<rest>/.*)?", _FLAGS)
_NOUNS = re.compile(
    r"(?:/Events\((?P<event>[^()/]*)\))?(?:/Streams\((?P<stream>[^()/]*)\))?/?",
    _FLAGS,
)
_QUERY_STREAM = re.compile(r"Streams\((?P<stream>[^()&]*)\)", _FLAGS)
_TOKEN = re.compile(r"(?<=/)(?![^/]*(\(|\.[A-Za-z0-9]{2,5}(/|$)))[^/]{16,}")
"""A folder as long as a token at least, and no name of a file."""
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Target:
    """Where a POST goes. `stream` is None on a probe of the point, `source` None if not named."""

    point: str
    stream: str | None
    source: str | None


def parse(path: str, query: str = "", *, events: bool = False) -> Target:
    """Read an ingest URL. `path` is decoded, `query` raw. Raises IngestUrl."""
    if len(path) + len(query) > _LONGEST:
        raise IngestUrl(f"The URL is longer than {_LONGEST} characters.")
    found = _POINT.fullmatch(path)
    if found is None:
        raise IngestUrl(
            f'"{quoted(public(path))}" is no ingest URL.',
            hint="Push to /{name}.isml/Streams({id}), for example /news.isml/Streams(main).",
        )
    nouns = _NOUNS.fullmatch(found["rest"] or "")
    if nouns is None:
        raise IngestUrl(
            f'"{quoted(found["rest"])}" after ".isml" is neither Streams(id) nor Events(id).',
            hint="Push to /{name}.isml/Streams({id}).",
        )
    if nouns["event"] is not None and not events:
        raise IngestUrl(
            "Events() is not used here.",
            hint="Leave Events() out of the URL; with AWS: no event id.",
        )
    stream, source = nouns["stream"], None
    for part in query.split("&"):
        in_query = _QUERY_STREAM.fullmatch(unquote(part))
        if in_query is not None and stream is None:
            stream = in_query["stream"]
        elif part.startswith("source="):
            source = unquote_plus(part.removeprefix("source="))
    return Target(
        _named("publishing point", found["point"]),
        None if stream is None else _named("stream id", stream),
        None if source is None else _named("source", source),
    )


def folders(path: str) -> tuple[str, ...]:
    """What stands before the publishing point in a decoded path: a prefix, or an access token."""
    found = _POINT.fullmatch(path)
    return tuple(path[: found.start("point")].strip("/").split("/")) if found else ()


def public(path: str) -> str:
    """The path from its publishing point on: what may stand in a log.

    Where there is none, what may be a token in a mistyped URL is left out.
    """
    found = _POINT.fullmatch(path)
    return path[found.start("point") - 1 :] if found else _TOKEN.sub("...", path)


def _named(what: str, name: str) -> str:
    if not NAME.fullmatch(name):
        raise IngestUrl(
            f'The {what} "{quoted(name)}" is not allowed.',
            hint="Use 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit.",
        )
    return intern(name)  # many tables have it: in memory once

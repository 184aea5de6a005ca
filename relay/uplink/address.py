"""The URL a stream is POSTed to: `{url of the point}/Streams({id})`, never Events() (HTTP-6)."""

from re import IGNORECASE, fullmatch
from urllib.parse import quote

from relay.errors import OperatorError, quoted
from relay.ingest.url import NAME


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
            hint=f"{_missing(url)} For example http://localhost:8080/news.isml,"
            " or .../news.isml/Streams(main).",
        )
    point, stream, query = found.groups()
    if stream is not None and not NAME.fullmatch(stream):
        raise OperatorError(f'The stream id "{quoted(stream)}" is not allowed.')
    return point, stream, query or ""


def _missing(url: str) -> str:
    if not fullmatch(r"https?://.*", url, IGNORECASE):
        return "It has to begin with http:// or https://."
    if ".isml" not in url.lower():
        return "Its path has to end in the publishing point's name with .isml."
    return "Behind .isml nothing stands but /Streams(ID)."


def address(point: str, stream: str, query: str, source: str | None) -> str:
    """The URL that a stream is POSTed to."""
    named = f"source={quote(source)}" if source else ""
    more = "&".join(part for part in (query, named) if part)
    return f"{point}/Streams({stream})" + (f"?{more}" if more else "")

"""How a resource travels: the headers that every answer to a player has, and its body.

Every site may play (`Access-Control-Allow-Origin: *`); there are no credentials to steal. A body of
many small parts, as a long playlist is, goes out as one: each part handed to the server costs as
much as a small answer. What is large is never copied.
"""

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from starlette.types import Send

from packagers.resource import Resource
from relay.media import Buffer

_SMALL = 64 << 10
"""Bytes of a part below which it is joined with its neighbours."""

_METHODS = b"GET, HEAD, OPTIONS"
_HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"date, server, range, content-length, content-location, cmsd-static, live-edge-age",
    ),
    (b"timing-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
)
_PREFLIGHT = (
    (b"access-control-allow-methods", _METHODS),
    (b"access-control-allow-headers", b"*, authorization"),  # * does not stand for that one
    (b"access-control-max-age", b"86400"),
    (b"allow", _METHODS),
)


async def preflight(send: Send) -> None:
    """Answer OPTIONS: everybody may do everything that there is to do."""
    headers = [*_HEADERS, *_PREFLIGHT]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def redirect(send: Send, location: str) -> None:
    """Send a player to another URL, relative to the one that it asked for."""
    headers = [
        *_HEADERS,
        (b"location", location.encode()),
        (b"cache-control", b"no-store"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 302, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def deliver(
    send: Send,
    resource: Resource,
    location: str,
    *,
    bodiless: bool,
    told: tuple[tuple[str, str], ...] = (),
) -> None:
    """Send a resource. `location`: Content-Location, "" for none; `bodiless`: it was a HEAD.

    `told`: more headers than its own.
    """
    headers = [
        *_HEADERS,
        (b"cache-control", resource.cache.encode()),
        (b"accept-ranges", b"bytes" if resource.ranged else b"none"),
    ]
    if resource.status != HTTPStatus.NOT_MODIFIED:
        headers += [
            (b"content-type", resource.media_type.encode()),
            (b"content-length", str(resource.size).encode()),
        ]
    if resource.etag:
        headers.append((b"etag", resource.etag.encode()))
    if resource.modified:
        headers.append((b"last-modified", _date(resource.modified)))
    if resource.encoding and resource.status != HTTPStatus.NOT_MODIFIED:
        headers.append((b"content-encoding", resource.encoding.encode()))
    if resource.varies:
        headers.append((b"vary", b"accept-encoding"))
    headers += [(name.encode(), value.encode()) for name, value in (*resource.told, *told)]
    if location:
        headers.append((b"content-location", location.encode()))
    if resource.extent:
        headers.append((b"content-range", resource.extent.encode()))
    if resource.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", _METHODS))
    await send({"type": "http.response.start", "status": resource.status, "headers": headers})
    *parts, last = [b""] if bodiless or not resource.body else _pieces(resource.body)
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": last, "more_body": False})


@lru_cache(maxsize=256)
def _date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode()


def _pieces(body: tuple[Buffer, ...]) -> list[Buffer]:
    """The parts, small neighbours joined; what is large may be a view, which our server knows."""
    pieces: list[Buffer] = []
    small: list[Buffer] = []
    for part in body:
        if len(part) < _SMALL:
            small.append(part)
            continue
        if small:
            pieces.append(b"".join(small))
            small = []
        pieces.append(part)
    return [*pieces, b"".join(small)] if small else pieces

"""`relay export`: what a relay has of a program or a channel, as one MP4 file.

It asks for what a player would, so it works from anywhere and while live goes on: the best video
and every audio of the multivariant playlist, from their first segment to their last. A hole stays a
hole in time; nothing is decoded. The file is fragmented, in order of time, and gets its name only
when it is whole.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Annotated
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import ProxyHandler, Request, build_opener

import typer

from relay.errors import EncoderError, OperatorError, quoted
from relay.mp4 import collect

SECONDS = 30
LONGEST = 64 << 20
"""Bytes of an answer."""

Fetch = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Listed:
    """A track as its playlist lists it: where its init segment and its media are."""

    init: str
    media: tuple[tuple[int, str], ...]


def export(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="http://RELAY:8080/news.evening.isml of a program.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The MP4 file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a program, or what a channel has in its window, to one MP4 file."""
    if not url.startswith(("http://", "https://")):
        raise OperatorError(f"{quoted(url)} is no http URL: write http://HOST:PORT/NAME.isml")
    if file.exists() and not force:
        raise OperatorError(f"{file} is there already.", hint="To replace it: --force")
    part = file.with_name(f".{file.name}.part")
    try:
        size = write(url.rstrip("/") + "/", part, _fetch)
        part.replace(file)
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror or error}") from error
    except EncoderError as error:
        raise OperatorError(f"What {quoted(url)} sent cannot be read: {error.message}") from error
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"{file}: {size} bytes")


def write(base: str, file: Path, fetch: Fetch) -> int:
    """Write what is at a publishing point; its size.

    Raises OperatorError, EncoderError, OSError.
    """
    with file.open("wb") as out:
        for piece in pieces(base, fetch):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
        return out.tell()


def pieces(base: str, fetch: Fetch) -> Iterator[bytes]:
    """The file of what is at a publishing point, piece by piece: its header first.

    Raises OperatorError, EncoderError.
    """
    playlists = chosen(_text(fetch, base + "master.m3u8"))
    tracks = [listed(urljoin(base, uri), fetch) for uri in playlists]
    tracks = [track for track in tracks if track.media]
    if not tracks:
        raise OperatorError("There is nothing to export: no segment is there.")
    inits = [fetch(track.init) for track in tracks]
    pending = sorted(
        (index, number, url) for number, track in enumerate(tracks) for index, url in track.media
    )
    scales = [collect.timescale(init) for init in inits]
    starts = [collect.begins(fetch(track.media[0][1])) for track in tracks]
    shift = min(start // scale for start, scale in zip(starts, scales, strict=True))
    yield collect.header(inits)
    for _, number, url in pending:
        yield collect.fragments(fetch(url), number + 1, shift * scales[number])


def chosen(text: str) -> list[str]:
    """Of a multivariant playlist: the playlists of the best variant and of its audio group."""
    found = re.findall(r"#EXT-X-STREAM-INF:([^\n]*)\n([^#\n]+)", text)
    if not found:
        raise OperatorError("There is nothing to export: no variant is listed.")
    told, best = max(found, key=lambda pair: int(_attribute(pair[0], "BANDWIDTH") or 0))
    group = _attribute(told, "AUDIO")
    audios = [
        _attribute(line, "URI")
        for line in re.findall(r"#EXT-X-MEDIA:([^\n]*)", text)
        if _attribute(line, "TYPE") == "AUDIO" and _attribute(line, "GROUP-ID") == group
    ]
    return list(dict.fromkeys([best, *(uri for uri in audios if uri)]))


def listed(url: str, fetch: Fetch) -> Listed:
    """A media playlist. Raises OperatorError when its settings change within."""
    text = _text(fetch, url)
    inits = dict.fromkeys(re.findall(r'#EXT-X-MAP:URI="([^"]*)"', text))
    if len(inits) != 1:
        raise OperatorError(
            f"The settings of {quoted(url)} changed on the way: no single file can hold it."
        )
    media = []
    for tags, uri in re.findall(r"((?:#[^\n]*\n)*)([^#\n]+)\n", text):
        number = re.fullmatch(r"([0-9]{1,10})\.m4s", uri)
        if number and "#EXT-X-GAP" not in tags:
            media.append((int(number[1]), urljoin(url, uri)))
    return Listed(urljoin(url, next(iter(inits))), tuple(media))


def _attribute(line: str, name: str) -> str:
    found = re.search(rf'(?:^|,){name}=("[^"]*"|[^,]*)', line)
    return found[1].strip('"') if found else ""


def _text(fetch: Fetch, url: str) -> str:
    return fetch(url).decode("utf-8", "replace")


def _fetch(url: str) -> bytes:
    try:
        with build_opener(ProxyHandler({})).open(Request(url), timeout=SECONDS) as answer:  # noqa: S310 - checked
            data: bytes = answer.read(LONGEST + 1)
    except HTTPError as error:
        with error:
            raise OperatorError(f"{quoted(url)} answers {error.code}.") from None
    except (OSError, HTTPException) as error:
        raise OperatorError(f"{quoted(url)} does not answer: {error}") from None
    if len(data) > LONGEST:
        raise OperatorError(f"{quoted(url)} is longer than {LONGEST} bytes.")
    return data

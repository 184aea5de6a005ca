"""`relay reset` and `relay prefer`: what an operator asks of a running relay from a terminal.

They call the admin port (`relay.monitor.control`). Exit codes: 0 when it was done, else 1.
"""

import json
import sys
from http.client import HTTPException
from typing import Annotated, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import typer

from relay.errors import OperatorError, quoted

SECONDS = 60
"""A reset waits for open POSTs to end, and then for the disk."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="The channel.")]
Admin = Annotated[
    str, typer.Option("--url", "--admin", metavar="URL", help="The admin port of a running relay.")
]
LOCAL = "http://127.0.0.1:8081"


def reset(
    name: Name,
    url: Admin = LOCAL,
    join: Annotated[
        bool,
        typer.Option("--join", help="Go on with the timeline of its peer, not with a new one."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking first.")] = False,
) -> None:
    """Empty a channel of a running relay: what it has stored is deleted, and a new timeline begins.

    Encoders connect again by themselves, players have to load it anew; other channels go on.

    Where encoders do not stamp UTC, URLs then mean other media than before: empty caches too.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise OperatorError(
                f"This deletes what {name} has stored.", hint="To do it without being asked: --yes"
            )
        then = "take over its peer's timeline" if join else "begin a new timeline"
        typer.confirm(f"Delete all that {name} has stored, and {then}?", abort=True)
    _ask(url, name, "reset", {"join": join})
    typer.echo(f"{name} was reset. Its encoders connect again; load its players anew.")


def prefer(
    name: Name,
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="Left out: none; the first copy wins.")
    ] = None,
    url: Admin = LOCAL,
) -> None:
    """Prefer the copies of one source while it delivers, until the relay ends or this is undone."""
    told = _ask(url, name, "prefer", {"source": source})
    if source is None:
        typer.echo(f"{name} prefers no source: the first copy wins.")
        return
    typer.echo(f"{name} prefers {source}.")
    if not told.get("known"):
        typer.echo(
            f"No source of this name has delivered yet; to see them: relay status --admin {url}"
        )


def program(
    name: Name,
    start: Annotated[
        str | None, typer.Option(metavar="PROGRAM", help="Begin one with the next fragment.")
    ] = None,
    stop: Annotated[str | None, typer.Option(metavar="PROGRAM", help="End one.")] = None,
    window: Annotated[
        int | None, typer.Option(metavar="SECONDS", help="Of a new one: keep no more than this.")
    ] = None,
    url: Admin = LOCAL,
) -> None:
    """Start or stop a program: a part of a channel that stays under URLs of its own.

    While it runs it is live; once it is stopped it has its end, and stays as long as its folder.
    """
    if (start is None) == (stop is None) or (stop is not None and window is not None):
        raise OperatorError("Say --start PROGRAM [--window SECONDS], or --stop PROGRAM.")
    said = {"stop": stop} if start is None else {"start": start, "window": window}
    told = _ask(url, name, "program", said)
    typer.echo(f"{told['program']} {'has ended' if told['ended'] else 'runs'}: {told['path']}")


def _ask(url: str, name: str, word: str, said: dict[str, Any]) -> dict[str, Any]:
    """POST to the admin port. Raises OperatorError with what it answered, or that nobody did."""
    if not url.startswith(("http://", "https://")):
        raise OperatorError(f"{quoted(url)} is no http URL: write http://HOST:PORT")
    path = f"{url.rstrip('/')}/api/v1/channels/{quote(name, safe='')}/{word}"
    headers = {"content-type": "application/json"}
    try:
        request = Request(path, json.dumps(said).encode(), headers, method="POST")  # noqa: S310 - checked
        with build_opener(ProxyHandler({})).open(request, timeout=SECONDS) as answer:
            done = json.load(answer)
    except HTTPError as error:
        with error:
            raise _refusal(error) from None
    except (OSError, ValueError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise OperatorError(
            f"No relay answers at {quoted(url)}: {reason}", hint="For another admin port: --url URL"
        ) from None
    if not isinstance(done, dict):
        raise OperatorError(f"What answers at {quoted(url)} is no relay.")
    return done


def _refusal(error: HTTPError) -> OperatorError:
    try:
        told = json.loads(error.read(65536))
        return OperatorError(quoted(told["detail"], 400), hint=quoted(told.get("hint", ""), 400))
    except (OSError, ValueError, KeyError, TypeError, HTTPException):
        return OperatorError(
            f"The answer was {error.code}.", hint="Is it the admin port of a relay?"
        )

"""How a command asks the admin port of a running relay: JSON there and back, and its token."""

import json
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import typer

from relay.errors import OperatorError, quoted
from relay.secret import secret

SECONDS = 60
"""A reset waits for open POSTs to end, and then for the disk."""
LOCAL = "http://127.0.0.1:8081"

Admin = Annotated[
    str, typer.Option("--url", "--admin", metavar="URL", help="The admin port of a running relay.")
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        envvar="RELAY_SERVER__ADMIN_TOKEN_FILE",
        help="The file with the admin port's token, if it has one.",
    ),
]


def opened(
    url: str,
    path: str,
    token_file: Path | None = None,
    *,
    said: object = None,
    method: str = "GET",
    seconds: float = SECONDS,
) -> Any:
    """The answer, as JSON. Raises OSError (HTTPError too), ValueError, HTTPException.

    Raises OperatorError for a URL or a token file that cannot be used.
    """
    if not url.startswith(("http://", "https://")):
        raise OperatorError(f"{quoted(url)} is no http URL: write http://HOST:PORT")
    headers = {"content-type": "application/json"}
    if token_file is not None:
        headers["authorization"] = f"Bearer {secret(token_file)}"
    body = None if method in ("GET", "DELETE") else json.dumps(said or {}).encode()
    request = Request(url.rstrip("/") + path, body, headers, method=method)  # noqa: S310 - checked
    with build_opener(ProxyHandler({})).open(request, timeout=seconds) as answer:
        return json.load(answer)


def asked(
    url: str,
    path: str,
    token_file: Path | None = None,
    *,
    said: object = None,
    method: str = "POST",
) -> dict[str, Any]:
    """Ask, below `/api/v1`. Raises OperatorError with what was answered, or that nobody did."""
    try:
        done = opened(url, f"/api/v1{path}", token_file, said=said, method=method)
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
        lines = [quoted(line, 400) for line in told.get("errors", [])]
        hint = "\n".join(lines) or quoted(told.get("hint", ""), 400)
        return OperatorError(quoted(told["detail"], 400), hint=hint)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, HTTPException):
        return OperatorError(
            f"The answer was {error.code}.", hint="Is it the admin port of a relay?"
        )

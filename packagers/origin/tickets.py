"""Playback of a channel that has a token: who shows it is served, anyone else is not.

    Authorization: Bearer     by players that can add a field to every request
    /{token}/news.isml/...    a folder before the name: every URL in every document is relative, so
                              each player asks for the rest in the same folder
    ?token=                   for links; a document is answered by a redirect to the folder

So documents are the same for all, and no player has to know of tokens. Those who got the URL can
pass it on: this keeps strangers out, and no subscribers in. A token is too long to be guessed, so a
wrong one costs no waiting time: one viewer with an old link must not shut out all others behind the
same address.

What is served so may be kept by the viewer's own cache only. `time`, `state` and `pins` carry no
media and stay open: balancers and other relays ask for them.
"""

import hmac
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from packagers.origin.delivery import deliver, redirect
from packagers.origin.failover import DOCUMENTS
from packagers.resource import Asked, What, parse, problem
from relay.errors import PlayerError, TicketRequired

_OPEN = (What.CLOCK, What.STATE, What.PINS)
_CHALLENGE = (("www-authenticate", 'Bearer realm="relay"'),)


class Tickets:
    """ASGI application: `origin`, for whom it is meant.

    `tokens`: those that open a channel or program, by its name; none: it is open to all.
    `refused`: how many requests were, by code.
    """

    def __init__(self, origin: ASGIApp, tokens: Callable[[str], Sequence[str]]) -> None:
        self.refused: Counter[str] = Counter()
        self._origin = origin
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = _asked(scope)
        tokens = self._tokens(asked.channel) if asked is not None else ()
        if asked is None or not tokens:
            await self._origin(scope, receive, send)
        elif _opens(tokens, [_bearer(scope), *_folders(scope, asked)]):
            await self._origin(scope, receive, _private(send))
        else:
            query = scope.get("query_string", b"").decode("latin-1").split("&")
            said = [unquote(part[6:]) for part in query if part.startswith("token=")]
            found = _opens(tokens, said)
            if found and asked.what in DOCUMENTS:
                rest = "&".join(part for part in query if not part.startswith("token="))
                await redirect(send, _below(found, asked) + (f"?{rest}" if rest else ""))
            elif found:
                await self._origin(scope, receive, _private(send))
            else:
                await self._refuse(scope, send)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        error = TicketRequired(
            "This channel is played with a token.",
            hint="Put it before the name, /{token}/{name}.isml/..., or behind it, ?token=.",
        )
        self.refused[error.code] += 1
        await deliver(send, problem(error), "", bodiless=scope["method"] == "HEAD", told=_CHALLENGE)


def _asked(scope: Scope) -> Asked | None:
    """What a token may be needed for; None: nothing, the origin knows what to say."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    try:
        asked = parse(scope["path"])
    except PlayerError:
        return None
    return None if asked.what in _OPEN else asked


def _opens(tokens: Sequence[str], shown: Sequence[str]) -> str:
    """The token that one of these is, "" for none; every pair is compared, in the same time."""
    found = ""
    for token in tokens:
        for each in shown:
            if hmac.compare_digest(each.encode(errors="replace"), token.encode()):
                found = token
    return found


def _bearer(scope: Scope) -> str:
    said = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    kind, _, token = said.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _folders(scope: Scope, asked: Asked) -> list[str]:
    end = len(scope["path"]) - len(f"/{asked.channel}{asked.suffix}/{asked.rest}")
    return str(scope["path"][:end]).split("/")[1:]


def _below(token: str, asked: Asked) -> str:
    """The same path with the token as a folder before the name, as a relative reference."""
    up = "../" * (asked.rest.count("/") + 1)
    return f"{up}{token}/{asked.channel}{asked.suffix}/{asked.rest}"


def _private(send: Send) -> Send:
    """An answer that no cache but the viewer's may keep."""

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name, value.replace(b"public", b"private") if name == b"cache-control" else value)
                for name, value in message["headers"]
            ]
            message = {**message, "headers": headers}
        await send(message)

    return sent

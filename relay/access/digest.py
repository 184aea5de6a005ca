"""Digest access authentication (RFC 7616), the server's side, without a memory.

A nonce is the moment at which it was made and a keyed hash of that moment and the peer's address.
So it holds for `LIFETIME_MS`, for that address, on every worker with the same key, and nothing has
to be remembered of strangers who never come back. An encoder takes it up on its empty POST and
signs the long one behind it with it; a stale one is told so, and asked again. `qop=auth` only: the
body of a live POST has no end to be signed.

MD5 is offered last, because real encoders know nothing else.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping

from relay.access.credentials import same_text

REALM = "relay"
LIFETIME_MS = 300_000

_ALGORITHMS: Mapping[str, Callable[[bytes], str]] = {
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}
_PAIR = re.compile(r'([A-Za-z0-9*-]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,\s*|$)')
_MOST_PAIRS = 16


def challenges(key: bytes, address: str, now: int, *, stale: bool = False) -> tuple[str, ...]:
    """Values of WWW-Authenticate, the better one first. `now` in ms."""
    again = ", stale=true" if stale else ""
    nonce = _nonce(key, address, now)
    return tuple(
        f'Digest realm="{REALM}", qop="auth", algorithm={name}, nonce="{nonce}"{again}'
        for name in _ALGORITHMS
    )


def read(said: str) -> dict[str, str]:
    """The parameters of an Authorization field by their name; {} when they cannot be read."""
    found: dict[str, str] = {}
    at = 0
    while at < len(said):
        pair = _PAIR.match(said, at)
        if pair is None or len(found) >= _MOST_PAIRS:
            return {}
        quoted, plain = pair[2], pair[3]
        found[pair[1].lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = pair.end()
    return found


def stale(said: Mapping[str, str], key: bytes, address: str, now: int) -> bool:
    """The nonce is not, or no longer, one of ours for this address."""
    nonce = said.get("nonce", "")
    made = nonce.partition("-")[0]
    if not re.fullmatch(r"[0-9]{1,15}", made):
        return True
    return not same_text(nonce, _nonce(key, address, int(made))) or not (
        0 <= now - int(made) <= LIFETIME_MS
    )


def signed(said: Mapping[str, str], user: str, password: str, method: str, uri: str) -> bool:
    """The response is what this user would give for this request (3.4.1).

    A front end may have cut a prefix off the URL that was signed; so its end has to be ours.
    """
    digest = _ALGORITHMS.get(said.get("algorithm", "MD5").upper())
    if digest is None or said.get("qop") != "auth" or said.get("realm") != REALM:
        return False
    ours = digest(f"{user}:{REALM}:{password}".encode())
    request = digest(f"{method}:{said.get('uri', '')}".encode())
    middle = ":".join(said.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
    expected = digest(f"{ours}:{middle}:{request}".encode())
    same = same_text(said.get("response", ""), expected) & same_text(said.get("username", ""), user)
    return same and said.get("uri", "").endswith(uri)


def _nonce(key: bytes, address: str, made: int) -> str:
    seal = hmac.new(key, f"{made} {address}".encode(), hashlib.sha256).hexdigest()
    return f"{made}-{seal}"

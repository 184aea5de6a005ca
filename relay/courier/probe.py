"""The empty POST before the media (HTTP-1, HTTP-2), its challenges and redirects.

Both are answered here alone, since a live body cannot be sent again; what they settle (the final
URL, the way to authenticate) counts for the POST behind it. A redirect stays on its host, never
leaves TLS, and takes credentials nowhere else: a peer that was taken over must not aim us at
others. Challenges are taken up anew at every probe, so a nonce is never older than its POST.
"""

import asyncio
import ssl
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from relay.courier.access import Access
from relay.courier.answer import read_answer
from relay.courier.wire import Wire
from relay.errors import quoted
from relay.uplink.steps import Answer

LIMIT = 10.0
"""Seconds that a probe may take from its connection to its answer."""
REDIRECTS = 3
_REDIRECT = frozenset((301, 302, 307, 308))


@dataclass(slots=True)
class Settled:
    """What a POST of media needs. `headers` name and authenticate us; `trust`: whom TLS trusts."""

    url: URL
    headers: dict[str, str]
    trust: ssl.SSLContext | None = None
    digest: aiohttp.DigestAuthMiddleware | None = None
    answer: Answer = field(default_factory=lambda: Answer(310, "too many redirects"))


async def probe(wire: Wire, home: URL, access: Access, headers: dict[str, str]) -> Settled:
    """POST nothing, and settle. Raises aiohttp.ClientError, OSError (TimeoutError is one)."""
    settled = Settled(home, dict(headers))
    if access.token:
        settled.headers["Authorization"] = f"Bearer {access.token}"
    challenged = False
    redirects = 0
    while redirects <= REDIRECTS:
        if settled.trust is None and settled.url.scheme == "https":
            settled.trust = await asyncio.to_thread(access.context)
        async with (
            asyncio.timeout(LIMIT),
            wire.session(settled.trust, settled.digest) as session,
            session.post(
                settled.url, data=b"", headers=settled.headers, allow_redirects=False
            ) as response,
        ):
            if response.status == 401 and access.user and not challenged:
                challenged = True
                if _take_up(response.headers.get("WWW-Authenticate", ""), access, settled):
                    continue
            location = response.headers.get("Location", "")
            if response.status in _REDIRECT and location:
                redirects += 1
                url = settled.url.join(URL(location, encoded=True))
                if not _may_follow(home, url, secret=access.secret or bool(access.cert_file)):
                    told = f"redirects to {quoted(url.host or '')}: not ours"
                    settled.answer = Answer(response.status, told)
                    return settled
                settled.url = url
                continue
            settled.answer = await read_answer(response)
            return settled
    return settled


def _may_follow(home: URL, url: URL, *, secret: bool) -> bool:
    if url.scheme not in ("http", "https") or url.host != home.host:
        return False
    if secret and url.origin() != home.origin():
        return False
    return url.scheme == "https" or home.scheme == "http"


def _take_up(challenge: str, access: Access, settled: Settled) -> bool:
    """Take up Basic or Digest; whether that can be tried."""
    scheme = challenge.partition(" ")[0].lower()
    if scheme == "digest":
        settled.digest = aiohttp.DigestAuthMiddleware(access.user, access.password)
    elif scheme == "basic":
        settled.headers["Authorization"] = aiohttp.encode_basic_auth(access.user, access.password)
    else:
        return False
    return True

"""What a peer said: a status, and a few words of its body if it says them soon.

A peer may be hostile: at most `MOST` bytes of its body are read, for at most `PATIENCE` seconds,
and only printable characters of it go on to people.
"""

import asyncio
import contextlib
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from relay.errors import quoted
from relay.uplink.steps import Answer

MOST = 4096
PATIENCE = 0.5


async def read_answer(response: aiohttp.ClientResponse) -> Answer:
    """The answer in a response, whose text is the problem document's code and detail, if any."""
    body = b""
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(PATIENCE):
            body = await response.content.read(MOST)
    text = response.reason or ""
    with contextlib.suppress(ValueError, RecursionError):
        told = json.loads(body)
        if isinstance(told, dict):
            text = " ".join(str(told[key]) for key in ("code", "detail") if key in told) or text
    after = retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC))
    return Answer(response.status, quoted(text, 200), after)


def broken_off(error: Exception) -> str:
    """What ended an exchange, fit for people: without the URL, which may hold a secret."""
    if isinstance(error, aiohttp.ClientResponseError):  # an answer that is no HTTP, for instance
        return quoted(f"{error.status}, {error.message}", 200)
    if isinstance(error, aiohttp.InvalidURL):
        return "its URL cannot be used"
    return quoted(str(error), 200) or type(error).__name__


def retry_after(said: str, now: datetime) -> int:
    """Retry-After (RFC 9110 10.2.3), seconds or a date, in ms; 0 when it says nothing."""
    if said.isascii() and said.isdigit():
        return int(said[:6]) * 1000
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0, int((parsedate_to_datetime(said) - now).total_seconds() * 1000))
    return 0

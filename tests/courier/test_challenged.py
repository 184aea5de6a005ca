"""The courier before who sends it on, or asks who it is."""

import asyncio
import base64
from hashlib import md5

import pytest

from relay.channel import Rules
from relay.courier.access import Access
from relay.encoder.stamp import Stamper
from tests import door
from tests.courier.misbehaving import chunk, served
from tests.courier.sending import CELL, PATH, published, pushing, sender
from tests.server.wire import eventually


async def test_a_redirected_probe_settles_where_the_media_goes(quick: Stamper) -> None:
    async with door.opened(rules=Rules(duration=CELL)) as opened:
        home = f"http://127.0.0.1:{opened.address[1]}{PATH}"

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n"
                + f"Location: {home}\r\nConnection: close\r\n\r\n".encode()
            )

        async with served(redirect) as address:
            pushed = sender(quick, address, lasts=2.5)
            assert await asyncio.wait_for(pushed.courier.run(), 30)
        assert await eventually(lambda: len(published(opened)) > 0)


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
@pytest.mark.requirement("HTTP-1a", "HTTP-2a", "HTTP-3a", role="client")
async def test_a_challenge_of_the_probe_is_answered_and_counts_for_the_media(
    quick: Stamper, scheme: str
) -> None:
    heads: list[bytes] = []
    challenge = f'{scheme} realm="relay"'
    if scheme == "Digest":
        challenge += ', nonce="abc", qop="auth", algorithm=MD5'

    async def guard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        if not _authorized(head):
            writer.write(
                f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
        elif b"Content-Length: 0" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        else:
            while await chunk(reader):
                pass
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with served(guard) as address:
        pushed = sender(quick, address, lasts=2.5, access=Access("enc", "s3cret"))
        assert await asyncio.wait_for(pushed.courier.run(), 30)
        assert pushed.plan.progress.fragments > 0
        tried = [_authorized(head) for head in heads]
        assert tried == [False] * tried.count(False) + [True, True]
        assert b"chunked" in heads[-1]
        wrong = sender(quick, address, lasts=1, access=Access("enc", "guess"))
        assert not await asyncio.wait_for(wrong.courier.run(), 30)
        assert wrong.plan.progress.answer.startswith("401")


@pytest.mark.requirement("HTTP-1a", "HTTP-4a", role="client")
async def test_a_token_and_no_more_than_needed_stands_in_the_head(quick: Stamper) -> None:
    heads: list[bytes] = []

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with served(look) as address:
        pushed = sender(quick, address, access=Access(token="t0ken"))
        async with pushing(pushed):
            assert await eventually(lambda: len(heads) > 1)
    assert heads[0].startswith(f"POST {PATH} HTTP/1.1\r\n".encode())
    assert all(b"Authorization: Bearer t0ken" in head for head in heads)
    assert b"Content-Length: 0" in heads[0]
    assert b"Transfer-Encoding: chunked" in heads[1]


def _authorized(head: bytes) -> bool:
    """Basic or Digest (RFC 7616, qop auth) of enc:s3cret."""
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    said = lines.get(b"Authorization", b"").decode()
    if said.startswith("Basic "):
        return base64.b64decode(said[6:]) == b"enc:s3cret"
    if not said.startswith("Digest "):
        return False
    parts = dict(part.strip().split("=", 1) for part in said[7:].split(", "))
    told = {name: value.strip('"') for name, value in parts.items()}
    first = md5(b"enc:relay:s3cret").hexdigest()
    second = md5(f"POST:{told['uri']}".encode()).hexdigest()
    inner = f"{first}:{told['nonce']}:{told['nc']}:{told['cnonce']}:{told['qop']}:{second}"
    return told["response"] == md5(inner.encode()).hexdigest()


def _media(heads: list[bytes]) -> list[bytes]:
    return [head for head in heads if b"Content-Length: 0" not in head]


@pytest.mark.threat("T24")
async def test_no_challenge_ends_a_courier(quick: Stamper) -> None:
    """What cannot be read of an answer is a failed attempt, and the next one follows."""
    odd = b'Digest realm="a", nonce="b", qop="auth", domain="http://[::1"'
    posts: list[bytes] = []

    async def challenge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        told = (
            b"WWW-Authenticate: " + odd
            if b"Content-Length: 0" not in head
            else b"Connection: close"
        )
        first = b"Content-Length: 0" in head and b"Authorization" not in head
        if first:
            told = b'WWW-Authenticate: Digest realm="a", nonce="b", qop="auth"'
        posts.append(head)
        status = b"401 Unauthorized" if told.startswith(b"WWW") else b"200 OK"
        writer.write(b"HTTP/1.1 %s\r\n%s\r\nContent-Length: 0\r\n\r\n" % (status, told))
        await writer.drain()
        await reader.read(65536)

    async with served(challenge) as address:
        pushed = sender(quick, address, access=Access(user="u", password="p"))
        async with pushing(pushed) as task:
            assert await eventually(lambda: task.done() or len(_media(posts)) >= 2, 30)
            assert not task.done()

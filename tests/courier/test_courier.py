"""The courier on real sockets: before a relay's own door, and before servers that misbehave."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from hashlib import md5

import pytest

from relay.channel import Rules
from relay.courier.access import Access
from relay.courier.courier import Courier
from relay.encoder.cutting import make as cut
from relay.encoder.faults import Faults, parse
from relay.encoder.plan import Plan
from relay.encoder.progress import State
from relay.encoder.stamp import Stamper
from relay.media import Verdict
from relay.mp4.recording import Recording
from tests import door
from tests.courier.misbehaving import chunk, probed, served, vanish
from tests.encoder.clips import MUTE, Shape
from tests.server.wire import eventually

CELL = Fraction(1)
PATH = "/news.isml/Streams(main)"


@pytest.fixture(scope="session")
def quick(record: Callable[[Shape], Recording]) -> Stamper:
    """One video in cells of a second."""
    return Stamper.of(cut(record(MUTE), CELL))


@dataclass(frozen=True)
class Pushed:
    """A plan and who carries it."""

    plan: Plan
    courier: Courier


def utc() -> int:
    return time.time_ns() // 1_000_000


def sender(
    stamper: Stamper,
    address: tuple[str, int],
    *faults: str,
    lasts: float = 0,
    access: Access | None = None,
) -> Pushed:
    now = utc()
    ends = now + int(lasts * 1000) if lasts else None
    wrong = Faults([parse(text) for text in faults])
    made = Plan("main", stamper, stamper.tracks, now, ends, wrong)
    return Pushed(
        made, Courier(f"http://127.0.0.1:{address[1]}{PATH}", made, utc, lambda: access or Access())
    )


@asynccontextmanager
async def pushing(pushed: Pushed) -> AsyncIterator["asyncio.Task[bool]"]:
    task = asyncio.create_task(pushed.courier.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def published(opened: door.Door) -> list[int]:
    return [at for each in names(opened) for at in door.published(opened.channel, each)]


def names(opened: door.Door) -> list[str]:
    return [rendition.track.name for rendition in opened.channel.presentation.renditions]


@pytest.mark.requirement("HTTP-5a", "HTTP-5b", role="client")
async def test_a_push_arrives_whole_and_ends_with_200(quick: Stamper) -> None:
    async with door.opened(rules=Rules(duration=CELL, patience=60_000)) as opened:
        pushed = sender(quick, opened.address, lasts=3.5)
        assert await asyncio.wait_for(pushed.courier.run(), 30)
        assert pushed.plan.progress.answer == "200 OK"
        assert pushed.plan.progress.posts == 1
        count = pushed.plan.progress.fragments
        assert count >= 2
        assert await eventually(lambda: len(published(opened)) == count)
        indexes = published(opened)
        assert indexes == list(range(indexes[0], indexes[0] + count))
        assert abs(indexes[0] - time.time()) < 60
        assert opened.rejected == {}


async def test_stop_ends_cleanly_in_mid_wait(quick: Stamper) -> None:
    async with door.opened(rules=Rules(duration=CELL)) as opened:
        pushed = sender(quick, opened.address)
        async with pushing(pushed) as task:
            assert await eventually(lambda: pushed.plan.progress.fragments > 0)
            pushed.courier.stop()
            assert await asyncio.wait_for(task, 10)


@pytest.mark.requirement("HTTP-7a", "HTTP-7b", "SVC-3b", "SVC-5a", role="client")
async def test_a_broken_connection_is_taken_up_with_the_last_two(quick: Stamper) -> None:
    async with door.opened(rules=Rules(duration=CELL, patience=60_000)) as opened:
        pushed = sender(quick, opened.address, "kill=3.2", lasts=6)
        assert await asyncio.wait_for(pushed.courier.run(), 30)
        assert (pushed.plan.progress.posts, pushed.plan.progress.resent) == (2, 2)
        fresh = pushed.plan.progress.fragments - 2
        assert await eventually(lambda: len(published(opened)) == fresh)
        (counts,) = [door.verdicts(opened.channel, name) for name in names(opened)]
        assert sum(found.get(Verdict.DUPLICATE, 0) for found in counts.values()) == 2


@pytest.mark.parametrize("size", [5000, 6_000_000])
async def test_a_broken_connection_ends_at_the_very_byte(quick: Stamper, size: int) -> None:
    taken: list[int] = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await probed(reader, writer):
            return
        came = 0
        try:
            while True:
                came += len(await chunk(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            taken.append(came)

    async with served(count) as address:
        pushed = sender(_Bulky(quick.clip, quick.tracks), address, f"kill@{size}")
        async with pushing(pushed):
            assert await eventually(lambda: len(taken) > 0, 20)
    assert taken[0] == size
    assert pushed.plan.progress.answer == "cut by a fault" or pushed.plan.progress.posts > 1


@pytest.mark.threat("T24")
@pytest.mark.requirement("HTTP-1b", "SVC-7c", role="client")
async def test_an_early_refusal_is_seen_at_once(quick: Stamper) -> None:
    refused: list[float] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await probed(reader, writer):
            return
        await chunk(reader)
        refused.append(time.monotonic())
        body = b'{"code": "NO", "detail": "Not you."}'
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        while await reader.read(65536):  # reads on, as a careful server does
            pass

    async with served(refuse) as address:
        pushed = sender(quick, address)
        async with pushing(pushed):
            assert await eventually(lambda: pushed.plan.progress.answer == "403 NO Not you.", 20)
            assert time.monotonic() - refused[0] < 1
            assert await eventually(lambda: len(refused) > 1, 20), "no second attempt"


@pytest.mark.requirement("SVC-2a", role="client")
async def test_a_peer_that_takes_nothing_is_given_up(quick: Stamper) -> None:
    posts: list[int] = []

    async def sleep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await probed(reader, writer):
            return
        posts.append(1)
        await asyncio.sleep(60)

    async with served(sleep, limit=1024) as address:
        pushed = sender(_Bulky(quick.clip, quick.tracks), address)
        async with pushing(pushed) as task:
            said = "send timeout"
            assert await eventually(lambda: said in pushed.plan.progress.answer, 30)
            assert await eventually(lambda: len(posts) > 1, 20)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=5)
            assert done, "what the peer does not take holds the connection open"


class _Bulky(Stamper):
    """Fragments that no socket buffer holds."""

    def fragment(self, *arguments: object) -> bytes:
        return bytes(8_000_000)


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


@pytest.mark.requirement("SVC-4a", "SVC-7b", role="client")
async def test_nobody_there_is_asked_again_without_end(quick: Stamper) -> None:
    async with served(vanish) as address:
        pass
    pushed = sender(quick, address)
    async with pushing(pushed) as task:
        assert await eventually(lambda: pushed.plan.progress.answer.startswith("no connection: "))
        assert pushed.plan.progress.state in (State.WAITING, State.PROBING)
        pushed.courier.stop()
        assert not await asyncio.wait_for(task, 10)


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

"""The thin door: carries out the plan of one stream over HTTP, and decides nothing.

Three things that an HTTP client does not do by itself, and that an encoder needs:

- It reads while it sends, so an early answer is seen at once and ends the POST.
- "Delivered" is what the peer's kernel has acknowledged: the bytes that left for the socket less
  what the socket still holds (SIOCOUTQ). A socket can hold a minute of audio, which two resent
  fragments would not cover.
- A peer that neither reads nor answers is given up: when nothing has been acknowledged for the
  plan's send timeout although bytes are waiting. A limit on reading would fire in every long POST.

Every POST has a connection of its own, never one that has failed. Challenges and redirects are
answered on the probe alone, since a live body cannot be sent again; what they settle (credentials,
the final URL) counts for the POST behind it.
"""

import asyncio
import contextlib
import json
import socket
import struct
import sys
import termios
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from fcntl import ioctl

import aiohttp
from yarl import URL

from relay.encoder.plan import Plan
from relay.encoder.steps import Answer, Cut, End, Finish, Open, Probe, Send, Wait

CONNECT = 10.0
PROBE = 10.0
LAST_ANSWER = 15.0
REDIRECTS = 5
POLL = 0.1
AGENT = "relay-push"
_CLOSED = 7
"""TCP_CLOSE, the state of a connection that was reset: its queue is gone, whoever had what."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who we are and whom we trust. `verify` False: any certificate."""

    user: str = ""
    password: str = ""
    token: str = ""
    verify: bool = True


class _BrokenOff(Exception):
    """A fault asked for it."""


class Sender:
    """One stream on its way to `url`."""

    def __init__(self, url: str, plan: Plan, access: Access) -> None:
        self.plan = plan
        self._home = self._url = URL(url, encoded=True)
        self._access = access
        self._headers = {"User-Agent": AGENT, "Content-Type": "video/mp4"}
        if access.token:
            self._headers["Authorization"] = f"Bearer {access.token}"
        self._digest: aiohttp.DigestAuthMiddleware | None = None
        self._nudge = asyncio.Event()
        self._sockets: list[socket.socket] = []  # of this session; one of them connects
        self._delivered = 0

    def stop(self) -> None:
        """End cleanly."""
        self.plan.stop()
        self._nudge.set()

    async def run(self) -> bool:
        """Push until the plan ends; whether it ended cleanly."""
        while True:
            match self.plan.step(_now()):
                case End(clean):
                    return clean
                case Wait(until):
                    await self._sleep(until)
                case Probe():
                    self.plan.probed(await self._probe(), _now())
                case Open():
                    await self._media()
                case step:
                    raise AssertionError(f"{step} outside a POST")

    async def _sleep(self, until: int) -> None:
        self._nudge.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._nudge.wait(), max(0, until - _now()) / 1000)

    def _session(self) -> aiohttp.ClientSession:
        self._sockets.clear()
        connector = aiohttp.TCPConnector(
            ssl=self._access.verify,
            socket_factory=self._connecting,
            force_close=True,
            use_dns_cache=False,
        )
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=None)
        middlewares = (self._digest,) if self._digest else ()
        return aiohttp.ClientSession(
            connector=connector, timeout=timeout, middlewares=middlewares, trust_env=False
        )

    def _connecting(self, address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(CONNECT * 1000))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets.append(made)
        return made

    async def _probe(self) -> Answer | None:
        """The empty POST, its challenges and redirects; None: nobody answered."""
        url, self._url = self._home, self._home
        challenged = False
        for _ in range(REDIRECTS):
            try:
                async with (
                    asyncio.timeout(PROBE),
                    self._session() as session,
                    session.post(url, data=b"", headers=self._headers, allow_redirects=False) as r,
                ):
                    if r.status == 401 and self._access.user and not challenged:
                        challenged = self._challenged(r.headers.get("WWW-Authenticate", ""))
                        if challenged:
                            continue
                    if r.status in (301, 302, 307, 308) and "Location" in r.headers:
                        url = url.join(URL(r.headers["Location"], encoded=True))
                        if "Authorization" in self._headers and not self._at_home(url):
                            return Answer(r.status, "redirects our credentials to another host")
                        continue
                    if r.status == 200:
                        self._url = url
                    return await _answer(r)
            except (aiohttp.ClientError, OSError):
                return None
        return Answer(310, "too many redirects")

    def _at_home(self, url: URL) -> bool:
        return url.origin() == self._home.origin()

    def _challenged(self, challenge: str) -> bool:
        """Take up Basic or Digest; whether that can be tried."""
        user, password = self._access.user, self._access.password
        if challenge.lower().startswith("digest"):
            self._digest = aiohttp.DigestAuthMiddleware(user, password)
        elif challenge.lower().startswith("basic"):
            self._headers["Authorization"] = aiohttp.encode_basic_auth(user, password)
        else:
            return False
        return True

    async def _media(self) -> None:
        """One POST of media, to whatever end."""
        self._delivered = 0
        tracker = aiohttp.UploadTracker()
        async with self._session() as session:
            post = asyncio.create_task(self._post(session, tracker))
            try:
                why = await self._watch(post, tracker)
            finally:
                post.cancel()
                self._abandon()
            answer: Answer | None = None
            try:
                answer = post.result()
            except asyncio.CancelledError:
                why = why or "cancelled"
            except (aiohttp.ClientError, OSError) as error:
                why = why or _reason(error)
        self.plan.closed(answer, _now(), self._delivered, why)

    async def _post(self, session: aiohttp.ClientSession, tracker: aiohttp.UploadTracker) -> Answer:
        async with session.post(
            self._url,
            data=self._body(tracker),
            headers=self._headers,
            allow_redirects=False,
            upload_tracker=tracker,
        ) as response:
            self._measure(tracker)
            return await _answer(response)

    async def _body(self, tracker: aiohttp.UploadTracker) -> AsyncIterator[bytes]:
        while True:
            match self.plan.step(_now()):
                case Send(data):
                    yield data
                case Wait(until):
                    await self._sleep(until)
                case Finish():
                    return
                case Cut():
                    await self._cut(tracker)
                    raise _BrokenOff
                case step:
                    raise AssertionError(f"{step} within a POST")

    async def _cut(self, tracker: aiohttp.UploadTracker) -> None:
        """Let out what was sent, then have the kernel reset the connection at its closing."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                while self._measure(tracker) < self.plan.handed:  # noqa: ASYNC110 - the kernel's
                    await asyncio.sleep(0.01)
        for open_ in self._open():
            open_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _abandon(self) -> None:
        """Have done with the connection, or what its peer does not take would hold it open."""
        for open_ in self._open():
            with contextlib.suppress(OSError):
                open_.shutdown(socket.SHUT_RDWR)

    def _open(self) -> list[socket.socket]:
        return [made for made in self._sockets if made.fileno() >= 0]

    async def _watch(self, post: "asyncio.Task[Answer]", tracker: aiohttp.UploadTracker) -> str:
        """Until the POST is over: measure, and give up a peer that takes nothing. Why, if so."""
        moved = time.monotonic()
        limit = self.plan.send_timeout / 1000
        before = 0
        while not post.done():
            await asyncio.wait({post}, timeout=POLL)
            ended = tracker.upload_complete.done()
            if ended:  # the last chunk is out: only the answer is missing
                limit = max(limit, LAST_ANSWER)
            if self._measure(tracker) > before or (self._delivered >= self.plan.handed > 0):
                if not ended or self._delivered > before:
                    moved = time.monotonic()
                before = self._delivered
            if time.monotonic() - moved > limit:
                post.cancel()
                await asyncio.wait({post})
                return "no answer" if ended else "the peer takes nothing: send timeout"
        return ""

    def _measure(self, tracker: aiohttp.UploadTracker) -> int:
        """Bytes of the body that the peer's kernel has acknowledged: a lower bound.

        A connection that is over says nothing any more: what it held may be lost.
        """
        for open_ in self._open():
            with contextlib.suppress(OSError):
                if open_.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _CLOSED:
                    continue
                held = int.from_bytes(ioctl(open_, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
                self._delivered = max(self._delivered, tracker.bytes_written - held)
        return self._delivered


def _now() -> int:
    return time.time_ns() // 1_000_000


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    """A status with what its body says, if it says it soon."""
    body = b""
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(2):
            body = await response.content.read(4096)
    text = response.reason or ""
    with contextlib.suppress(ValueError):
        told = json.loads(body)
        if isinstance(told, dict):
            text = " ".join(str(told[key]) for key in ("code", "detail") if key in told) or text
    return Answer(response.status, text)


def _reason(error: BaseException) -> str:
    """Why a POST broke off, in a few words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _BrokenOff):
            return "cut by a fault"
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__

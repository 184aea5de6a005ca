"""One stream on its way: does what its duties ask, over HTTP, and says what came of it.

Three things that an HTTP client does not do by itself, and that a live sender needs:

- It reads while it sends, so an early answer is seen at once and ends the POST.
- It tells its duties what has been delivered: see `wire`.
- A peer that does not take what it gets is given up: one that neither reads nor answers, and one
  that crawls (SVC-2, `relay.uplink.headway`). A limit on reading would fire in every long POST.

Every POST has a connection of its own, never one that has failed (SVC-5).
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
from yarl import URL

from relay.courier.access import Access
from relay.courier.answer import broken_off, read_answer
from relay.courier.probe import Settled, probe
from relay.courier.wire import CONNECT, Wire
from relay.media import Buffer
from relay.uplink.headway import Headway
from relay.uplink.steps import (
    Answer,
    Cut,
    Duties,
    End,
    Fetch,
    Finish,
    Open,
    Probe,
    Send,
    Short,
    Wait,
)

LAST_ANSWER = 15.0
POLL = 0.1
AGENT = "isml-relay"


class _BrokenOff(Exception):
    """A fault asked for it."""


class Courier:
    """Carries `duties` to `url`.

    now      ms of the duties' clock
    access   credentials, asked for at every probe; OSError: they cannot be had now
    bring    answers a Fetch: takes the bytes to the duties
    """

    def __init__(
        self,
        url: str,
        duties: Duties,
        now: Callable[[], int],
        access: Callable[[], Access] = Access,
        *,
        bring: Callable[[Fetch], Awaitable[None]] | None = None,
        agent: str = AGENT,
    ) -> None:
        self.duties = duties
        self._home = URL(url, encoded=True)
        self._now = now
        self._access = access
        self._bring = bring
        self._headers = {"User-Agent": agent, "Content-Type": "video/mp4"}
        self._settled = Settled(self._home, self._headers)
        self._wire = Wire()
        self._nudge = asyncio.Event()
        self._headway = Headway(0, 0)

    def nudge(self) -> None:
        """Something happened: do not wait any longer."""
        self._nudge.set()

    def stop(self) -> None:
        """End cleanly."""
        self.duties.stop()
        self.nudge()

    async def run(self) -> bool:
        """Carry until the duties end; whether they ended cleanly."""
        while True:
            match self.duties.step(self._now()):
                case End(clean):
                    return clean
                case Wait(until):
                    await self._sleep(until)
                case Fetch() as wanted:
                    await self._fetch(wanted)
                case Probe():
                    await self._probe()
                case Open():
                    await self._carry(None)
                case Short(data):
                    await self._carry(data)
                case step:
                    raise AssertionError(f"{step} outside a POST")

    async def _sleep(self, until: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0, until - self._now()) / 1000):
                await self._nudge.wait()
        self._nudge.clear()

    async def _fetch(self, wanted: Fetch) -> None:
        if self._bring is None:
            raise AssertionError(f"nobody brings {wanted}")
        await self._bring(wanted)

    async def _probe(self) -> None:
        try:
            access = self._access()
            self._settled = await probe(self._wire, self._home, access, self._headers)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self.duties.probed(None, self._now(), _reason(error))
        else:
            self.duties.probed(self._settled.answer, self._now())

    async def _carry(self, data: bytes | None) -> None:
        """One POST of media, to whatever end. `data`: all of its body, if that is known."""
        tracker = aiohttp.UploadTracker()
        answer: Answer | None = None
        why, delivered = "", 0
        self._headway = Headway(self.duties.send_timeout, _monotonic())
        if data is not None:
            self._headway.hand(len(data))
        try:
            async with self._wire.session(self._settled.trust, self._settled.digest) as session:
                post = asyncio.create_task(self._post(session, tracker, data))
                try:
                    why = await self._watch(post, tracker)
                finally:
                    delivered = self._wire.acknowledged(tracker)
                    self._wire.abandon()
                    post.cancel()
                    await asyncio.wait({post})
                answer = post.result()
        except asyncio.CancelledError:
            if not why:
                raise
        except (aiohttp.ClientError, OSError, ValueError, _BrokenOff) as error:  # as in a challenge
            why = why or _reason(error)
        self.duties.closed(answer, self._now(), delivered, why)

    async def _post(
        self, session: aiohttp.ClientSession, tracker: aiohttp.UploadTracker, data: bytes | None
    ) -> Answer:
        async with session.post(
            self._settled.url,
            data=self._body(tracker) if data is None else data,
            headers=self._settled.headers,
            allow_redirects=False,
            upload_tracker=tracker,
        ) as response:
            self._wire.acknowledged(tracker)
            return await read_answer(response)

    async def _body(self, tracker: aiohttp.UploadTracker) -> AsyncIterator[Buffer]:
        while True:
            match self.duties.step(self._now()):
                case Send(data):
                    self._headway.hand(len(data))
                    yield data
                case Wait(until):
                    await self._sleep(until)
                case Fetch() as wanted:
                    await self._fetch(wanted)
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
                while self._wire.acknowledged(tracker) < self.duties.handed:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # the kernel does not wake us
        self._wire.reset_at_close()

    async def _watch(self, post: "asyncio.Task[Answer]", tracker: aiohttp.UploadTracker) -> str:
        """Until the POST is over: measure, and give up a peer that does not take it. Why, if so."""
        headway, before = self._headway, 0
        begun = ended = False
        while not post.done():
            await asyncio.wait({post}, timeout=POLL)
            delivered, now = self._wire.acknowledged(tracker), _monotonic()
            if delivered > before:
                self.duties.acknowledged(delivered, self._now())
                before = delivered
            if not begun and tracker.bytes_written:
                begun, headway.since = True, now  # connecting has a limit of its own
            if not ended and tracker.upload_complete.done():
                ended, headway.since = True, now  # the last chunk is out
            if headway.waits or not ended:
                headway.look(delivered, now)
            least = LAST_ANSWER if ended else 0 if begun else CONNECT
            if headway.over(now, int(least * 1000)):
                self._wire.reset_at_close()  # or what waits would still go out, beside the next
                post.cancel()
                await asyncio.wait({post})
                return "no answer" if ended else "the peer takes too little: send timeout"
        return ""


def _monotonic() -> int:
    return time.monotonic_ns() // 1_000_000


def _reason(error: Exception) -> str:
    """Why an attempt broke off, in a few words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _BrokenOff):
            return "cut by a fault"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted"
    if isinstance(error, aiohttp.ClientConnectorError):
        said = os.strerror(error.os_error.errno) if error.os_error.errno else str(error.os_error)
        return f"no connection: {said}"
    if isinstance(error, ConnectionError | aiohttp.ClientOSError):
        return "connection lost" + (f": {os.strerror(error.errno)}" if error.errno else "")
    return broken_off(error)

"""One request and its answer: what the application's `receive` and `send` are.

hypercorn's HTTPStream builds the scope and follows the application's messages. This file replaces
its queue and its way to fail.

The queue of hypercorn 0.18 dead-locks: the end of an answer puts `http.disconnect` into a bounded
queue which the rest of the body has filled, so an application that answers early waits for ever,
and so does its connection. `RequestBody` here has three states: open, in which a full queue holds
the sender back through TCP; moot, from the head of an early answer on, in which what still comes
is dropped and nothing blocks; closed, in which `receive` hands out what is left and then
`http.disconnect`, as often as it is asked.

Invariants: a sender that disappears shows as `http.disconnect`, after all bytes that came; never as
`more_body: False`. `100 Continue` is sent when the application first asks for the body, so that it
can refuse without (RFC 9110 10.1.1). An exception of the application is one log record and, while
no answer has begun, a 500; the connection ends either way.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from hypercorn.config import Config
from hypercorn.protocol.events import Body, Event, Request, StreamClosed
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.typing import (
    AppWrapper,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
    TaskGroup,
    WorkerContext,
)
from hypercorn.utils import suppress_body

from relay.media import Buffer
from relay.server.refusal import Refused

logger = logging.getLogger("relay.server")

Address = tuple[str, int]
_FAILED = {"code": "APPLICATION_FAILED"}
OVERHEAD = 1024
PARTS = "relay.parts"
FEW = 2
EXPECT = "relay.expect"
"""Extension of the scope; its `of` is told of so many bytes that are to come (`Wire.expect`)."""
STREAM_ID = 1  # HTTP/1.1 has one at a time


class RequestBody:
    """The messages of a request between the connection, which puts, and the application.

    `most`: bytes of them that may wait, and one message more. Each counts for `OVERHEAD` at least.
    """

    def __init__(self, most: int = 128 << 10) -> None:
        self._most = most
        self._held = 0
        self._messages: deque[ASGIReceiveEvent] = deque()
        self._moot = self._closed = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()

    async def put(self, message: ASGIReceiveEvent) -> None:
        """Hand a message over; waits while there are enough of them, and they are wanted."""
        while self._held >= self._most and not self._moot:
            self._writable.clear()
            await self._writable.wait()
        if not self._moot:
            self._messages.append(message)
            self._held += _cost(message)
            self._readable.set()

    async def receive(self) -> ASGIReceiveEvent:
        """The next message; once the body is closed and empty, always `http.disconnect`."""
        while not self._messages and not self._closed:
            self._readable.clear()
            await self._readable.wait()
        if not self._messages:
            return {"type": "http.disconnect"}
        message = self._messages.popleft()
        self._held -= _cost(message)
        self._writable.set()
        return message

    @property
    def waiting(self) -> bool:
        """There are messages that the application has not taken."""
        return bool(self._messages)

    def discard(self) -> None:
        """Nobody wants the rest."""
        self._moot = True
        self._messages.clear()
        self._held = 0
        self._writable.set()

    def close(self) -> None:
        """Nothing comes any more."""
        self._closed = True
        self._readable.set()


def _cost(message: ASGIReceiveEvent) -> int:
    body: bytes = message.get("body", b"")  # type: ignore[assignment]
    parts: Sequence[Buffer] = message.get("parts", ())  # type: ignore[assignment]
    return OVERHEAD + len(body) + sum(map(len, parts))


class Exchange(HTTPStream):
    """An HTTPStream with its own body queue; `invite` sends 100 Continue where it is awaited."""

    def __init__(
        self,
        *,
        app: AppWrapper,
        config: Config,
        context: WorkerContext,
        task_group: TaskGroup,
        client: Address | None,
        server: Address | None,
        send: Callable[[Event], Awaitable[None]],
        invite: Callable[[], Awaitable[None]],
        expect: Callable[[int], None],
        tls: Mapping[str, Any] | None = None,
    ) -> None:
        secure = tls is not None
        super().__init__(
            self._run, config, context, task_group, secure, client, server, send, STREAM_ID
        )
        self._tls = tls
        self._application = app
        self._body = RequestBody()
        self._invite = invite
        self._expect = expect
        self._cut = False
        self._done = asyncio.Event()

    async def handle(self, event: Event) -> None:
        """What the connection has for this request; StreamClosed when there is no more."""
        if isinstance(event, StreamClosed):
            self.closed = True
            self._body.close()
            return
        await super().handle(event)
        if isinstance(event, Request):
            self.app_put = self._body.put

    async def app_send(self, message: ASGISendEvent | None) -> None:
        """A message of the application. Of a body that is a view no copy is made."""
        told: Any = message
        if told is not None and isinstance(told.get("body"), memoryview):
            wanted = self.state is ASGIHTTPState.RESPONSE and not suppress_body(
                self.scope["method"], self.response["status"]
            )
            if wanted and told["body"]:
                await self.send(Body(stream_id=STREAM_ID, data=told["body"]))
            told = {**told, "body": b""}
        await super().app_send(told)

    async def take(self, pieces: Sequence[Buffer]) -> None:
        """Parts of the body that came together. The message says how many there were, `pieces`.

        An application that has put `PARTS` among the extensions of its scope gets them as `parts`,
        beside an empty body, joined where there are more than `FEW`: each costs it more than to
        copy what has just been read. Any other one gets them as the body.
        """
        message: Any = {"type": "http.request", "body": b"", "more_body": True}
        message["pieces"] = len(pieces)
        if PARTS in self.scope["extensions"]:
            message["parts"] = pieces if len(pieces) <= FEW else (b"".join(pieces),)
        else:
            message["body"] = b"".join(pieces)  # of a single bytes object: itself
        await self._body.put(message)

    def discard(self) -> None:
        """The answer has begun before the request's end: the rest of its body is moot."""
        self._body.discard()

    def cut(self) -> None:
        """The request ends here, incomplete; it may still be answered."""
        self._cut = True
        self._body.close()

    async def done(self) -> None:
        """Wait until the application has done with it."""
        await self._done.wait()

    async def _receive(self) -> ASGIReceiveEvent:
        await self._invite()
        return await self._body.receive()

    async def _run(
        self,
        scope: Scope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        sync_spawn: Callable[..., Any],
        call_soon: Callable[..., Any],
    ) -> None:
        del receive  # hypercorn's queue, which RequestBody replaces
        try:
            await self._answer(scope, send, sync_spawn, call_soon)
        finally:
            self._done.set()
            self.scope["extensions"] = {}  # what stands in it refers to us, and so does `app`
            del self.app

    async def _answer(
        self,
        scope: Scope,
        send: ASGISendCallable,
        sync_spawn: Callable[..., Any],
        call_soon: Callable[..., Any],
    ) -> None:
        if scope["type"] == "http":
            scope["extensions"][EXPECT] = {"of": self._expected}
        if self._tls is not None and scope["type"] == "http":
            scope["extensions"]["tls"] = dict(self._tls)
        try:
            await self._application(scope, self._receive, send, sync_spawn, call_soon)
        except Exception:  # the boundary of the application: it may raise anything
            logger.exception("The application failed at %s.", self._place(), extra=_FAILED)
        else:
            if self.closed or self.state is not ASGIHTTPState.REQUEST:
                return
            if self._cut:  # to whom would it be?
                self.closed = True
                return
            logger.error("The application gave no answer at %s.", self._place(), extra=_FAILED)
        if self.state is ASGIHTTPState.REQUEST:
            failure = Refused(500, "INTERNAL", "The relay failed here; its log says why.")
            fields, body = failure.answer()
            await send({"type": "http.response.start", "status": failure.status, "headers": fields})
            await send({"type": "http.response.body", "body": body, "more_body": False})

    def _expected(self, size: int) -> None:
        self._expect(0 if self._body.waiting else size)

    def _place(self) -> str:
        # raw_path is percent-encoded and printable (h11), so that it cannot forge a log line
        return f"{self.scope['method']} {self.scope['raw_path'][:200].decode('ascii')}"

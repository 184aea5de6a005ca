"""HTTP/1.1 on one connection: what hypercorn's H11Protocol does, without its traps.

One request after the other (RFC 9112 section 9.3). Between two requests the bytes go to
`HeadReader` and from there, as a checked head, to a new h11.Connection; so no head, pipelined ones
included, reaches h11 unchecked. Until the answer is complete, further bytes of a pipelined request
wait, and with them the reading of the socket.

The law of early answers: when an answer begins before the end of the request's body, it carries
`Connection: close`, and from there on the body is not read by anyone: `discarding` is set, the
connection drops what comes. This holds for every answer, of the application or our own, so that the
doors may refuse at any time without reading. RFC 9112 9.6 wants it: closing a socket with unread
bytes makes TCP reset it, and the reset may overtake the answer.

A head goes out with the first part of its body, in one write, where it says how long that is: such
a body is at hand. Any other answer may take its time, and its head goes out by itself.

An error's traceback leads to frames that hold the error, and us; what is over shall leave nothing
for the search of garbage, however it ended, so it is cut off.

Chunks that came together are handed over together, up to `TOGETHER` of them: a body in chunks of a
byte costs its sender's connection time, and others a turn of a millisecond.

HTTP/2 does not exist here: neither the preface (505) nor an upgrade (ignored) leads to it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import h11
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import EndBody, Request, Response
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import AppWrapper, ConnectionState, H11SendableEvent, TaskGroup, WorkerContext

from relay.server.chunks import Chunks
from relay.server.exchange import STREAM_ID, Address, Exchange
from relay.server.head import HeadReader, check_request
from relay.server.refusal import Fields, Refused, reason_phrase

TOGETHER = 128
"""Chunks that are handed over together, at most."""
_JOINED = 64 * 1024
"""Bytes of a body that are copied to be behind their head."""


class Protocol(H11Protocol):
    """Turns bytes into requests for `app` and its answers into bytes for `send`.

    `handle(RawData)` takes bytes (waits while the application is behind), `handle(Closed)` says
    that none will follow. `send` is given RawData, Updated(idle) and, at the end, Closed: close
    when the peer has had time to read.
    """

    connection: h11.Connection
    stream: Exchange | None

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
        expect: Callable[[int], None],
        tls: Mapping[str, Any] | None = None,
    ) -> None:
        state, secure = ConnectionState({}), tls is not None
        super().__init__(app, config, context, task_group, state, secure, client, server, send)
        self._expect = expect
        self._tls = tls
        self.discarding = False
        self._heads = HeadReader()
        self._between = True  # two requests: bytes belong to a head
        self._body_ended = False
        self._method = b""
        self._chunks: Chunks | None = None
        self._held = b""  # the head of an answer, until its body comes

    @property
    def head_started(self) -> bool:
        """A request has begun to come, and its head is not complete."""
        return self._between and self._heads.started

    @property
    def carries_media(self) -> bool:
        """The request under way brings a body: it is an encoder's."""
        return self._method in {b"POST", b"PUT"}

    async def handle(self, event: Event) -> None:
        """Take bytes, or the news that none will follow."""
        if isinstance(event, RawData):
            await self._take(event.data)
        elif isinstance(event, Closed):
            self.discarding = True
            await self._close_stream()
            await self.can_read.set()

    async def end(self) -> None:
        """No bytes will follow, but the peer may still read: wait until it has its answer."""
        exchange = self.stream
        if exchange is None or self.discarding:
            return
        if not self._body_ended:
            exchange.cut()
        await exchange.done()

    async def _take(self, data: bytes) -> None:
        try:
            if self._between:
                self._heads.feed(data)
            else:
                await self._take_body(data)
            while not self.discarding and await self._handle_next():
                pass
        except Refused as refused:
            await self._refuse(refused.with_traceback(None))
        except h11.RemoteProtocolError as error:
            told, _, _ = str(error).partition(": bytearray(")  # and then what was sent
            error.with_traceback(None)
            await self._refuse(Refused(error.error_status_hint, "HTTP_MALFORMED", told))

    async def stream_send(self, event: StreamEvent) -> None:
        """Take a part of an answer from the exchange; of one that was refused, nothing."""
        if self.stream is None:
            return
        if isinstance(event, Response) and event.status_code >= 200:
            await self._begin_answer(event.status_code, event.headers)
        else:
            await super().stream_send(event)

    async def _take_body(self, data: bytes) -> None:
        """Bytes behind a head. Those in chunks pass h11 by, but for the last chunk."""
        if self._chunks is None:
            self.connection.receive_data(data)
            return
        chunks = self._chunks
        chunks.feed(data)
        while not self.discarding and (pieces := chunks.take(TOGETHER)):
            if self.stream is not None:
                await self.stream.take(pieces)
            if len(pieces) == TOGETHER:
                await asyncio.sleep(0)  # others' turn
        if chunks.fault is not None:
            raise chunks.fault
        if chunks.rest:
            self._chunks = None
            self.connection.receive_data(chunks.rest)

    async def _handle_next(self) -> bool:
        """Handle one event; False when more bytes are needed for one."""
        if self._chunks is not None:
            return False
        if self._between:
            head = self._heads.next_head()
            if head is None:
                return False
            self._between = self._body_ended = False
            self.connection.receive_data(head)
        event = self.connection.next_event()
        if isinstance(event, h11.Request):
            self._method = event.method
            check_request(event)
            await self.send(Updated(idle=False))
            await self._create_stream(event)
            if any(name == b"transfer-encoding" for name, _ in event.headers):
                self._chunks = Chunks()  # h11 has refused whatever else it could be
            if rest := self._heads.take_rest():
                await self._take_body(rest)
        elif event is h11.PAUSED:  # a pipelined request: its turn comes when the answer is complete
            await self.can_read.clear()
            await self.can_read.wait()
        elif isinstance(event, h11.Data) and self.stream is not None:
            await self.stream.take([bytes(event.data)])
        elif isinstance(event, h11.EndOfMessage) and self.stream is not None:
            self._body_ended = True
            await self.stream.handle(EndBody(STREAM_ID))
        else:
            return False
        return True

    async def _create_stream(self, request: h11.Request) -> None:
        self.stream = Exchange(
            app=self.app,
            config=self.config,
            context=self.context,
            task_group=self.task_group,
            client=self.client,
            server=self.server,
            send=self.stream_send,
            invite=self._invite,
            expect=self._expect,
            tls=self._tls,
        )
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=list(request.headers),
                http_version=request.http_version.decode("ascii"),
                method=request.method.decode("ascii"),  # case counts (RFC 9110 9.1), for h11 too
                raw_path=request.target,
                state=self.connection_state,
            )
        )

    async def _invite(self) -> None:
        if self.connection.they_are_waiting_for_100_continue and not self.discarding:
            reason = reason_phrase(100)
            event = h11.InformationalResponse(status_code=100, headers=[], reason=reason)
            await self._send_h11_event(event)

    async def _begin_answer(self, status: int, headers: Fields) -> None:
        early = not self._body_ended
        if early:
            self.discarding = True
            if self.stream is not None:
                self.stream.discard()
        fields = headers
        if early or self.context.terminated.is_set():
            fields = [field for field in headers if field[0].lower() != b"connection"]
            fields.append((b"connection", b"close"))
        present = {name.lower() for name, _ in fields}
        ours = [field for field in self.config.response_headers("h11") if field[0] not in present]
        await self._send_h11_event(
            h11.Response(status_code=status, headers=[*fields, *ours], reason=reason_phrase(status))
        )

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            parts = self.connection.send_with_data_passthrough(event) or []
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
            return
        data = parts[0] if len(parts) == 1 else b"".join(parts)  # of a large body: no copy
        if isinstance(event, h11.Response):
            self._held = data
            if any(name == b"content-length" for name, _ in event.headers):
                return
            data = b""
        if self._held and data and len(data) <= _JOINED:
            self._held += data
            data = b""
        held, self._held = self._held, b""
        for part in (held, data):
            if part:
                await self.send(RawData(data=part))

    async def _refuse(self, refused: Refused) -> None:
        """End a request that no application shall see, or see further."""
        self.discarding = True
        await self._close_stream()
        if self.connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            fields, body = refused.answer()
            fields += self.config.response_headers("h11")
            reason = reason_phrase(refused.status)
            answer: list[H11SendableEvent] = [
                h11.Response(status_code=refused.status, headers=fields, reason=reason),
                h11.EndOfMessage(),
            ]
            if self._method != b"HEAD":
                answer.insert(1, h11.Data(data=body))
            for event in answer:
                await self._send_h11_event(event)
        await self.send(Closed())

    async def _maybe_recycle(self) -> None:
        """The answer is complete, or will never be: on to the next request, or to the end."""
        if self._held:
            held, self._held = self._held, b""
            await self.send(RawData(data=held))
        await self._close_stream()
        done = self.connection.our_state is h11.DONE and self.connection.their_state is h11.DONE
        if done and not self.discarding and not self.context.terminated.is_set():
            self._heads.feed(self.connection.trailing_data[0])
            self.connection = h11.Connection(h11.SERVER, self.config.h11_max_incomplete_size)
            self._between, self._method = True, b""
            await self.send(Updated(idle=True))
        else:
            self.discarding = True
            await self.send(Closed())
        await self.can_read.set()

"""The door in: POSTs of encoders become headers and fragments of a channel.

    URL -> target        ingest.url      400, 404
    who it is            access          401, 403, 429; of an empty body too
    empty body           a probe         200, nothing is created
    admission            admission       503
    body -> boxes        mp4.reader      400, 413
    boxes -> events      ingest.smooth   400, 412, 415
    events -> channel                    412, 503; awaited, which is the back-pressure

At most one fragment per connection is in memory. A body that ends with its last chunk is answered
200 and was an orderly stop; one that breaks off is an interruption, and its sender is expected back
with the last two fragments. Any other answer comes before the end of the body and ends the
connection (the server keeps reading meanwhile): some encoders see nothing but the closed socket.

Some POSTs are to end before their bodies do: when the relay ends, when an operator resets, stops or
removes a channel, or disconnects a source. That is `endings` (`relay.ending`).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from relay.access import Asked, FrontEnd, Gate, Peer
from relay.arrival import Sender
from relay.channel import Channel
from relay.clock import Clock
from relay.ending import Endings, Post
from relay.errors import (
    BoxInvalid,
    EncoderError,
    EncodingUnsupported,
    IngestUrl,
    LimitReached,
    PointUnknown,
    quoted,
)
from relay.ingest import url
from relay.ingest.completion import Completion
from relay.ingest.pace import Pace
from relay.ingest.smooth import Session
from relay.limits import Limits
from relay.media import Buffer, Header
from relay.mp4.reader import Box, BoxReader
from relay.rejections import Rejections

log = structlog.get_logger("relay.receiver")

_Piece = tuple[Sequence[Buffer], bool]
"""What came together of a body, as it came, and whether more follows."""


@dataclass(slots=True)
class _Body:
    """One POST, and what it has brought so far."""

    post: Post
    sender: Sender
    pace: Pace
    expect: Callable[[int], None]
    size: int = 0
    fragments: int = 0
    clean: bool = False


class Receiver:
    """An ASGI application for POST and PUT.

    `busy` says why nobody else may stream now, "" while one may.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        clock: Clock,
        *,
        gates: Mapping[str, Gate] | None = None,
        front_end: FrontEnd | None = None,
        limits: Limits | None = None,
        busy: Callable[[], str] = lambda: "",
        events: bool = False,
    ) -> None:
        self._channels = channels
        self._gates = {} if gates is None else gates
        self._front_end = front_end or FrontEnd()
        self._clock = clock
        self._limits = limits or Limits()
        self._busy = busy
        self._events = events
        self._admission = self._limits.admission()
        self.endings = Endings()
        self._rejections = Rejections()

    def counts(self) -> dict[str, int | dict[str, int]]:
        """How many bodies are open, and how many POSTs were refused, by code."""
        return {"posts": self._admission.open, "rejected": dict(self._rejections.counts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})["relay.parts"] = {}  # what comes need not be joined
        request = Request(scope, receive)
        peer = self._front_end.peer(scope)
        address = peer.address
        try:
            target, channel = self._target(request)
            target = self._known(request, target, peer)
            with self.endings.enter(target.point, address) as post:
                ended = await self._post(request, receive, target, channel, post)
            if ended:
                await Response(status_code=200, headers={"content-length": "0"})(
                    scope, receive, send
                )
        except EncoderError as error:
            answer = self._rejections.answer(error, scope["path"], address, self._clock.now())
            await answer(scope, receive, send)

    def _target(self, request: Request) -> tuple[url.Target, Channel]:
        query = request.scope["query_string"].decode("latin-1")
        target = url.parse(request.scope["path"], query, events=self._events)
        channel = self._channels.get(target.point)
        if channel is None:
            self.endings.refuse_if_shut(target.point)
            raise PointUnknown(
                f"There is no publishing point {quoted(target.point)}.isml.",
                hint="Configure a channel of this name, or correct the encoder's URL.",
            )
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise EncodingUnsupported("The body has a Content-Encoding.", hint="Send it as it is.")
        return target, channel

    def _known(self, request: Request, target: url.Target, peer: Peer) -> url.Target:
        """The target with the source as which this sender may push. Raises EncoderError."""
        gate = self._gates.get(target.point)
        if gate is None:
            return target
        folders = url.folders(request.scope["path"])
        asked = Asked.read(request.scope, peer, folders, target.source)
        return replace(target, source=gate.admit(asked, self._clock.now()))

    async def _post(
        self,
        request: Request,
        receive: Receive,
        target: url.Target,
        channel: Channel,
        post: Post,
    ) -> bool:
        """Read the body. True: it ended and is to be answered; False: the sender is gone."""
        pace = self._limits.pace(self._clock.now())
        first = await self._more(receive, pace, post, at_edge=True)
        if first is None:
            return False
        if first == ((b"",), False):
            return True  # a probe
        if target.stream is None:
            raise IngestUrl(
                "A body came to a URL without Streams(id).",
                hint="Push to /{name}.isml/Streams({id}).",
            )
        busy = self._busy()
        if busy:
            raise LimitReached(f"There is no room for another stream: {busy}.", hint=_BUSY)
        twice = self._admission.present(target, target.stream)
        sender = self._admission.enter(target, target.stream, post.address)
        post.source = sender.source
        expect = request.scope["extensions"].get("relay.expect", {}).get("of", lambda _: None)
        body = _Body(post, sender, pace, expect)
        bound = log.bind(channel=channel.name, stream=sender.stream, source=sender.source)
        agent = quoted(request.headers.get("user-agent", ""))
        bound.info("connected", code="SOURCE_CONNECTED", peer=post.address, agent=agent)
        if twice:
            channel.tell("SOURCE_TWICE", f"{sender.source} {_TWICE}", grave=True)
        channel.began(sender)
        try:
            await self._read(receive, channel, body, first)
        except EncoderError as error:
            channel.refused(sender, error)
            raise
        finally:
            code = "SOURCE_ENDED" if body.clean else "SOURCE_LOST"
            how = {"clean": body.clean, "bytes": body.size, "fragments": body.fragments}
            bound.info("disconnected", code=code, **how)
            self._admission.leave(target, sender, post.address)
            # A body of known length may be one of many: its end says nothing about the stream.
            more = body.clean and "content-length" in request.headers
            await channel.ended(sender, clean=body.clean, more=more)
        return body.clean

    async def _read(
        self, receive: Receive, channel: Channel, body: _Body, piece: _Piece | None
    ) -> None:
        reader, completion = BoxReader(self._limits.boxes), Completion()
        stream = body.sender.stream
        session = Session(stream, channel.header_of(stream), channel.rules.alias)
        while piece is not None:
            parts, more = piece
            body.size += sum(map(len, parts))
            for part in (*parts, b""):  # the last one asks for a fault behind what was complete
                boxes = (box for each in reader.feed(part) for box in completion.take(each))
                await self._took(channel, body, session, boxes)
            if not more:
                await self._took(channel, body, session, completion.end())
                if reader.pending:
                    raise BoxInvalid(f"The body ended {reader.pending} bytes into a box.")
                session.end()
                body.clean = True
                return
            body.expect(reader.missing)
            piece = await self._more(receive, body.pace, body.post, at_edge=not reader.pending)

    async def _took(
        self, channel: Channel, body: _Body, session: Session, boxes: Iterable[Box]
    ) -> None:
        for found in (each for box in boxes for each in session.take(box)):
            await asyncio.sleep(0)  # others' turn: one piece may bring dozens of these
            if isinstance(found, Header):
                if all(told.track.parent for told in found.tracks):
                    body.pace.sparse()
                await channel.header(body.sender, found)
            else:
                await channel.fragment(body.sender, found)
                body.fragments += 1

    async def _more(
        self, receive: Receive, pace: Pace, post: Post, *, at_edge: bool
    ) -> _Piece | None:
        """The next piece of the body and whether more follows; None: the sender is gone."""
        post.at_edge = at_edge
        if at_edge:
            post.refuse_if_over()
        pace.waits(self._clock.now())
        try:
            idle = asyncio.get_running_loop().time() + pace.idle / 1000
            message = await post.until(idle, receive())
        except TimeoutError:
            post.refuse_if_over()
            raise pace.stalled() from None
        if message["type"] == "http.disconnect":
            return None
        parts: Sequence[Buffer] = message.get("parts") or (message.get("body", b""),)
        pace.took(sum(map(len, parts)), self._clock.now(), message.get("pieces", 1))
        return parts, message.get("more_body", False)


_BUSY = "Connect again in a moment; those who push already go on."
_TWICE = (
    "pushes this stream over two connections at once: if these are two encoders, give each its own"
    " ?source="
)

"""One connection to one broker, for one channel, until anything about it is in doubt.

It is never mended: what answers late, drops a heartbeat or leaves out a message is `Silence`, and
whoever holds it (`relay.store.jetstream.link`) opens another one, at the next broker, behind the
last message that came. So there is one way back from every trouble, and it is the way of the start.

What it is told by, each measured against the library and the server:

    put      the stream takes the first message of a subject and refuses others. The refusal is not
             yet the other one's victory: that may be in flight, and vanish with its leader. Only
             what comes back by `follow` is committed
    follow   a pull consumer in memory, headers only, with a heartbeat each second; the consumer's
             own numbers show that nothing was left out. (The library's ordered consumer takes up
             to 20 s to see that its consumer has vanished.)
    fetch    any replica may answer, and be some milliseconds behind: then it is asked again, and at
             last the leader
"""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api
from nats.js.errors import Error as StreamError
from nats.js.errors import NotFoundError

from relay.store.jetstream import opening, subjects
from relay.store.jetstream.brokers import Brokers, Silence
from relay.store.jetstream.subjects import Said, Subjects

BATCH = 512
"""Messages that are asked for at once."""
HEARTBEAT = 1.0
EXPIRES = 20.0
DEAF = 3.5 * HEARTBEAT
"""Seconds without a word after which the consumer is taken for dead."""
UNTOLD = frozenset({10071, 10164, 10158})
"""Error codes of a put that is not the first of its subject, or that one is in flight."""
STALE_READS = (0.0, 0.003, 0.01, 0.05)
"""Seconds before a replica is asked once more."""

Answer = Mapping[str, Any]


class Session:
    """Made by `open`; ended by `close`, or by anything that goes wrong.

    stream      tells its stream from one that was there before
    generation  how often the channel had been emptied
    backlog     messages that wait, once it listens
    """

    def __init__(
        self,
        client: Client,
        brokers: Brokers,
        names: Subjects,
        came: "asyncio.Queue[Msg | None]",
    ) -> None:
        self._client = client
        self._names = names
        self._timeout = brokers.attempt
        self._js = client.jetstream(timeout=brokers.attempt)
        self._came = came
        self._inbox = self._consumer = ""
        self.stream = ""
        self.generation = 0
        self.backlog = 0

    @classmethod
    async def open(cls, server: str, brokers: Brokers, names: Subjects) -> "Session":
        """Connect, and have the stream. Raises Silence, StoreRefused: it can never be used so."""
        came: asyncio.Queue[Msg | None] = asyncio.Queue()

        async def ended() -> None:
            came.put_nowait(None)

        client = await opening.connect(server, brokers, names.channel, ended)
        session = cls(client, brokers, names, came)
        try:
            opening.check(client, server)
            session.stream = await opening.have_stream(session._js, names, brokers.replicas)
            session.generation = await opening.last_generation(session._js, names)
        except BaseException:
            await session.close()
            raise
        return session

    def end(self) -> None:
        """Whoever follows is told Silence; it is to be closed."""
        self._came.put_nowait(None)

    async def close(self) -> None:
        """Close the connection; whoever asks is told Silence."""
        self.end()
        with suppress(Exception):
            await opening.close(self._client)

    async def put(
        self, subject: str, headers: Mapping[str, str], data: bytes, expected: int = 0
    ) -> int | None:
        """Say something, the last word on its subject being `expected`: its place in the stream,
        or None, refused. Raises Silence; OverflowError: it is larger than a message may be."""
        told = {**headers, subjects.EXPECTED: str(expected)}
        try:
            answer = json.loads((await self._ask(subject, data, told)).data)
        except nats.errors.MaxPayloadError as error:
            raise OverflowError(self._client.max_payload) from error
        except ValueError as error:
            raise Silence("no answer of a stream") from error
        if "error" not in answer:
            return int(answer["seq"])
        if answer["error"].get("err_code") in UNTOLD:
            return None
        raise Silence(str(answer["error"].get("description", "refused")))

    async def fetch(self, seq: int) -> bytes | None:
        """The bytes of a message; None: there is no such message any more. Raises Silence."""
        asked = json.dumps({"seq": seq}).encode()
        for pause in STALE_READS:
            await asyncio.sleep(pause)
            found = await self._ask(f"$JS.API.DIRECT.GET.{self._names.stream}", asked)
            if not (found.headers or {}).get("Status"):
                return bytes(found.data)
        answer = await self._ask(f"$JS.API.STREAM.MSG.GET.{self._names.stream}", asked)
        said = json.loads(answer.data)
        if "error" in said:
            if said["error"].get("code") == 404:
                return None
            raise Silence(str(said["error"].get("description", "refused")))
        return b64decode(said["message"].get("data", ""))

    async def purge(self, subject: str, below: int | None = None) -> None:
        """Forget what is on these subjects, with a place under `below`. Raises Silence."""
        try:
            await self._js.purge_stream(self._names.stream, seq=below, subject=subject)
        except (StreamError, nats.errors.Error, OSError) as error:
            raise Silence(str(error)) from error

    async def listen(self, after: int) -> None:
        """Begin to follow behind a place in the stream; `backlog` messages wait. Raises Silence."""
        try:
            inbox = self._client.new_inbox()
            await self._client.subscribe(
                inbox, cb=self._hear, pending_msgs_limit=-1, pending_bytes_limit=-1
            )
            made = await self._js.add_consumer(
                self._names.stream,
                api.ConsumerConfig(
                    deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
                    opt_start_seq=after + 1,
                    ack_policy=api.AckPolicy.NONE,
                    headers_only=True,
                    mem_storage=True,
                    num_replicas=1,
                    inactive_threshold=2 * EXPIRES,
                ),
            )
        except (StreamError, nats.errors.Error, OSError) as error:
            raise Silence(str(error)) from error
        self._inbox, self._consumer = inbox, made.name
        self.backlog = made.num_pending or 0

    async def follow(self) -> AsyncIterator[Said | int]:
        """What the stream has committed, in its order; of a message that is none of ours only the
        place. Raises Silence."""
        wanted, expected = 0, 1
        while True:
            if wanted == 0:
                await self._pull()
                wanted = BATCH
            message = await self._next()
            status = (message.headers or {}).get("Status")
            if status == "100":
                continue
            if status in ("404", "408"):  # nothing new for so long
                wanted = 0
                continue
            if status is not None:
                raise Silence(f"the consumer ended: {status}")
            place = message.metadata.sequence
            if place.consumer != expected:
                raise Silence(f"message {expected} was left out")
            expected, wanted = expected + 1, wanted - 1
            said = self._names.read(message.subject, message.headers or {}, place.stream)
            yield place.stream if said is None else said

    async def last(self, subject: str) -> int:
        """The place of the last message on a subject, says the leader; 0: none. Raises Silence."""
        try:
            found = await self._js.get_last_msg(self._names.stream, subject)
        except NotFoundError:
            return 0
        except (StreamError, nats.errors.Error, OSError) as error:
            raise Silence(str(error)) from error
        return found.seq or 0

    async def _ask(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None = None
    ) -> Msg:
        told = dict(headers) if headers is not None else None
        try:
            return await self._client.request(subject, data, timeout=self._timeout, headers=told)
        except nats.errors.MaxPayloadError:
            raise
        except (nats.errors.Error, OSError) as error:
            raise Silence(str(error)) from error

    async def _hear(self, message: Msg) -> None:
        self._came.put_nowait(message)

    async def _pull(self) -> None:
        nanoseconds = 1_000_000_000
        asked = {
            "batch": BATCH,
            "expires": int(EXPIRES * nanoseconds),
            "idle_heartbeat": int(HEARTBEAT * nanoseconds),
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._names.stream}.{self._consumer}"
        try:
            await self._client.publish(subject, json.dumps(asked).encode(), reply=self._inbox)
        except (nats.errors.Error, OSError) as error:
            raise Silence(str(error)) from error

    async def _next(self) -> Msg:
        try:
            async with asyncio.timeout(DEAF):
                message = await self._came.get()
        except TimeoutError:
            raise Silence("no heartbeat") from None
        if message is None:
            raise Silence("the connection ended")
        return message

"""Claims on the brokers: a bucket of their key-value store, for all channels of a cluster.

    $KV.{cluster}_claims.{channel}.{name}

A record counts once a majority has it, and is written upon the revision that its writer has seen
(`Nats-Expected-Last-Subject-Sequence`), which only the leader decides. It is the leader that is
asked, too: what another replica says may be old, and never become new. The bucket has no age: what
is too old is for those to say who watch it.

One connection for all of them, made when it is wanted: all who want it wait for one attempt. It
is never mended: whatever is not answered ends it, and the next to ask begins another one, at the
next broker.
"""

import asyncio

import nats.errors
from nats.aio.client import Client
from nats.js import api
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, BucketNotFoundError, NotFoundError
from nats.js.errors import Error as StreamError

from relay.errors import StoreRefused
from relay.store.jetstream import opening
from relay.store.jetstream.brokers import Brokers, Silence
from relay.store.jetstream.session import UNTOLD
from relay.store.jetstream.subjects import EXPECTED, token

_FAILURES = (StreamError, nats.errors.Error, Silence, StoreRefused, OSError)


class JetStreamClaims:
    """Those of one cluster, for one relay."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._bucket = f"{token(brokers.cluster)}_claims"
        self._client: Client | None = None
        self._turn = 0
        self._attempt: asyncio.Task[Client] | None = None

    async def read(self, channel: str, name: str) -> tuple[int, bytes]:
        """The record with its revision; 0 and nothing: there is none. Raises OSError."""
        client, js = await self._connection()
        try:
            found = await js.get_last_msg(f"KV_{self._bucket}", self._subject(channel, name))
        except NotFoundError:
            return 0, b""
        except _FAILURES as error:
            raise await self._failed(client, error) from error
        return found.seq or 0, found.data or b""

    async def write(self, channel: str, name: str, record: bytes, revision: int) -> int | None:
        """Write upon a revision: the new one; None: refused. Raises OSError: nobody knows."""
        client, js = await self._connection()
        told = {EXPECTED: str(revision)}
        try:
            answer = await js.publish(self._subject(channel, name), record, headers=told)
        except APIError as error:
            if error.err_code in UNTOLD:
                return None
            raise await self._failed(client, error) from error
        except _FAILURES as error:
            raise await self._failed(client, error) from error
        return answer.seq

    async def close(self) -> None:
        """Let go of the connection."""
        if self._attempt is not None:
            await asyncio.gather(self._attempt, return_exceptions=True)
        client, self._client = self._client, None
        if client is not None:
            await opening.close(client)

    def _subject(self, channel: str, name: str) -> str:
        return f"$KV.{self._bucket}.{token(channel)}.{token(name)}"

    async def _connection(self) -> tuple[Client, JetStreamContext]:
        client = self._client
        if client is None:
            if self._attempt is None:
                servers = self._brokers.servers
                server = servers[self._turn % len(servers)]
                self._turn += 1
                self._attempt = asyncio.create_task(self._connect(server), name="claims")
                self._attempt.add_done_callback(self._tried)
            client = await asyncio.shield(self._attempt)
        return client, client.jetstream(timeout=self._brokers.attempt)

    def _tried(self, attempt: "asyncio.Task[Client]") -> None:
        self._attempt = None
        if not attempt.cancelled() and attempt.exception() is None:
            self._client = attempt.result()

    async def _connect(self, server: str) -> Client:
        """A connection, and the bucket is there. Raises OSError."""
        client = None
        try:
            client = await opening.connect(server, self._brokers, "claims", _ended)
            opening.check(client, server)
            await self._have_bucket(client.jetstream(timeout=self._brokers.attempt))
        except _FAILURES as error:
            if client is not None:
                await opening.close(client)
            raise OSError(f"{server}: {error or type(error).__name__}") from error
        return client

    async def _have_bucket(self, js: JetStreamContext) -> None:
        try:
            await js.key_value(self._bucket)
        except BucketNotFoundError:
            wanted = api.KeyValueConfig(self._bucket, replicas=self._brokers.replicas)
            await js.create_key_value(wanted)

    async def _failed(self, client: Client, error: Exception) -> OSError:
        """It is no longer asked; what to tell."""
        if self._client is client:
            self._client = None
        await opening.close(client)
        return OSError(f"the brokers do not answer: {error or type(error).__name__}")


async def _ended() -> None:
    """A connection that ends shows itself in what is asked."""

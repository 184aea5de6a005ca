"""How a session begins: the connection, what the broker is, and the stream of the channel.

The stream has no limit of age or size. What may go is told to it by the relays, as the window of
each track moves (`relay.store.jetstream.tidying`): an age would take the pins too, which are the
oldest and the dearest, and a limit of size would take them first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import nats.errors
from nats.aio.client import Client
from nats.js import api
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NotFoundError
from nats.js.errors import Error as StreamError

from relay.errors import StoreRefused
from relay.store.jetstream import subjects
from relay.store.jetstream.brokers import LEAST_PAYLOAD, Brokers, Silence, fault
from relay.store.jetstream.subjects import Subjects

NO_ROOM = 10074
"""Error code of a stream that shall have more copies than there are servers."""


async def connect(
    server: str, brokers: Brokers, channel: str, ended: Callable[[], Awaitable[None]]
) -> Client:
    """A connection that is never mended: `ended` is called once it is gone. Raises Silence."""

    async def ignored(_: Exception) -> None:  # each shows itself in what was asked
        return

    client = Client()
    try:
        await client.connect(
            [server],
            name=f"relay {channel}",
            allow_reconnect=False,
            max_reconnect_attempts=1,  # or it asks 60 times before it says anything
            reconnect_time_wait=0,
            connect_timeout=max(1, round(brokers.attempt)),
            ping_interval=2,
            max_outstanding_pings=2,
            pending_size=64 << 20,
            token=brokers.token(),
            tls=brokers.tls(),
            closed_cb=ended,
            error_cb=ignored,
        )
    except (TimeoutError, OSError, nats.errors.Error) as error:
        await close(client)
        raise Silence(str(error) or type(error).__name__) from error
    return client


def check(client: Client, server: str) -> None:
    """Raise StoreRefused when this broker must not be used."""
    version = str(client._server_info.get("version", ""))
    if why := fault(version):
        raise StoreRefused(f"The broker {server} cannot be used: {why}.")
    if client.max_payload < LEAST_PAYLOAD:
        raise StoreRefused(
            f"The broker {server} takes messages of {client.max_payload} bytes at most.",
            hint="A fragment is one message: set max_payload: 16MB in nats-server.conf.",
        )


async def close(client: Client) -> None:
    """Let go of a connection; with TLS to a broker that stands still that takes half a minute."""
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await client.close()


async def have_stream(js: JetStreamContext, names: Subjects, replicas: int) -> str:
    """The stream of a channel is there: when it was made, by which it is told from one that takes
    its place. Raises Silence, StoreRefused."""
    config = api.StreamConfig(
        name=names.stream,
        subjects=[names.all],
        storage=api.StorageType.FILE,
        num_replicas=replicas,
        discard=api.DiscardPolicy.OLD,
        allow_direct=True,
        duplicate_window=120,
    )
    try:
        try:
            found = await js.stream_info(names.stream)
        except NotFoundError:
            found = await js.add_stream(config)
        return str(found.created)
    except APIError as error:
        if error.err_code == NO_ROOM:
            raise StoreRefused(
                f"The brokers cannot keep {replicas} copies: {error.description}.",
                hint="Start as many servers in one cluster, or set replicas in [cluster].",
            ) from error
        raise Silence(str(error.description)) from error
    except (StreamError, nats.errors.Error, OSError) as error:
        raise Silence(str(error)) from error


async def last_generation(js: JetStreamContext, names: Subjects) -> int:
    """How often the channel was emptied. Raises Silence."""
    try:
        found = await js.get_last_msg(names.stream, names.clear)
    except NotFoundError:
        return 0
    except (StreamError, nats.errors.Error, OSError) as error:
        raise Silence(str(error)) from error
    return int((found.headers or {}).get(subjects.GENERATION, "0"))

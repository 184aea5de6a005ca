"""Relays of a cluster that forward a channel's media to one receiver, and the claims they share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from relay.channel import Channel
from relay.forwarder.destination import Destination
from relay.forwarder.forwarder import Forwarder
from relay.forwarder.turn import Seat
from relay.media import Fragment
from relay.store.memory import MemoryStore
from relay.uplink.claim import Claim
from tests import door
from tests.forwarder.test_forwarder import Upstream, push
from tests.server.wire import eventually

KEY = ("news", "eu")
DEAD = ("127.0.0.1", 9)


@dataclass
class Claims:
    """The claims at brokers. `cut`: names of relays that do not reach them."""

    kept: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)

    def claim(self) -> Claim:
        return Claim.of(self.kept[KEY][1])


@dataclass
class Door:
    """The way of one relay to them."""

    name: str
    claims: Claims
    closed: bool = False

    async def read(self, channel: str, name: str) -> tuple[int, bytes]:
        await self._asked()
        return self.claims.kept.get((channel, name), (0, b""))

    async def write(self, channel: str, name: str, record: bytes, revision: int) -> int | None:
        await self._asked()
        if self.claims.kept.get((channel, name), (0, b""))[0] != revision:
            return None
        self.claims.kept[channel, name] = revision + 1, record
        return revision + 1

    async def close(self) -> None:
        self.closed = True

    async def _asked(self) -> None:
        await asyncio.sleep(0)
        if self.name in self.claims.cut:
            raise OSError("no answer")


@dataclass
class Relay:
    channel: Channel
    forwarder: Forwarder

    def holder(self) -> str:
        return self.channel.upstreams["eu"]().holder

    async def close(self) -> None:
        await self.forwarder.close()
        await self.channel.close()


async def started(
    claims: Claims, name: str, *to: Destination, patience: int = 60_000, store: MemoryStore
) -> Relay:
    channel, _ = await door.started(store)
    forwarder = Forwarder(channel, to, None, seat=Seat(Door(name, claims), name, name, patience))
    forwarder.open()
    return Relay(channel, forwarder)


@asynccontextmanager
async def two(
    claims: Claims, *to: Destination, patience: int = 60_000
) -> AsyncIterator[tuple[Relay, Relay]]:
    """One, which has its turn, and two."""
    one = await started(claims, "one", *to, patience=patience, store=MemoryStore())
    assert await eventually(lambda: KEY in claims.kept)
    other = await started(claims, "two", *to, patience=patience, store=MemoryStore())
    try:
        yield one, other
    finally:
        await one.close()
        await other.close()


async def both(relays: tuple[Relay, Relay], first: int, stop: int) -> None:
    for relay in relays:
        await push(relay.channel, first, stop)


def indexes(body: bytearray) -> list[int]:
    found = door.told("main", bytes(body))[1:]
    return [one.time // door.D for one in found if isinstance(one, Fragment)]


def claim(name: str, index: int) -> bytes:
    found = Claim(name, name).written(0).decode()
    reached = (
        f'{{"eu":{{"main":{{"sequence":9,"reached":{{"{door.TRACK}":{index}}},"events":{{}}}}}}}}'
    )
    return found.replace('"upstreams":{}', f'"upstreams":{reached}').encode()


def last(upstream: Upstream) -> int:
    return max((index for body in upstream.bodies for index in indexes(body)), default=0)

"""Stores of several relays on the same brokers, and what they have in common."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import nats

from relay.media import Copy, Gap, Member, Pin
from relay.store.disk import DiskStore
from relay.store.jetstream.brokers import Brokers
from relay.store.jetstream.store import JetStreamStore

TRACK = "video-3000000"
LIMIT = 60.0


def copy(index: int, data: bytes, source: str = "a", track: str = TRACK) -> Copy:
    return Copy(track, 0, index, index * 20, 20, 2, source, 1_700_000_000_000, len(data))


def gap(index: int) -> Gap:
    return Gap(TRACK, 0, index, index * 20, 20, 1_700_000_000_000)


async def until(condition: Callable[[], object], what: str = "") -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, what or "never"
        await asyncio.sleep(0.01)


def members(store: JetStreamStore) -> list[Member]:
    feed = store.follow()
    feed.close()
    return list(feed.past)


async def playable(store: JetStreamStore) -> dict[tuple[str, int, int], bytes]:
    """What can be fetched, by track, run and index."""
    found = {}
    for member in members(store):
        if not isinstance(member, Pin):
            key = member.track, member.run, member.index
            data = await store.get(*key)
            if data is not None:
                found[key] = data
    return found


class Nodes:
    """Relays by name, each with a folder of its own."""

    def __init__(self, servers: tuple[str, ...], channel: str, folder: Path) -> None:
        self.servers, self.channel, self.folder = servers, channel, folder
        self._open: dict[str, JetStreamStore] = {}

    async def open(
        self, name: str, *, patience: float = 30.0, replicas: int = 1, attempt: float = 2.0
    ) -> JetStreamStore:
        own = await DiskStore.open(self.folder / name, self.channel, durable=False)
        shared = Brokers(self.servers, replicas=replicas, patience=patience, attempt=attempt)
        try:
            store = await JetStreamStore.open(
                own, shared, self.channel, self.folder / name / self.channel
            )
        except BaseException:
            await own.close()
            raise
        self._open[name] = store
        return store

    async def messages(self) -> int:
        """How many the stream of the brokers holds."""
        client = await nats.connect(self.servers[0])
        found = await client.jetstream().stream_info(f"relay_{self.channel}")
        await client.close()
        return found.state.messages

    async def close(self, name: str) -> None:
        await self._open.pop(name).close()

    async def aclose(self) -> None:
        for name in list(self._open):
            await self.close(name)

"""All channels to all of their upstreams. A channel that was reset is another one: it is taken up
anew from its beginning, and what it had before is neither sent nor counted."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from relay.channel import Channel
from relay.forwarder.destination import Destination
from relay.forwarder.forwarder import Forwarder
from relay.forwarder.turn import Seat
from relay.forwarder.upstream import LOOK

log = structlog.get_logger("relay.forwarder")


class Office:
    """The forwarders. `root`: the folder of the disk store, beside which ledgers are kept; or None.

    `channels` is where a reset puts another channel in the place of one. `destinations` are looked
    up whenever a channel is taken up. What an operator has paused stays so until the process ends.
    `seat`: among relays that take turns; None: this one sends all that it has.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        destinations: Mapping[str, Sequence[Destination]],
        root: Path | None,
        seat: Seat | None = None,
    ) -> None:
        self._channels = channels
        self._destinations = destinations
        self._root = root
        self._seat = seat
        self._forwarders: dict[str, tuple[Channel, Forwarder]] = {}
        self._held: dict[str, set[str]] = {}
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to send. The channels are open."""
        for name in self._channels:
            self._take_up(name)
        self._task = asyncio.create_task(self._watch(), name="forwarders")
        self._task.add_done_callback(_died)

    async def close(self) -> None:
        """End every POST in order, within seconds."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        forwarders = [forwarder for _, forwarder in self._forwarders.values()]
        await asyncio.gather(*(forwarder.close() for forwarder in forwarders))
        if self._seat is not None:
            await self._seat.claims.close()

    async def take_up(self, name: str) -> None:
        """A channel has been opened."""
        async with self._turn:
            if name not in self._forwarders:
                self._take_up(name)

    async def give_up(self, name: str) -> None:
        """A channel is about to be closed: end what it sends."""
        async with self._turn:
            found = self._forwarders.pop(name, None)
            if found is not None:
                await found[1].close()

    async def alter(self, name: str, again: str = "") -> None:
        """The destinations of a channel are others now, or one of them is to begin again."""
        async with self._turn:
            found = self._forwarders.get(name)
            if found is not None:
                await found[1].alter(self._destinations[name], again)

    async def hold(self, name: str, upstream: str, *, held: bool) -> None:
        """Let one upstream of a channel send nothing, or no longer so."""
        async with self._turn:
            holding = self._held.setdefault(name, set())
            (holding.add if held else holding.discard)(upstream)
            found = self._forwarders.get(name)
            if found is not None:
                found[1].hold(upstream, held=held)

    def _take_up(self, name: str) -> None:
        folder = None if self._root is None else self._root / name
        held = self._held.setdefault(name, set())
        channel = self._channels[name]
        to = self._destinations.get(name, ())
        forwarder = Forwarder(channel, to, folder, held, self._seat)
        forwarder.open()
        self._forwarders[name] = (channel, forwarder)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            async with self._turn:
                for name, (channel, forwarder) in list(self._forwarders.items()):
                    if self._channels.get(name, channel) is not channel:
                        await forwarder.close(reset=True)
                        self._take_up(name)


def _died(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("forwarders failed", code="UPSTREAM_FAILED", exc_info=task.exception())

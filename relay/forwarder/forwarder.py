"""One channel to all of its upstreams. Each goes its own way; a backup looks at its principal."""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from relay.channel import Channel
from relay.errors import EncoderError, quoted
from relay.forwarder.destination import Destination
from relay.forwarder.ledger import Ledger
from relay.forwarder.upstream import LOOK, Upstream
from relay.media import Member, Pin
from relay.store import Feed
from relay.uplink.catalogue import Catalogue
from relay.uplink.standby import Standby

log = structlog.get_logger("relay.forwarder")


class Forwarder:
    """The upstreams of one channel. `folder`: where their ledgers are kept; None: nowhere."""

    def __init__(
        self, channel: Channel, destinations: Sequence[Destination], folder: Path | None
    ) -> None:
        self._channel = channel
        self._catalogue = Catalogue()
        jitter = random.SystemRandom().randrange
        self._upstreams = {
            one.name: Upstream(
                channel,
                self._catalogue,
                one,
                Ledger(folder / f"upstream-{one.name}.json" if folder else None),
                jitter,
            )
            for one in destinations
        }
        self._standbys = {one.name: Standby() for one in destinations if one.backup_of}
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin to send. The channel is open."""
        for upstream in self._upstreams.values():
            upstream.open()
            self._channel.upstreams[upstream.name] = upstream.stands
        if not self._upstreams:
            return
        feed = self._channel.store.follow()
        for member in feed.past:
            self._read(member)
        self._look_at_principals()
        self._tasks = [
            asyncio.create_task(self._follow(feed), name=f"headers {self._channel.name}")
        ]
        self._tasks += [
            asyncio.create_task(self._run(one), name=f"upstream {self._channel.name} {one.name}")
            for one in self._upstreams.values()
        ]
        for task in self._tasks:
            task.add_done_callback(_died)

    async def close(self) -> None:
        """End every POST in order, within seconds."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(upstream.close() for upstream in self._upstreams.values()))

    async def _follow(self, feed: Feed) -> None:
        try:
            async for member in feed:
                self._read(member)
        finally:
            feed.close()

    def _read(self, member: Member) -> None:
        if not isinstance(member, Pin):
            return
        try:
            self._catalogue.take(member)
        except EncoderError as error:
            log.warning(
                "header unreadable",
                code="HEADER_UNREADABLE",
                pin=quoted(member.name),
                error=error.message,
            )

    async def _run(self, upstream: Upstream) -> None:
        while True:
            if upstream.name in self._standbys:
                self._look_at_principals()
            await upstream.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._channel.change()

    def _look_at_principals(self) -> None:
        now = time.monotonic_ns() // 1_000_000
        for name, standby in self._standbys.items():
            backup = self._upstreams[name]
            principal = self._upstreams[backup.destination.backup_of]
            before = standby.active
            if standby.look(now, failing=principal.stands().failing):
                backup.resume()
            else:
                backup.pause(f"backup of {principal.name}", principal.progress())
            if standby.active is not before:
                what = "steps in for" if standby.active else "steps back behind"
                text = f"{name} {what} {principal.name}"
                self._channel.tell("UPSTREAM_BACKUP", text, grave=standby.active, upstream=name)


def _died(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("forwarder failed", code="UPSTREAM_FAILED", exc_info=task.exception())

"""One channel to all of its upstreams. Each goes its own way; a backup looks at its principal."""

import asyncio
import contextlib
import random
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import structlog

from relay.channel import Channel
from relay.errors import EncoderError, quoted
from relay.forwarder.destination import Destination
from relay.forwarder.ledger import Ledger
from relay.forwarder.turn import Seat, Turn
from relay.forwarder.upstream import LOOK, Upstream
from relay.media import Member, Pin
from relay.store import Feed
from relay.uplink.catalogue import Catalogue
from relay.uplink.standby import Standby

log = structlog.get_logger("relay.forwarder")


class Forwarder:
    """The upstreams of one channel. `folder`: where their ledgers are kept; None: nowhere.

    `held`: those that an operator has paused. `seat`: it takes turns with others; None: it is
    the only one, or all send.
    """

    def __init__(
        self,
        channel: Channel,
        destinations: Sequence[Destination],
        folder: Path | None,
        held: Collection[str] = (),
        seat: Seat | None = None,
    ) -> None:
        self._channel = channel
        self._catalogue = Catalogue()
        self._folder = folder
        self._held = held
        self._seat = seat
        self._generation = channel.store.generation
        self._turns: dict[str, Turn] = {}
        self._upstreams: dict[str, Upstream] = {}
        self._standbys: dict[str, Standby] = {}
        for one in destinations:
            self._add(one)
        self._feed: asyncio.Task[None] | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def open(self) -> None:
        """Begin to send. The channel is open."""
        self._begin(list(self._upstreams.values()))

    async def close(self, *, reset: bool = False) -> None:
        """End every POST in order, within seconds; `reset`: the channel begins anew."""
        tasks = [*self._tasks.values(), *([self._feed] if self._feed else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(
            *(upstream.close(reset=reset) for upstream in self._upstreams.values())
        )
        await asyncio.gather(*(turn.close() for turn in self._turns.values()))

    async def alter(self, destinations: Sequence[Destination], again: str = "") -> None:
        """These it is to feed from now on; what is as it was goes on.

        `again`: the name of one that is to begin again, where it has come to, though it is as it
        was. Returns when the POSTs of what is no longer fed have ended.
        """
        wanted = {one.name: one for one in destinations}
        leaving = [
            name
            for name, upstream in self._upstreams.items()
            if wanted.get(name) != upstream.destination or name == again
        ]
        await asyncio.gather(*(self._leave(name) for name in leaving))
        done = [name for name in self._turns if name not in wanted or wanted[name].backup_of]
        await asyncio.gather(*(self._turns.pop(name).close() for name in done))
        self._begin([self._add(one) for name, one in wanted.items() if name not in self._upstreams])

    def hold(self, name: str, *, held: bool) -> None:
        """Let an upstream send nothing, or no longer so."""
        self._upstreams[name].hold(held=held)

    def _add(self, one: Destination) -> Upstream:
        ledger = Ledger(self._folder / f"upstream-{one.name}.json" if self._folder else None)
        jitter = random.SystemRandom().randrange
        upstream = Upstream(self._channel, self._catalogue, one, ledger, jitter)
        self._upstreams[one.name] = upstream
        if one.backup_of:
            self._standbys[one.name] = Standby()
        if one.name in self._held:
            upstream.hold(held=True)
        return upstream

    async def _leave(self, name: str) -> None:
        upstream, task = self._upstreams.pop(name), self._tasks.pop(name)
        self._standbys.pop(name, None)
        self._channel.upstreams.pop(name, None)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await upstream.close()

    def _begin(self, fresh: Sequence[Upstream]) -> None:
        if fresh and self._feed is None:
            self._listen()
        for upstream in fresh:
            upstream.open()
            self._take_turns(upstream)
            self._channel.upstreams[upstream.name] = upstream.stands
        self._look_at_principals()
        for upstream in fresh:
            name = f"upstream {self._channel.name} {upstream.name}"
            task = self._tasks[upstream.name] = asyncio.create_task(self._run(upstream), name=name)
            task.add_done_callback(_died)

    def _take_turns(self, upstream: Upstream) -> None:
        """Let it send when it is this relay's turn, if relays take turns."""
        if self._seat is None:
            return
        principal = upstream.destination.backup_of or upstream.name
        turn = self._turns.get(principal)
        if turn is None:
            turn = self._turns[principal] = Turn(
                self._seat,
                self._channel.name,
                principal,
                self._generation,
                lambda: self._family(principal),
            )
            turn.open()
        turn.settle(upstream)

    def _family(self, principal: str) -> dict[str, Upstream]:
        return {
            name: upstream
            for name, upstream in self._upstreams.items()
            if principal in (name, upstream.destination.backup_of)
        }

    def _listen(self) -> None:
        feed = self._channel.store.follow()
        for member in feed.past:
            self._read(member)
        self._feed = asyncio.create_task(self._follow(feed), name=f"headers {self._channel.name}")
        self._feed.add_done_callback(_died)

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
            principal = self._upstreams.get(backup.destination.backup_of)
            if principal is None:
                continue  # it is being exchanged for another one
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

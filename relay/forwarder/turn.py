"""Whose turn it is to send to an upstream and its backups, among the relays of a cluster.

One claim for an upstream of a channel, not one for the channel: a relay whose way to one receiver
is broken keeps the others. It carries all streams, since they share one presentation, and the
backups, since they look at their principal. What is decided is in `relay.uplink.lease`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from relay.forwarder.upstream import Upstream
from relay.store import Claims
from relay.uplink.claim import Claim, Progress
from relay.uplink.lease import LOOK, Lease

log = structlog.get_logger("relay.forwarder")


@dataclass(frozen=True, slots=True)
class Seat:
    """The place of a relay among those that share their upstreams.

    claims     where the claims are
    id, name   its own: of this process; for people
    patience   ms of the brokers' silence after which it sends alone
    """

    claims: Claims
    id: str
    name: str
    patience: int


class Turn:
    """Of one upstream. `family`: it and its backups, by name, as they are now.

    `generation`: of the channel that they send, for as long as this lasts.
    """

    def __init__(
        self,
        seat: Seat,
        channel: str,
        principal: str,
        generation: int,
        family: Callable[[], Mapping[str, Upstream]],
    ) -> None:
        self._seat = seat
        self._key = channel, principal
        self._principal = principal
        self._generation = generation
        self._family = family
        self._lease = Lease(seat.id, seat.patience)
        self._progress: Progress = {}
        self._silent = False  # what was asked last was not answered
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._log = log.bind(channel=channel, upstream=principal)

    def open(self) -> None:
        """Begin to look."""
        name = "turn " + " ".join(self._key)
        self._task = asyncio.create_task(self._run(), name=name)
        self._task.add_done_callback(_died)

    async def close(self) -> None:
        """Give the claim up, if it is one's own: the POSTs have ended."""
        self._ending.set()
        if self._task is not None:
            (ended,) = await asyncio.gather(self._task, return_exceptions=True)
            if ended is not None:  # it has had a defect, and would have it again
                return
        if self._lease.holds and not self._silent:
            self._lease.able = False
            await self._round()

    def settle(self, upstream: Upstream) -> None:
        """Let an upstream of the family send, or stand by."""
        if self._lease.sends or upstream.apart:
            upstream.take_turn(self._lease.holder)
        else:
            upstream.stand_by(self._lease.holder)

    async def _run(self) -> None:
        try:
            while not self._ending.is_set():
                await self._round()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK / 1000):
                        await self._ending.wait()
        finally:
            if not self._ending.is_set():  # a defect, which has its line: rather twice than never
                self._lease.sends = True
                for upstream in self._family().values():
                    self.settle(upstream)

    async def _round(self) -> None:
        """Look once, and do what comes of it."""
        lease, family = self._lease, self._family()
        if self._principal in family:  # it may be about to be exchanged for another one
            self._progress = {name: one.cursors() for name, one in family.items()}
            if not self._ending.is_set():
                wanted = [one for one in family.values() if one.wanted]
                lease.able = bool(wanted) and not any(one.apart for one in wanted)
                failing = bool(wanted) and all(one.stands().failing for one in wanted)
                lease.gives_way(_now(), failing=failing)
        before, self._silent = lease.alone, False
        try:
            if (not lease.look(_now()) or not await self._write()) and await self._read():
                await self._write()
        except OSError as error:
            self._silent = True
            lease.silent(_now())
            if lease.alone and not before:
                self._log.warning(
                    "sends alone, as other relays may", code="UPSTREAM_ALONE", reason=str(error)
                )
        for upstream in self._family().values():
            self.settle(upstream)

    async def _read(self) -> bool:
        """Look at the claim: whether it is to be written."""
        asked = _now()
        revision, record = await self._seat.claims.read(*self._key)
        try:
            claim = Claim.of(record) if record else Claim()
        except ValueError:  # of another release: as if it were given up
            claim = Claim()
        if claim.id != self._seat.id and claim.generation == self._generation:
            for name, upstream in self._family().items():
                upstream.follow(claim.progress.get(name, {}))
        return self._lease.read(revision, claim.id, claim.name, asked, _now())

    async def _write(self) -> bool:
        """Write the claim upon the revision that is known; False: it was refused."""
        lease, seat, now = self._lease, self._seat, _now()
        wants = lease.wants(now)
        owner = (seat.id, seat.name) if wants else ("", "")
        record = Claim(*owner, self._generation, self._progress).written(now)
        revision = await seat.claims.write(*self._key, record, lease.revision)
        if revision is None or wants:
            lease.written(revision, _now())
        else:
            lease.given_up()
        if revision is not None and wants:
            lease.holder = seat.name
        return revision is not None


def _died(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("forwarder failed", code="UPSTREAM_FAILED", exc_info=task.exception())


def _now() -> int:
    return time.monotonic_ns() // 1_000_000

"""The reset of a channel: it forgets what it has stored and begins anew, while all others go on.

    its POSTs end       503 with a reason; who connects meanwhile is told to come again
    it stops            nothing is carried any more, nothing is under way
    its store is cleared; with `join`, the pins of its peer are taken
    another channel     takes its place on the same store, as after a start

Encoders come back by themselves, with their header, and begin a new timeline. One reset at a time;
once begun it is carried through, even when its caller goes away. When the store cannot be cleared,
what is left of it is taken up again: an operation that fails must not take a channel off the air.

Where several relays share a store, one of them resets for all: the others find it emptied, and do
the same, but for the emptying.
"""

import asyncio
import contextlib

import structlog

from relay import peer
from relay.channel import Channel
from relay.clock import Clock
from relay.ending import Endings
from relay.errors import ChannelUnknown, EncoderError, PointReset, ResetFailed
from relay.peer import Joined

SECONDS = 10.0
"""How long it waits for the POSTs of its channel to end."""

LOOK = 0.5
"""Seconds between two looks for a store that another relay has emptied."""

log = structlog.get_logger("relay.reset")


class Reset:
    """The operation. `channels` is where another channel takes the place of the one before.

    `turn`: of those who end and begin channels.
    """

    def __init__(
        self,
        channels: dict[str, Channel],
        endings: Endings,
        clock: Clock,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._channels = channels
        self._endings = endings
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()
        self._turn = turn or asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Look for what other relays reset."""
        self._watching = asyncio.create_task(self._watch(), name="resets of others")

    async def __call__(self, name: str, *, join: bool = False) -> None:
        """Reset a channel. `join`: it goes on with the timeline of its peer, not with a new one.

        Raises ChannelUnknown, ResetFailed.
        """
        if name not in self._channels:
            raise ChannelUnknown(f"There is no channel {name}.")
        task = asyncio.create_task(self._carry_out(name, join), name=f"reset {name}")
        self._under_way.add(task)
        task.add_done_callback(self._done)
        await asyncio.shield(task)

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            emptied = [name for name, each in self._channels.items() if each.store.emptied]
            for name in emptied:
                with contextlib.suppress(ChannelUnknown, ResetFailed):  # it has its line; again
                    await self(name)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and not isinstance(task.exception(), ResetFailed | None):
            log.critical("reset failed", code=ResetFailed.code, exc_info=task.exception())

    async def _carry_out(self, name: str, join: bool) -> None:
        async with self._turn:
            if name not in self._channels:
                raise ChannelUnknown(f"{name} was stopped or removed meanwhile.")
            try:
                await self._shut(name)
                await self._renew(self._channels[name], join)
            finally:
                self._endings.reopen(name)

    async def _shut(self, name: str) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                await self._endings.shut(name, lambda: _reset(name))
        except TimeoutError:
            raise ResetFailed(
                f"The POSTs of {name} did not end in {SECONDS:g} s; nothing was reset.",
                hint="Its store may be stuck: look at the relay's disk.",
            ) from None

    async def _renew(self, old: Channel, join: bool) -> None:
        await old.stop()
        old.failed = True  # it takes nothing more, whatever comes of this
        try:
            joined = await self._empty(old, join)
        except OSError as error:
            text = f"The store of {old.name} cannot be emptied: {error.strerror or error}."
            await self._replace(old, Joined(ResetFailed.code, text, grave=True))
            again = f"Look at the relay's disk, then again: relay reset {old.name}"
            raise ResetFailed(text, hint=again) from error
        text = "was reset: what was stored is gone, it begins anew"
        await self._replace(old, Joined("CHANNEL_RESET", text), joined)

    async def _empty(self, old: Channel, join: bool) -> Joined | None:
        await old.store.clear()
        if old.rules.peer and not join:
            await old.store.put(peer.NOBODY)
        return await peer.join(old.store, old.name, old.rules)

    async def _replace(self, old: Channel, *told: Joined | None) -> None:
        """Open another channel on the same store, and let it tell why."""
        fresh = Channel(old.name, old.store, old.rules, self._clock)
        await fresh.open()
        self._channels[old.name] = fresh
        for each in told:
            if each is not None:
                fresh.tell(each.code, each.text, grave=each.grave)


def _reset(name: str) -> EncoderError:
    return PointReset(f"{name} was reset.", hint="Connect again in a moment, with the header.")

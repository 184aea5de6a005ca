"""The channels that there are, and the life of each: built, started, tuned, stopped, removed.

    added     store, replay, doors in and up: as at the start of the relay
    changed   what it can take, it takes while its POSTs go on (`relay.config.plan`)
    stopped   POSTs end with 503, nothing is forwarded, players get what there was, and its end
    removed   POSTs end with 404; what is stored stays, and is there when the channel comes back

One thing at a time, in turn with resets; what has begun is carried through, even when its caller
goes away. A channel that cannot be opened is left out and said by name: the others go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from relay import peer, wiring
from relay.channel import Channel
from relay.clock import Clock
from relay.config import ChannelTable
from relay.config.plan import Change, Plan, plan
from relay.ending import Answer, Endings
from relay.errors import (
    ChangeFailed,
    ChannelUnknown,
    OperatorError,
    PointStopped,
    PointUnknown,
    RelayError,
)
from relay.forwarder.destination import Destination
from relay.forwarder.office import Office
from relay.guards import Guards, Known
from relay.programs import Programs
from relay.stopped import Stopped
from relay.store import Store

SECONDS = 10.0
"""How long a stop waits for the POSTs of its channel to end."""

T = TypeVar("T")

log = structlog.get_logger("relay.roster")


@dataclass(slots=True)
class Rooms:
    """What the channels are known to. `stored`: names of the programs that have a store."""

    channels: dict[str, Channel]
    destinations: dict[str, list[Destination]]
    guards: Guards
    endings: Endings
    office: Office
    programs: Programs
    shelf: Callable[[str], Awaitable[Store]]
    stored: Callable[[], list[str]]
    clock: Clock
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Roster:
    """All channels. `wanted`: their settings; `running`: those by which each runs, if it does;
    `stopped`: what is left to play of the others."""

    def __init__(self, rooms: Rooms) -> None:
        self.wanted: dict[str, ChannelTable] = {}
        self.running: dict[str, ChannelTable] = {}
        self.stopped: dict[str, Stopped] = {}
        self._rooms = rooms
        self._under_way: set[asyncio.Task[Any]] = set()

    async def open(self, tables: Mapping[str, ChannelTable], stopped: set[str]) -> None:
        """The start of the relay: these channels, but for those that an operator has stopped.

        Raises OperatorError: one cannot be opened.
        """
        rooms = self._rooms
        self.wanted = dict(tables)
        for name, table in tables.items():
            known = rooms.guards.read(table)
            store = await rooms.shelf(name)
            rooms.guards.let_in(name, known)
            if name in stopped:
                await rooms.endings.shut(name, _stopped(name))
                self.stopped[name] = await Stopped.open(name, store, wiring.rules(table))
                continue
            # Known before it is open, so that `close` frees its store when the replay fails.
            rooms.channels[name] = Channel(name, store, wiring.rules(table), rooms.clock)
            self._let_in(name, table, known)
        channels = list(rooms.channels.values())
        joined = await asyncio.gather(*(_join(channel) for channel in channels))
        for channel, told in zip(channels, joined, strict=True):
            await channel.open()
            _tell(channel, told)
        await rooms.programs.open(rooms.stored())

    async def close(self) -> None:
        """Wait for what is under way, then close all channels."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await asyncio.gather(*(channel.close() for channel in self._rooms.channels.values()))
        await asyncio.gather(*(rest.close() for rest in self.stopped.values()))

    def find(self, name: str) -> ChannelTable:
        """The settings of a channel. Raises ChannelUnknown."""
        if name not in self.wanted:
            raise ChannelUnknown(
                f"There is no channel {name}.", hint="Those that there are: relay channel list"
            )
        return self.wanted[name]

    async def become(self, wanted: Mapping[str, ChannelTable]) -> tuple[Plan, dict[str, str]]:
        """Let these be the channels: what was done, and by name what could not be.

        Raises ConfigInvalid: a secret cannot be read; then nothing was changed.
        """
        return await self._through(self._become(dict(wanted)))

    async def start(self, name: str) -> None:
        """Start a channel that was stopped. Raises ChannelUnknown, ChangeFailed, ConfigInvalid."""
        await self._through(self._start(name))

    async def stop(self, name: str) -> None:
        """Stop a channel. Raises ChannelUnknown, ChangeFailed."""
        await self._through(self._stop(name))

    async def _through(self, work: Coroutine[Any, Any, T]) -> T:
        async def in_turn() -> T:
            async with self._rooms.turn:
                return await work

        task = asyncio.create_task(in_turn(), name="roster")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _become(self, wanted: dict[str, ChannelTable]) -> tuple[Plan, dict[str, str]]:
        rooms, stopped = self._rooms, self.wanted.keys() - self.running
        known = {name: rooms.guards.read(table) for name, table in wanted.items()}
        done = plan({**self.wanted, **self.running}, wanted)
        failed: dict[str, str] = {}
        for name in done.removed:
            try:
                await self._leave(name)
            except ChangeFailed as error:
                failed[name] = error.message
                continue
            log.info("removed", code="CHANNEL_REMOVED", channel=name)
        for change in done.changed:
            if change.name in stopped:
                rooms.guards.let_in(change.name, known[change.name])
            else:
                fresh = self.wanted[change.name] != wanted[change.name]
                await self._change(change, known[change.name], fresh=fresh)
        for name, table in done.added.items():
            try:
                await self._enter(name, table, known[name])
            except ChangeFailed as error:
                failed[name] = error.message
                rooms.endings.reopen(name)
                continue
            rooms.channels[name].tell("CHANNEL_ADDED", "was added")
        left = {n: self.wanted[n] for n in failed if n in self.wanted}
        self.wanted = {**{n: t for n, t in wanted.items() if n not in failed}, **left}
        return done, failed

    async def _start(self, name: str) -> None:
        table = self.find(name)
        if name in self.running:
            return
        await self._enter(name, table, self._rooms.guards.read(table))
        self._rooms.channels[name].tell("CHANNEL_STARTED", "was started by an operator")

    async def _stop(self, name: str) -> None:
        self.find(name)
        if name not in self.running:
            return
        await self._shut(name, _stopped(name))
        channel = await self._withdraw(name)
        await channel.stop()
        self.stopped[name] = Stopped.of(channel)
        log.info("stopped by an operator", code="CHANNEL_STOPPED", channel=name)

    async def _enter(self, name: str, table: ChannelTable, known: Known) -> None:
        """Open a channel. Raises ChangeFailed; then it is as it was."""
        rooms, rest = self._rooms, self.stopped.get(name)
        await rooms.endings.shut(name, _opening(name))
        store = channel = None
        try:
            store = await rooms.shelf(name) if rest is None else rest.store
            if store.emptied:  # by another relay, while the channel was stopped here
                await store.clear()
            channel = Channel(name, store, wiring.rules(table), rooms.clock)
            told = await _join(channel)
            await channel.open()
        except (OSError, RelayError, ValueError) as error:
            if channel is not None:
                await channel.stop()
            if store is not None and rest is None:
                await store.close()
            await rooms.endings.shut(name, _stopped(name))
            text = f"Channel {name} cannot be opened: {error}"
            log.warning(text, code="CHANNEL_FAILED", channel=name)
            hint = error.hint if isinstance(error, RelayError) else ""
            raise ChangeFailed(text, hint=hint) from error
        self.stopped.pop(name, None)
        rooms.channels[name] = channel
        self._let_in(name, table, known)
        _tell(channel, told)
        await rooms.office.take_up(name)
        rooms.programs.attach(channel)
        await rooms.programs.open([each for each in rooms.stored() if each.startswith(f"{name}.")])
        rooms.endings.reopen(name)

    async def _leave(self, name: str) -> None:
        """Close a channel, whether it runs or not. Raises ChangeFailed; then it goes on."""
        rooms = self._rooms
        await self._shut(name, _removed(name))
        await rooms.programs.leave(name)
        rest = self.stopped.pop(name, None) or await self._withdraw(name)
        await rest.close()
        rooms.guards.forget(name)
        rooms.endings.reopen(name)

    async def _shut(self, name: str, answer: Answer) -> None:
        """End its POSTs, and take no more. Raises ChangeFailed; then it takes them."""
        try:
            async with asyncio.timeout(SECONDS):
                await self._rooms.endings.shut(name, answer)
        except TimeoutError:
            self._rooms.endings.reopen(name)
            raise ChangeFailed(
                f"The POSTs of {name} did not end in {SECONDS:g} s; it goes on.",
                hint="Its store may be stuck: look at the relay's disk.",
            ) from None

    async def _withdraw(self, name: str) -> Channel:
        """Take a channel that runs from all that know it. Its store is open."""
        rooms = self._rooms
        channel = rooms.channels.pop(name)
        await rooms.office.give_up(name)
        self.running.pop(name, None)
        rooms.destinations.pop(name, None)
        return channel

    async def _change(self, change: Change, known: Known, *, fresh: bool) -> None:
        rooms, channel = self._rooms, self._rooms.channels[change.name]
        self._let_in(change.name, change.table, known)
        channel.tune(wiring.rules(change.table))
        if any(path.startswith("upstreams.") for path in change.taken):
            await rooms.office.alter(change.name)
        if change.taken:
            channel.tell("CHANNEL_CHANGED", f"has new settings: {', '.join(change.taken)}")
        if change.later and fresh:
            text = f"new settings wait for its next start: {', '.join(change.later)}"
            channel.tell("CHANNEL_WAITS", text, grave=True)

    def _let_in(self, name: str, table: ChannelTable, known: Known) -> None:
        rooms = self._rooms
        self.running[name] = table
        rooms.guards.let_in(name, known)
        rooms.destinations[name] = wiring.destinations(table)


async def _join(channel: Channel) -> peer.Joined | None:
    try:
        return await peer.join(channel.store, channel.name, channel.rules)
    except OSError as error:
        raise OperatorError(
            f"The store of {channel.name} cannot be written: {error.strerror or error}.",
            hint="Look at the disk that [store] names.",
        ) from error


def _tell(channel: Channel, told: peer.Joined | None) -> None:
    if told is not None:
        channel.tell(told.code, told.text, grave=told.grave)


def _removed(name: str) -> Answer:
    return lambda: PointUnknown(
        f"{name} was removed from the relay.", hint="Push to a channel that it has."
    )


def _stopped(name: str) -> Answer:
    return lambda: PointStopped(
        f"{name} was stopped by an operator.", hint="Connect again once it has been started."
    )


def _opening(name: str) -> Answer:
    return lambda: PointStopped(f"{name} is being opened.", hint="Connect again in a moment.")

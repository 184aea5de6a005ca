"""The composition root: a configuration becomes stores, channels, doors and sockets, and ends them.

Order of the start: stores and their replay first, then the ports, so that what is reachable is
ready. Order of the end (SIGTERM, SIGINT): no new POSTs, every open one gets its 503, the sockets
close, then the channels. A second signal ends the process at once. There is no state to save: what
was accepted is in the store. SIGHUP, with which others are told to reload, ends nothing.
"""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable
from fractions import Fraction

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from packagers.origin import Origin
from packagers.origin.counting import Counted
from packagers.origin.turns import Turns
from packagers.origin.waiting import Waiting
from relay import peer
from relay.agreement import Agreement
from relay.annunciator import Annunciator, Recipient
from relay.channel import Channel, Rules
from relay.config import ChannelTable, Config, StoreTable
from relay.errors import OperatorError, PortBusy
from relay.forwarder.destination import Destination
from relay.forwarder.office import Office
from relay.guards import Guards
from relay.monitor.annex import Annex
from relay.monitor.door import Monitor
from relay.monitor.doorstep import Doorstep
from relay.programs import Played, Programs
from relay.receiver import Receiver
from relay.reset import Reset
from relay.server import Listener, Server
from relay.store import Store
from relay.store.disk import DiskStore
from relay.store.memory import MemoryStore
from relay.supervisor import Supervisor
from relay.system_clock import SystemClock

GRACE = 2.0
Opened = Callable[["House"], None]

log = structlog.get_logger("relay.app")


class House:
    """A running relay. `addresses`: where it listens, players first. `annex`: at its admin port.

    `playback` has all of the former: that of `listen`, and the one without TLS beside it.
    """

    def __init__(self, config: Config, annex: Annex | None = None) -> None:
        self._config = config
        self._clock = SystemClock()
        self._ready = False
        self.channels: dict[str, Channel] = {}
        self.addresses: list[tuple[str, int]] = []
        self.guards = guards = Guards(config)
        self._receiver = Receiver(
            self.channels,
            self._clock,
            gates=guards.gates,
            front_end=guards.front_end,
            limits=guards.limits,
            busy=guards.overload.busy,
        )
        self._agreement = Agreement(self.channels)
        self.reset = Reset(self.channels, self._receiver, self._clock)
        self._forwarders = Office(
            self.channels,
            {name: _destinations(table) for name, table in config.channels.items()},
            config.store.path if config.store.kind == "disk" else None,
        )
        self.programs = Programs(self.channels, lambda name: _store(config.store, name))
        played = Played(self.channels, self.programs.shown)
        origin = guards.play(Waiting(Turns(Origin(played)), played))
        counted = Counted(origin, played)
        self.annunciator = Annunciator(
            self.channels,
            [
                Recipient(name, said.url, said.secret_file, frozenset(said.codes))
                for name, said in config.webhooks.items()
            ],
            self._clock,
            tolerance=config.clock.tolerance,
        )
        doorstep = Doorstep(self._receiver, self._receiver.counts, self._clock.utc)
        self._monitor = Monitor(
            self.channels,
            lambda: {**doorstep.counts(), **guards.counts()},
            self._is_ready,
            self._clock,
            lambda: self.addresses[0][1] if self.addresses else 0,
            reset=self.reset,
            names=(socket.gethostname(), Listener.of(config.server.admin).host),
            folder=lambda: guards.page,
            secure=guards.tls is not None,
            program=self.programs.deed,
            annunciator=self.annunciator,
            served=lambda: (counted.requests, counted.sizes),
            annex=annex,
        )
        self._servers = [
            guards.server(doors(doorstep, counted), Listener.of),
            Server(self._monitor.app, [Listener.of(config.server.admin)]),
        ]

    @property
    def playback(self) -> list[tuple[str, int]]:
        return self._servers[0].addresses

    def _is_ready(self) -> bool:
        return self._ready and not any(channel.failed for channel in self.channels.values())

    def summary(self) -> str:
        """A line about now, for a supervisor."""
        channels = self.channels.values()
        standings = [stands() for channel in channels for stands in channel.upstreams.values()]
        posts = sum(channel.posts.total() for channel in channels)
        parts = [_count(len(channels), "channel"), f"{_count(posts, 'POST')} from encoders"]
        if standings:
            failing = sum(standing.failing for standing in standings)
            parts.append(f"{_count(len(standings), 'upstream')}, {failing} failing")
        return ", ".join(parts)

    async def open(self) -> None:
        """Ask the peers, replay the stores, then open the doors. Raises OperatorError."""
        # A day's window is a million objects and none of them garbage: looking through them costs a
        # third of the replay, and later half a second each time, in which nothing is served.
        gc.disable()
        try:
            await self._open_channels()
            await self.programs.open(_stored(self._config.store))
        finally:
            gc.enable()
            gc.freeze()
        for server, address in zip(
            self._servers, (self._config.server.listen, self._config.server.admin), strict=True
        ):
            try:
                self.addresses += (await server.start())[:1]
            except OSError as error:
                raise PortBusy(
                    f"Cannot listen on {address}: {os.strerror(error.errno or 0)}.",
                    hint="End what uses it, or set another address in [server].",
                ) from error
        self.annunciator.open()
        self._monitor.open()
        self._agreement.open()
        self._forwarders.open()
        self.guards.overload.open()
        self._ready = True
        log.info("ready", code="READY", listen=self.addresses[0], admin=self.addresses[1])

    async def _open_channels(self) -> None:
        for name, table in self._config.channels.items():
            store = await _store(self._config.store, name)
            # Known before it is open, so that `close` frees its store when the replay fails.
            self.channels[name] = Channel(name, store, _rules(table), self._clock)
        joined = await asyncio.gather(*(_join(channel) for channel in self.channels.values()))
        for channel, told in zip(self.channels.values(), joined, strict=True):
            await channel.open()
            if told is not None:
                channel.tell(told.code, told.text, grave=told.grave)

    async def close(self) -> None:
        """Drain and end. Never raises for what a client does."""
        self._ready = False
        self._receiver.drain()
        self.guards.overload.close()
        self._monitor.close()
        await self.annunciator.close()
        await self._agreement.close()
        await asyncio.gather(*(server.stop(GRACE) for server in self._servers))
        await self.reset.close()
        await self._forwarders.close()
        await self.programs.close()
        await asyncio.gather(*(channel.close() for channel in self.channels.values()))
        log.info("stopped", code="STOPPED")


def doors(receiver: ASGIApp, origin: ASGIApp) -> ASGIApp:
    """POST and PUT come in by the receiver, all else goes out by the origin."""

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        inward = scope["method"] in ("POST", "PUT")
        await (receiver if inward else origin)(scope, receive, send)

    return route


async def run(config: Config, opened: Opened | None = None, annex: Annex | None = None) -> None:
    """Run until SIGTERM or SIGINT. Raises OperatorError when it cannot start."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def ask() -> None:
        if asked.is_set():
            raise SystemExit(1)
        asked.set()

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ask)
    loop.add_signal_handler(signal.SIGHUP, _not_reloaded)
    house = House(config, annex)
    supervisor = Supervisor(os.environ, house.summary)
    try:
        await house.open()
        supervisor.ready()
        if opened is not None:
            opened(house)
        await asked.wait()
    finally:
        supervisor.stopping()
        await house.close()


def _not_reloaded() -> None:
    log.info(
        "SIGHUP: nothing to reload. Upstreams' secrets and certificates are read at every attempt;"
        " other settings count from the next start.",
        code="RELOAD",
    )


async def _join(channel: Channel) -> peer.Joined | None:
    try:
        return await peer.join(channel.store, channel.name, channel.rules)
    except OSError as error:
        raise OperatorError(
            f"The store of {channel.name} cannot be written: {error.strerror or error}.",
            hint="Look at the disk that [store] names.",
        ) from error


async def _store(table: StoreTable, channel: str) -> Store:
    if table.kind == "memory":
        return MemoryStore()
    try:
        return await DiskStore.open(table.path, channel, durable=table.durable)
    except OSError as error:
        raise OperatorError(
            f"The store's folder {table.path} cannot be used: {error.strerror or error}.",
            hint='Set another path in [store], or kind = "memory".',
        ) from error


def _stored(table: StoreTable) -> list[str]:
    """The names of the stores that there are, of what may be programs."""
    if table.kind == "memory" or not table.path.is_dir():
        return []
    return [folder.name for folder in table.path.iterdir() if "." in folder.name]


def _rules(table: ChannelTable) -> Rules:
    return Rules(
        duration=table.fragment_duration,
        base=table.first_index,
        anchor=table.anchor,
        window=Fraction(table.dvr_window),
        patience=round(table.patience * 1000),
        restarts=table.on_rewind == "run",
        prefer=table.prefer,
        cue_tags=table.cue_tags,
        alias=table.tracks.alias,
        fail_over=frozenset(table.fail_over),
        peer=table.peer,
    )


def _destinations(table: ChannelTable) -> list[Destination]:
    return [
        Destination(
            name,
            said.url,
            backup_of=said.backup_of or "",
            width=said.stamp_index,
            per_track=said.streams == "tracks",
            audio_twice=said.audio == "twice",
            speed=said.catch_up,
            username=said.username,
            password_file=said.password_file,
            token_file=said.token_file,
            cert_file=said.cert_file,
            key_file=said.key_file,
            ca_file=said.ca_file,
        )
        for name, said in table.upstreams.items()
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

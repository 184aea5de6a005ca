"""The composition root: a configuration becomes stores, channels, doors and sockets, and ends them.

Order of the start: stores and their replay first, then the ports, so that what is reachable is
ready. Order of the end (SIGTERM, SIGINT): no new POSTs, every open one gets its 503, the sockets
close, then the channels. A second signal ends the process at once. There is no state to save: what
was accepted is in the store. SIGHUP reads the configuration anew, while POSTs go on.

The life of a channel is the roster's, what is in force the settings'. The control API is the last
thing to be loaded, since FastAPI takes longer than all the rest.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from packagers.origin import Origin
from packagers.origin.counting import Counted
from packagers.origin.turns import Turns
from packagers.origin.waiting import Waiting
from packagers.resource import parse
from relay import wiring
from relay.agreement import Agreement
from relay.annunciator import Annunciator, Recipient
from relay.channel import Channel
from relay.config import Config
from relay.config.checking import checked
from relay.config.kept import Kept
from relay.errors import ConfigInvalid, PortBusy
from relay.forwarder.destination import Destination
from relay.forwarder.office import Office
from relay.garbage import undisturbed
from relay.guards import LEAST_TOKEN, Guards
from relay.monitor.annex import Annex
from relay.monitor.door import Monitor
from relay.monitor.doorstep import Doorstep
from relay.monitor.entry import Entry
from relay.monitor.late import Late
from relay.monitor.named import Named
from relay.monitor.order import Order
from relay.programs import Played, Programs
from relay.receiver import Receiver
from relay.reset import Reset
from relay.roster import Rooms, Roster
from relay.secret import secret
from relay.server import Listener, Server
from relay.settings import Settings
from relay.shelves import Shelves
from relay.supervisor import Supervisor, summary
from relay.system_clock import SystemClock
from relay.tidying import tidy

GRACE = 2.0
Opened = Callable[["House"], None]

log = structlog.get_logger("relay.app")


class House:
    """A running relay. `addresses`: where it listens, players first. `annex`: at its admin port.

    `playback` has all of the former: that of `listen`, and the one without TLS beside it. `conf`:
    the file that a reload reads; None: there is none.
    """

    def __init__(
        self, config: Config, conf: Path | None = None, annex: Annex | None = None
    ) -> None:
        self._config = config
        self._clock = SystemClock()
        self._ready = False
        self.channels: dict[str, Channel] = {}
        self.addresses: list[tuple[str, int]] = []
        self.guards = guards = Guards(config)
        receiver = Receiver(
            self.channels,
            self._clock,
            gates=guards.gates,
            front_end=guards.front_end,
            limits=guards.limits,
            busy=guards.overload.busy,
        )
        self._endings = receiver.endings
        self._agreement = Agreement(self.channels)
        folder = config.store.path if config.store.kind != "memory" else None
        destinations: dict[str, list[Destination]] = {}
        shelves = Shelves(config.store, config.cluster)
        seat = wiring.seat(config, shelves.claims(), socket.gethostname())
        self._office = Office(self.channels, destinations, folder, seat)
        self.programs = Programs(self.channels, shelves.open, shelves.discard)
        rooms = Rooms(
            self.channels,
            destinations,
            guards,
            receiver.endings,
            self._office,
            self.programs,
            shelf=shelves.open,
            stored=shelves.programs,
            clock=self._clock,
        )
        self.roster = Roster(rooms)
        read = None if conf is None else partial(checked, conf)
        self.settings = Settings(config, read, self.roster, Kept(folder), guards.reload)
        self.reset = Reset(self.channels, receiver.endings, self._clock, rooms.turn)
        played = Played(self.channels, self.programs.shown, self.roster.stopped)
        self._origin = Origin(played)
        origin = guards.play(Waiting(Turns(self._origin), played))
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
        at = Listener.of(config.server.admin)
        self._api = Late(self._load_api)
        order = Order(self._api, (socket.gethostname(), at.host))
        doorstep = Doorstep(receiver, receiver.counts, self._clock.utc)
        self.monitor = Monitor(
            self.channels,
            lambda: {**doorstep.counts(), **guards.counts()},
            self._is_ready,
            self._clock,
            lambda: self.addresses[0][1] if self.addresses else 0,
            api=order,
            stopped=lambda: self.roster.stopped,
            folder=lambda: guards.page,
            secure=guards.tls is not None,
            annunciator=self.annunciator,
            served=lambda: (counted.requests, counted.sizes),
            annex=annex,
        )
        token = secret(config.server.admin_token_file, LEAST_TOKEN)
        port = self.monitor.app
        admin = Entry(port, token, self._clock) if token else Named(port, order)
        self._servers = [
            guards.server(doors(doorstep, counted), Listener.of),
            Server(admin, [at]),
        ]

    def _load_api(self) -> ASGIApp:
        from relay.api import Desk, application  # noqa: PLC0415 - FastAPI takes long to load

        return application(
            Desk(
                self.channels,
                self.settings,
                self.roster,
                self.reset,
                self.programs,
                self._office,
                self._endings,
                self.annunciator.history,
                self._clock,
                self._published,
            )
        )

    async def _published(self, path: str) -> bytes:
        """What a player gets under this path. Raises PlayerError."""
        found = await self._origin.resource(parse(path))
        return b"".join(map(bytes, found.body))

    @property
    def playback(self) -> list[tuple[str, int]]:
        return self._servers[0].addresses

    def _is_ready(self) -> bool:
        return self._ready and not any(channel.failed for channel in self.channels.values())

    async def open(self) -> None:
        """Ask the peers, replay the stores, then open the doors. Raises OperatorError."""
        with undisturbed():  # a day's window is a million objects
            await self.settings.open()
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
        self.monitor.open()
        self._agreement.open()
        self.reset.open()
        self._office.open()
        self.guards.overload.open()
        self._ready = True
        self._api.soon()
        log.info("ready", code="READY", listen=self.addresses[0], admin=self.addresses[1])

    async def close(self) -> None:
        """Drain and end. Never raises for what a client does."""
        self._ready = False
        self._endings.drain()
        self.guards.overload.close()
        self.monitor.close()
        await self._api.close()
        await self.annunciator.close()
        await self._agreement.close()
        await asyncio.gather(*(server.stop(GRACE) for server in self._servers))
        await self.reset.close()
        await self._office.close()
        await self.programs.close()
        await self.roster.close()
        log.info("stopped", code="STOPPED")


def doors(receiver: ASGIApp, origin: ASGIApp) -> ASGIApp:
    """POST and PUT come in by the receiver, all else goes out by the origin."""

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        inward = scope["method"] in ("POST", "PUT")
        await (receiver if inward else origin)(scope, receive, send)

    return route


async def run(
    config: Config,
    opened: Opened | None = None,
    conf: Path | None = None,
    annex: Annex | None = None,
) -> None:
    """Run until SIGTERM or SIGINT. `conf`: what SIGHUP reads anew.

    Raises OperatorError when it cannot start.
    """
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def ask() -> None:
        if asked.is_set():
            raise SystemExit(1)
        asked.set()

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ask)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    house = House(config, conf, annex)
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = asyncio.create_task(_reload(house.settings), name="reload")
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    supervisor = Supervisor(os.environ, partial(summary, house.channels))
    tidying = asyncio.create_task(tidy(), name="heap")
    try:
        await house.open()
        supervisor.ready()
        loop.add_signal_handler(signal.SIGHUP, reload)
        if opened is not None:
            opened(house)
        await asked.wait()
    finally:
        supervisor.stopping()
        tidying.cancel()
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        await asyncio.gather(*reloads, return_exceptions=True)
        await house.close()


async def _reload(settings: Settings) -> None:
    with contextlib.suppress(ConfigInvalid):  # it has its lines in the log
        await settings.reload()

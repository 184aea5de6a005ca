"""The operator's door as one: health, status, metrics, control, page and events, on the admin port.

Looking changes nothing, with one exception: that a channel's protection has changed, or that its
disk refuses, is noticed here, by looking, and told to the channel, so that log and page have a line
for it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from relay.annunciator import Annunciator
from relay.channel import Channel
from relay.clock import Clock
from relay.diagnosis.protection import DOWN, PROTECTED
from relay.monitor import files, health, house
from relay.monitor.board import board
from relay.monitor.feed import Feed
from relay.monitor.lag import Lag
from relay.monitor.metrics import Metrics, route
from relay.monitor.order import Order
from relay.monitor.watch import Watch

API, EVENTS = "/api/v1", "/api/v1/events"

_SENTENCES = {
    "PROTECTED": "every track comes from two sources: losing one changes nothing",
    "EXPOSED": "a track comes from one source only: losing it interrupts the channel",
    "DOWN": "nobody delivers",
}


class Monitor:
    """The admin port's application and what looks at the channels for it.

    `door`: what the ingest door counts. `ready`: the relay is. `playback`: the port of players.
    `api`: what takes orders. `stopped`: channels that an operator has stopped. `folder` stands
    before the names in the URLs that the page plays, where channels are played with a token;
    `secure`: they are of https. `annunciator`: the alarms, and the clock. `served`: what players
    asked for.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        door: Callable[[], Mapping[str, Any]],
        ready: Callable[[], bool],
        clock: Clock,
        playback: Callable[[], int],
        *,
        api: Order,
        stopped: Callable[[], Collection[str]] = tuple,
        folder: Callable[[], str] = str,
        secure: bool = False,
        annunciator: Annunciator | None = None,
        served: Callable[[], house.Served] = house.nothing,
    ) -> None:
        self._channels = channels
        self._door = door
        self._clock = clock
        self._playback = playback
        self._folder, self._secure = folder, secure
        self._players = files.players()
        self._stopped = stopped
        self._protection: dict[str, str] = {}
        self._degraded: set[str] = set()
        self.watch = Watch(self._look, clock.utc)
        events = Route(EVENTS, Feed(self.watch), methods=["GET"])
        alarms = Annunciator(channels, (), clock) if annunciator is None else annunciator
        self._lag = Lag()
        metrics = route(
            Metrics(channels, door, self._lag.worst, clock, lambda: house.of(alarms, served()))
        )
        port = health.application(
            channels,
            lambda: {
                **door(),
                "refused": dict(api.refused),
                "stopped": sorted(stopped()),
                "clock": asdict(alarms.timekeeper.state),
            },
            ready,
            clock,
            [*files.routes(playback), events, metrics],
        )
        self.app = _apart(api, port)

    def open(self) -> None:
        """Begin to look; the channels are open."""
        self.close()
        self.watch.open()
        self._lag.open()

    def close(self) -> None:
        """End every open page's stream. Never waits."""
        self.watch.close()
        self._lag.close()

    def _look(self) -> dict[str, Any]:
        utc = self._clock.utc()
        boards = {}
        for name, channel in self._channels.items():
            boards[name] = board(
                channel.presentation,
                channel.diagnosis,
                channel.journal,
                channel.gaps,
                numbered=channel.numbered,
                patience=channel.rules.patience,
                utc=utc,
                degraded=channel.store.degraded,
                upstreams={name: stands() for name, stands in channel.upstreams.items()},
            )
            if channel.unlike:
                boards[name]["flags"]["PEER_DIFFERS"] = channel.unlike
            elif channel.alone:
                boards[name]["flags"]["WITHOUT_PEER"] = f"relay reset {name} --join"
            self._notice(channel, boards[name]["protection"])
            self._notice_store(channel)
        return {
            "playback": self._playback(),
            "folder": self._folder(),
            "secure": self._secure,
            "players": self._players,
            "door": self._door(),
            "channels": boards,
            "stopped": dict.fromkeys(sorted(self._stopped()), True),
        }

    def _notice(self, channel: Channel, protection: str) -> None:
        before = self._protection.get(channel.name, DOWN)
        self._protection[channel.name] = protection
        if protection != before:
            grave = protection != PROTECTED
            channel.tell(f"CHANNEL_{protection}", _SENTENCES[protection], grave=grave)

    def _notice_store(self, channel: Channel) -> None:
        why = channel.store.degraded
        if why and channel.name not in self._degraded:
            self._degraded.add(channel.name)
            channel.tell("STORE_DEGRADED", why, grave=True)
        elif not why and channel.name in self._degraded:
            self._degraded.discard(channel.name)
            text = "the disk works again: all that was in memory has been written to it"
            channel.tell("STORE_RECOVERED", text)


def _apart(api: ASGIApp, port: ASGIApp) -> ASGIApp:
    """What is under `API` goes to the API, but for what is answered before it is there. Not by a
    route: those do not match every path that a stranger can send."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith(f"{API}/") and path not in (health.STATUS, EVENTS):
            await api({**scope, "root_path": API}, receive, send)
        else:
            await port(scope, receive, send)

    return answer

"""The operator's door as one: health, status, metrics, control, page and events, on the admin port.

Looking changes nothing, with one exception: that a channel's protection has changed, or that its
disk refuses, is noticed here, by looking, and told to the channel, so that log and page have a line
for it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from relay.annunciator import Annunciator
from relay.channel import Channel
from relay.clock import Clock
from relay.diagnosis.protection import DOWN, PROTECTED
from relay.monitor import files, health, house
from relay.monitor.annex import Annex
from relay.monitor.board import board
from relay.monitor.feed import Feed
from relay.monitor.history import History
from relay.monitor.lag import Lag
from relay.monitor.metrics import Metrics, route
from relay.monitor.order import Order
from relay.monitor.watch import Watch
from relay.timekeeping import ClockState
from relay.uplink.standing import Standing

OFFERS = ("prefer", "alarms", "disconnect", "pause", "resume", "restart", "start")
"""What the page has a button for: last words of paths that take a POST, and "alarms" where they are
listed. It never finds out by trying: a browser writes each 404 into its console, as an error."""

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
    asked for. `annex`: what is added to it.
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
        annex: Annex | None = None,
    ) -> None:
        self._annex = annex
        self._channels = channels
        self._door = door
        self._clock = clock
        self._playback = playback
        self._folder, self._secure = folder, secure
        self._scripts = {"players": files.players(), "plots": files.plots()}
        self._stopped = stopped
        self._protection: dict[str, str] = {}
        self._degraded: set[str] = set()
        self._histories: dict[str, History] = {}
        self.watch = Watch(self._look, clock.utc)
        events = Route(EVENTS, Feed(self.watch), methods=["GET"])
        alarms = Annunciator(channels, (), clock) if annunciator is None else annunciator
        self._lag = Lag()
        self._timekeeper = alarms.timekeeper
        metrics = route(
            Metrics(channels, door, self._lag.worst, clock, lambda: house.of(alarms, served()))
        )
        history = Route("/ui/history/{name}", self._past, methods=["GET"])
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
            [
                *files.routes(playback),
                events,
                history,
                metrics,
                *(annex.routes if annex is not None else ()),
            ],
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
        self._histories = {name: self._histories.get(name, History()) for name in self._channels}
        return {
            "playback": self._playback(),
            "folder": self._folder(),
            "secure": self._secure,
            **self._scripts,
            "offers": dict.fromkeys(OFFERS, True),
            "clock": _clock(self._timekeeper.state),
            "door": self._door(),
            "channels": {
                name: self._facts(channel, utc) for name, channel in self._channels.items()
            },
            "stopped": dict.fromkeys(sorted(self._stopped()), True),
            **({} if self._annex is None else {self._annex.name: self._annex.facts()}),
        }

    def _facts(self, channel: Channel, utc: int) -> dict[str, Any]:
        posts = Counter[str]()
        for sender, count in channel.posts.items():
            posts[sender.source] += count
        upstreams = {name: stands() for name, stands in channel.upstreams.items()}
        facts = board(
            channel.presentation,
            channel.diagnosis,
            channel.journal,
            channel.gaps,
            numbered=channel.numbered,
            patience=channel.rules.patience,
            utc=utc,
            degraded=channel.store.degraded,
            upstreams=upstreams,
            posts=posts,
            preferred=channel.preferred,
        )
        self._histories[channel.name].took(utc, facts, _sizes(channel, upstreams))
        if channel.unlike:
            facts["flags"]["PEER_DIFFERS"] = channel.unlike
        elif channel.alone:
            facts["flags"]["WITHOUT_PEER"] = f"relay reset {channel.name} --join"
        self._notice(channel, facts["protection"])
        self._notice_store(channel)
        return facts

    async def _past(self, request: Request) -> Response:
        """What the page's plots begin with: see `History.series`."""
        history = self._histories.get(request.path_params["name"])
        if history is None:
            return Response("There is no such channel.\n", 404, {"cache-control": "no-store"})
        return JSONResponse(history.series(), headers={"cache-control": "no-store"})

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


def _sizes(channel: Channel, upstreams: Mapping[str, Standing]) -> Mapping[tuple[str, str], int]:
    """Bytes that came from each source, and that each upstream has acknowledged."""
    found = Counter[tuple[str, str]]()
    for (source, _), size in channel.tally.sizes.items():
        found["sources", source] += size
    for name, standing in upstreams.items():
        found["upstreams", name] = standing.size
    return found


def _clock(known: ClockState) -> dict[str, Any]:
    """How far the clock is off, `offset` in ms; what is not known is absent."""
    facts: dict[str, Any] = {"by": known.by}
    if known.offset is not None:
        facts["offset"] = round(1000 * known.offset)
    if known.synchronised is not None:
        facts["synchronised"] = known.synchronised
    return facts


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

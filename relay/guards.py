"""What stands at the doors, from the configuration: TLS, gates, tickets, a front end, limits.

All secrets are read here, at the start. Raises ConfigInvalid for one that cannot be used.
"""

import re
import secrets
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from starlette.types import ASGIApp

from packagers.origin.tickets import Tickets
from relay.access import Credentials, FrontEnd, Gate
from relay.access.tries import Tries
from relay.config import ChannelTable, Config
from relay.config.entrance import LimitsTable
from relay.errors import ConfigInvalid
from relay.limits import Limits
from relay.mp4 import reader
from relay.secret import secret
from relay.server import Listener, Server
from relay.server.overload import Overload
from relay.server.tls import Files, Tls

LEAST_TOKEN = 16
"""Characters of a token: it has to be beyond guessing, since it may be tried as part of a path."""

_PLAYABLE = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")


Known = tuple[Gate, str]
"""Who may push to a channel, and the token with which it is played, "" for none."""


class Guards:
    """Of one process. `gates` by channel; `tls` is None without it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._key, self._tries = secrets.token_bytes(32), Tries()
        self._page = secrets.token_urlsafe(24)
        self._playback: dict[str, str] = {}
        self._tickets: Tickets | None = None
        self._server: Server | None = None
        self.gates: dict[str, Gate] = {}
        for name, table in config.channels.items():
            self.admit(name, table)
        self.tls = _tls(config)
        told = config.front_end
        self.front_end = FrontEnd(
            tuple(map(ip_network, told.addresses)),
            address=told.address_header.lower(),
            name=told.name_header.lower(),
            sha256=told.sha256_header.lower(),
        )
        self.limits = _limits(config.limits)
        self.overload = Overload(
            memory=config.limits.memory_mib << 20, most_new=config.limits.new_connections
        )

    @property
    def page(self) -> str:
        """The token by which the relay's own page plays, "" while no channel needs one."""
        return self._page if self._playback else ""

    def admit(self, name: str, table: ChannelTable) -> None:
        """A channel is there, with these sources and this token. Raises ConfigInvalid, and what
        was in force for it stays."""
        self.let_in(name, self.read(table))

    def read(self, table: ChannelTable) -> Known:
        """Who may come in to a channel. Raises ConfigInvalid."""
        return Gate(_sources(table), self._key, self._tries), _playback(table)

    def let_in(self, name: str, known: Known) -> None:
        """These may come in from now on."""
        gate, token = known
        self.gates[name] = gate
        self._playback.pop(name, None)
        if token:
            self._playback[name] = token

    def forget(self, name: str) -> None:
        """A channel is no more."""
        self.gates.pop(name, None)
        self._playback.pop(name, None)

    def reload(self) -> None:
        """Read the files of TLS anew; connections that stand keep what they have. Raises
        ConfigInvalid, and what was in force stays."""
        if self.tls is not None:
            self.tls.reload()

    def tokens(self, name: str) -> tuple[str, ...]:
        """Those by which a channel or one of its programs is played, () when it is open."""
        token = self._playback.get(name.partition(".")[0])
        return (token, self._page) if token else ()

    def play(self, origin: ASGIApp) -> ASGIApp:
        """The door down, for those whom it is open to."""
        self._tickets = Tickets(origin, self.tokens)
        return self._tickets

    def server(self, app: ASGIApp, address: Callable[[str], Listener]) -> Server:
        """Where encoders and players are served: first what `listen` says."""
        limits, plain = self._config.limits, self._config.tls.plain
        main = address(self._config.server.listen)
        found = [Listener(main.host, main.port, self.tls)]
        self._server = Server(
            app,
            found if plain is None else [*found, address(plain)],
            header_seconds=limits.head_seconds,
            keep_alive_seconds=limits.keep_alive_seconds,
            handshake_seconds=limits.handshake_seconds,
            crowd=self.overload.crowd,
        )
        return self._server

    def counts(self) -> dict[str, Any]:
        """Connections, what became of some, and players that were refused, by code."""
        refused = self._tickets.refused if self._tickets else {}
        return {
            "connections": len(self.overload.crowd),
            "dropped": dict(self.overload.crowd.dropped),
            "handshakes_failed": self._server.handshakes_failed if self._server else 0,
            "players_rejected": dict(refused),
        }


def _sources(table: ChannelTable) -> dict[str, Credentials]:
    return {
        name: Credentials(
            secret(said.token_file, LEAST_TOKEN),
            said.username,
            secret(said.password_file),
            tuple(map(ip_network, said.allow)),
            said.certificate,
        )
        for name, said in table.sources.items()
    }


def _playback(table: ChannelTable) -> str:
    token = secret(table.playback_token_file, LEAST_TOKEN)
    if token and not _PLAYABLE.fullmatch(token):
        raise ConfigInvalid(
            f"{table.playback_token_file}: has characters that cannot stand in a path",
            hint="A good one: head -c 24 /dev/urandom | base64 | tr +/ -_",
        )
    return token


def _tls(config: Config) -> Tls | None:
    told = config.tls
    if told.cert_file is None:
        return None
    return Tls(
        Files(
            told.cert_file,
            told.key_file,
            told.client_ca_file,
            told.client_crl_file,
            told.client_certificate == "required",
        )
    )


def _limits(table: LimitsTable) -> Limits:
    return Limits(
        idle=round(table.idle_seconds * 1000),
        rate=table.least_rate,
        chunk=table.least_chunk,
        posts=table.posts,
        posts_per_address=table.posts_per_address,
        sources=table.sources_per_stream,
        boxes=reader.Limits(
            manifest=table.manifest_kib << 10,
            moov=table.header_kib << 10,
            moof=table.header_kib << 10,
            mdat=table.fragment_mib << 20,
        ),
    )

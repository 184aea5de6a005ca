"""What of the settings goes to which room, as the plain values that rooms take."""

import secrets
from fractions import Fraction

from relay.config import ChannelTable, Config
from relay.forwarder.destination import Destination
from relay.forwarder.turn import Seat
from relay.rules import Rules
from relay.store import Claims


def rules(table: ChannelTable) -> Rules:
    """How it is run."""
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


def destinations(table: ChannelTable) -> list[Destination]:
    """Where it is forwarded to."""
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


def seat(config: Config, claims: Claims | None, host: str) -> Seat | None:
    """Its place among relays that take turns to send; None: it sends all that it has.

    `host`: what this machine is called.
    """
    if claims is None:
        return None
    said = config.cluster
    name = said.node or f"{host}:{config.server.listen.rpartition(':')[2]}"
    return Seat(claims, secrets.token_hex(8), name, round(said.alone_after * 1000))

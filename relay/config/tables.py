"""Tables of the configuration that stand for themselves: what all have in common, and upstreams.

See `relay.config` for the rest of it.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from relay.ingest import alias

_BROKER = r"^(nats|tls)://[A-Za-z0-9.:\[\]-]{1,255}$"


class Table(BaseModel):
    """A table: no unknown key, and it does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _network(said: str) -> str:
    ip_network(said)  # its ValueError says what is wrong
    return said


def _point(url: str) -> str:
    shape = r"(?i:https?)://[^/?#@\s]+/[^?#\s]*\.(?i:isml)(\?[^#\s]*)?"
    try:
        sound = url.isprintable() and urlsplit(url).port != 0
    except ValueError:  # half a bracket, or a port that is no number
        sound = False
    if not (sound and re.fullmatch(shape, url)):
        raise ValueError(
            'write the URL of a publishing point, "https://eu.example/live/news.isml",'
            " without Streams(), and without a password"
        )
    return url


def _whole(said: object) -> object:
    """A number as the environment says it: "3"."""
    return int(said) if isinstance(said, str) and said.isdecimal() else said


_WHOLE = BeforeValidator(_whole)
Network = Annotated[str, AfterValidator(_network)]


def _aliases(said: dict[str, str]) -> dict[str, str]:
    problem = alias.fault(said)
    if problem:
        raise ValueError(problem)
    return said


Aliases = Annotated[dict[str, str], AfterValidator(_aliases)]


class TracksTable(Table):
    """What tracks are called: joins what two encoders name differently."""

    alias: Aliases = Field(
        default_factory=dict,
        description="name in URLs = the name that it shall have",
        examples=['{ "audio_eng-128000" = "audio-128000" }'],
    )


class SourceTable(Table):
    """An encoder that may push; none: everyone may. Any number of them, each with its name."""

    token_file: Path | None = Field(
        default=None,
        description="a bearer token: in a header, as ?token=, or as a folder before the name",
        examples=['"/run/credentials/relay/enc_a"'],
    )
    username: str = Field(default="", description="for Basic and Digest")
    password_file: Path | None = Field(
        default=None, description="its password", examples=['"/run/credentials/relay/enc_a"']
    )
    certificate: str = Field(
        default="",
        description="a name in its client certificate, or sha256: and its fingerprint",
        max_length=512,
    )
    allow: tuple[Network, ...] = Field(
        default=(),
        description="networks that it comes from; leave out: any",
        examples=['["10.1.0.0/16"]'],
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if bool(self.username) is not bool(self.password_file):
            raise ValueError("username and password_file go together")
        kind, _, seal = self.certificate.partition(":")
        if kind == "sha256" and not re.fullmatch(r"[0-9a-fA-F]{64}", seal.replace(":", "")):
            raise ValueError("certificate: sha256: and 64 hexadecimal digits, with colons or not")
        return self


class ClockTable(Table):
    """The clock of this machine, which encoders' times are held against."""

    tolerance: float = Field(
        default=0.1,
        ge=0,
        le=3600,
        description="seconds that it may be off without an alarm; 0: any",
    )


class WebhookTable(Table):
    """Who is told of alarms, by signed POSTs; any number of them, each with a name of its own."""

    url: Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+(/[^#\s]*)?$", max_length=2000)] = (
        Field(
            description="where they are POSTed to", examples=['"https://noc.example/hooks/relay"']
        )
    )
    secret_file: Path | None = Field(
        default=None,
        description="the secret that signs them; leave out: unsigned",
        examples=['"/run/credentials/relay/noc"'],
    )
    codes: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,63}$")], ...] = Field(
        default=(),
        description="only these alarms; leave out: all",
        examples=['["CHANNEL_DOWN", "CHANNEL_EXPOSED"]'],
    )


class ClusterTable(Table):
    """The brokers that several relays share; the store of kind jetstream uses them."""

    servers: tuple[Annotated[str, Field(pattern=_BROKER)], ...] = Field(
        default=("nats://127.0.0.1:4222",),
        min_length=1,
        max_length=16,
        description="NATS servers with JetStream, the nearest first",
    )
    name: str = Field(
        default="relay",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$",
        description="relays with the same name share their channels",
    )
    replicas: Annotated[Literal[1, 3, 5], _WHOLE] = Field(
        default=3, description="servers that each fragment is on; 1 survives the loss of none"
    )
    alone_after: float = Field(
        default=12.0,
        ge=1,
        le=60,
        description="seconds until a relay goes on alone; a new leader takes 4 to 9",
    )
    forward: Literal["one", "all"] = Field(
        default="one",
        description="one (relays take turns to send to an upstream) | all (each sends to it)",
    )
    node: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._:-]{0,64}$",
        description="what this relay is called among them; leave out: its host and port",
        examples=['"rack-1"'],
    )
    token_file: Path | None = Field(
        default=None, description="a token for them", examples=['"/run/credentials/relay/nats"']
    )
    ca_file: Path | None = Field(
        default=None,
        description="whom to trust with tls://; else the system's",
        examples=['"/etc/relay/nats-ca.pem"'],
    )
    cert_file: Path | None = Field(
        default=None,
        description="our certificate for them, PEM",
        examples=['"/etc/relay/relay.pem"'],
    )
    key_file: Path | None = Field(
        default=None,
        description="its key, if not in the same file",
        examples=['"/etc/relay/relay.key"'],
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.key_file and not self.cert_file:
            raise ValueError("key_file belongs to a cert_file")
        return self


class UpstreamTable(Table):
    """Where a channel is forwarded to; any number of them, each with a name of its own."""

    url: Annotated[str, AfterValidator(_point)] = Field(
        description="publishing point of the receiver",
        examples=['"https://eu.example/live/news.isml"'],
    )
    backup_of: str | None = Field(
        default=None,
        description="sends only while the upstream of this name fails",
        examples=['"us"'],
    )
    streams: Literal["received", "tracks"] = Field(
        default="received", description="received (as they came) | tracks (each in its own stream)"
    )
    audio: Literal["once", "twice"] = Field(
        default="once", description="once | twice (each once more, in a stream of its own)"
    )
    stamp_index: Annotated[Literal[0, 32, 64], _WHOLE] = Field(
        default=0, description="bits of the fragment_index put into tfxd; 0: as received"
    )
    catch_up: int = Field(
        default=8, ge=2, le=100, description="times faster than it plays that a backlog goes up"
    )
    username: str = Field(default="", description="for a Basic or Digest challenge")
    password_file: Path | None = Field(
        default=None, description="its password", examples=['"/run/credentials/relay/eu"']
    )
    token_file: Path | None = Field(
        default=None, description="a bearer token", examples=['"/run/credentials/relay/eu"']
    )
    cert_file: Path | None = Field(
        default=None, description="our certificate, PEM", examples=['"/etc/relay/relay.pem"']
    )
    key_file: Path | None = Field(
        default=None,
        description="its key, if not in the same file",
        examples=['"/etc/relay/relay.key"'],
    )
    ca_file: Path | None = Field(
        default=None,
        description="whom to trust; else the system's",
        examples=['"/etc/relay/eu-ca.pem"'],
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if bool(self.username) is not bool(self.password_file):
            raise ValueError("username and password_file go together")
        if self.username and self.token_file:
            raise ValueError("either token_file, or username and password_file")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file belongs to a cert_file")
        return self

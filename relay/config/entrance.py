"""Tables of the configuration about whoever comes in: addresses, TLS, a front end, limits."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from relay.config.tables import Network, Table

_ADDRESS = r"^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"


def _port(address: str) -> str:
    if int(address.rpartition(":")[2]) > 65535:
        raise ValueError("a port is at most 65535")
    return address


def _header(name: str) -> str:
    if name and not re.fullmatch(r"[A-Za-z0-9-]{1,64}", name):
        raise ValueError("write the name of a header field, without a colon")
    return name


def _local(host: str) -> bool:
    """Only this machine reaches it."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


Address = Annotated[str, Field(pattern=_ADDRESS), AfterValidator(_port)]
HeaderName = Annotated[str, AfterValidator(_header)]


class ServerTable(Table):
    """Where the relay listens."""

    listen: Address = Field(default="0.0.0.0:8080", description="encoders and players")
    admin: Address = Field(
        default="127.0.0.1:8081",
        description="page, API, metrics; private: give it a token elsewhere than here",
    )
    admin_token_file: Path | None = Field(
        default=None,
        description="a token for the admin port; leave out: none",
        examples=['"/run/credentials/relay/admin"'],
    )
    api_secrets: Path | None = Field(
        default=None,
        description="folder of secrets that the API may name",
        examples=['"/run/credentials/relay/api"'],
    )

    @model_validator(mode="after")
    def _private(self) -> Self:
        host = self.admin.rpartition(":")[0]
        if self.admin_token_file is None and not _local(host):
            raise ValueError(
                f"admin: {self.admin} can be reached from other machines: set admin_token_file, or"
                " listen on 127.0.0.1"
            )
        return self


class TlsTable(Table):
    """TLS 1.2 and 1.3 on `listen`. Files are PEM, and read anew when they change."""

    cert_file: Path | None = Field(
        default=None,
        description="our certificate and its chain; leave out: no TLS",
        examples=['"/etc/relay/relay.pem"'],
    )
    key_file: Path | None = Field(
        default=None,
        description="its key, if not in the same file",
        examples=['"/etc/relay/relay.key"'],
    )
    client_ca_file: Path | None = Field(
        default=None,
        description="authorities of encoders' certificates; leave out: none is asked for",
        examples=['"/etc/relay/encoders-ca.pem"'],
    )
    client_crl_file: Path | None = Field(
        default=None,
        description="certificates that were taken back",
        examples=['"/etc/relay/encoders.crl"'],
    )
    client_certificate: Literal["optional", "required"] = Field(
        default="optional",
        description="required: nobody comes in without one, players neither",
    )
    plain: Address | None = Field(
        default=None,
        description="an address without TLS beside it; leave out: none",
        examples=['"10.0.0.1:8088"'],
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        others = (self.key_file, self.client_ca_file, self.client_crl_file, self.plain)
        if self.cert_file is None and any(others):
            raise ValueError("cert_file: without it there is no TLS")
        needs = self.client_crl_file or self.client_certificate == "required"
        if needs and self.client_ca_file is None:
            raise ValueError("client_ca_file: without it no certificate is asked for")
        return self


class FrontEndTable(Table):
    """A balancer or proxy before the relay that says who its clients are."""

    addresses: tuple[Network, ...] = Field(
        default=(), description="where it is; from anyone else the fields count for nothing"
    )
    address_header: HeaderName = Field(
        default="X-Forwarded-For", description="field with the client's address as its last"
    )
    name_header: HeaderName = Field(
        default="", description="field with a name of the client's verified certificate"
    )
    sha256_header: HeaderName = Field(
        default="", description="field with that certificate's SHA-256 in hexadecimal"
    )


class LimitsTable(Table):
    """What strangers may ask for at most; what is beyond is refused, counted and logged."""

    posts: int = Field(default=1_000, ge=1, description="POSTs that are open at once")
    posts_per_address: int = Field(default=64, ge=1, description="of one address")
    sources_per_stream: int = Field(
        default=4, ge=1, description="encoders of one stream, with those just lost"
    )
    idle_seconds: float = Field(default=12, ge=1, le=600, description="silence of a POST")
    least_rate: int = Field(default=500, ge=0, description="bytes a second of a POST, over 20 s")
    least_chunk: int = Field(default=64, ge=0, description="mean bytes of 10,000 chunks")
    fragment_mib: int = Field(default=64, ge=1, le=1_024, description="MiB of a fragment's media")
    header_kib: int = Field(default=1_024, ge=16, le=65_536, description="KiB of a moov or moof")
    manifest_kib: int = Field(
        default=64, ge=4, le=1_024, description="KiB of a live server manifest"
    )
    new_connections: int = Field(
        default=1_000, ge=16, description="connections that have not sent a request yet"
    )
    head_seconds: float = Field(default=5, ge=1, le=60, description="time for a request's head")
    handshake_seconds: float = Field(default=10, ge=1, le=60, description="time for TLS")
    keep_alive_seconds: float = Field(default=30, ge=1, le=600, description="between two requests")
    memory_mib: int = Field(
        default=0, ge=0, description="MiB at which it is full; 0: what the machine has"
    )

"""The configuration: one TOML file, every key with its default and its meaning.

Precedence: defaults < file < environment (RELAY_SERVER__LISTEN, RELAY_CHANNELS__NEWS__PATIENCE).
An unknown key is an error with its path, and all errors are shown at once. The classes below are
the only place where a default stands: `relay init` prints them, conf/relay.toml is that print.
`Config` stops at `app.py`: the rooms take plain arguments.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from relay.config.entrance import FrontEndTable, LimitsTable, ServerTable, TlsTable
from relay.config.tables import (
    ClockTable,
    ClusterTable,
    SourceTable,
    Table,
    TracksTable,
    UpstreamTable,
    WebhookTable,
)
from relay.errors import ConfigInvalid, quoted
from relay.numbering import LONGEST, SHORTEST

_SOURCE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_PEER = r"^https?://[A-Za-z0-9.:\[\]-]{1,255}(/[A-Za-z0-9._~%/-]{0,255})?$"
_SECONDS = r"[0-9]{1,9}(\.[0-9]{1,9}|/[1-9][0-9]{0,8})?"
_CHANNEL = r"^[a-z0-9][a-z0-9_]{0,63}$"


def _exact(value: object) -> object:
    """`"1.92"`, `"2002/1000"` and 2 are exact; 1.92 without quotes is not, and is refused."""
    if isinstance(value, float):
        # pydantic turns a ValueError, and only that, into an error with its path
        raise ValueError(  # noqa: TRY004
            'write it in quotes, "1.92" or "2002/1000": a bare number is not exact'
        )
    if not re.fullmatch(_SECONDS, str(value)):
        raise ValueError('write seconds as "1.92" or "2002/1000"')
    seconds = Fraction(str(value))
    if not SHORTEST <= seconds <= LONGEST:
        raise ValueError(f"must be from {float(SHORTEST)} to {LONGEST} seconds")
    return seconds


Source = Annotated[str, Field(pattern=_SOURCE)]
Peer = Annotated[str, Field(pattern=_PEER)]
Exact = Annotated[
    Fraction,
    BeforeValidator(_exact),
    WithJsonSchema({"type": ["string", "integer"], "pattern": f"^{_SECONDS}$"}),
]


class StoreTable(Table):
    """Where fragments are kept."""

    kind: Literal["disk", "memory", "jetstream"] = Field(
        default="disk",
        description="disk | memory (lost at the end) | jetstream (shared, see [cluster])",
    )
    path: Path = Field(
        default=Path("/var/lib/relay"),
        description="folder of this relay's own store, which it may write",
    )
    durable: bool = Field(
        default=True, description="fsync each fragment: safe against a power cut too"
    )


SHORTEST_UTC = Fraction(9, 20)
"""Seconds of a fragment that can be numbered from 1970 on in 32 bits, until 2031."""


class ChannelTable(Table):
    """A publishing point, `/{name}.isml`."""

    fragment_duration: Exact | None = Field(
        default=None,
        description='seconds, exact: "1.92", "2002/1000"; leave out to learn it',
        examples=['"1.92"'],
    )
    dvr_window: int = Field(
        default=120, ge=10, le=7 * 86400, description="seconds that stay playable"
    )
    patience: float = Field(
        default=1.5, ge=0, le=60, description="seconds a hole may wait for the other encoder"
    )
    on_rewind: Literal["run", "reject"] = Field(
        default="run", description="an encoder restarts at 0: run (numbers go on) | reject (409)"
    )
    prefer: Source | None = Field(
        default=None,
        description="source whose copies win while it delivers; leave out: the first copy wins",
        examples=['"enc_a"'],
    )
    anchor: Literal["auto", "utc", "arrival"] = Field(
        default="auto", description="auto | utc (encoders stamp UTC) | arrival (they begin at 0)"
    )
    first_index: int = Field(
        default=0,
        ge=0,
        le=1,
        description="number of the first fragment after 1970; 1 agrees with AWS epoch locking",
    )
    cue_tags: Literal["none", "cue-out-in", "cue"] = Field(
        default="none",
        description="old tags beside EXT-X-DATERANGE: none | cue-out-in | cue (as Azure wrote it)",
    )
    fail_over: tuple[Literal["stale", "gap", "no_source"], ...] = Field(
        default=(),
        description="404 for playlists and manifests while: stale | gap | no_source",
        examples=['["stale", "no_source"]'],
    )
    playback_token_file: Path | None = Field(
        default=None,
        description="a token that players need, in a folder, a field or ?token=; leave out: none",
        examples=['"/run/credentials/relay/playback"'],
    )
    peer: Peer | None = Field(
        default=None,
        description="another relay of this channel: one that starts empty numbers as it does",
        examples=['"http://relay2.example:8080"'],
    )
    tracks: TracksTable = TracksTable()
    sources: dict[Source, SourceTable] = Field(default_factory=dict)
    upstreams: dict[Annotated[str, Field(pattern=_CHANNEL)], UpstreamTable] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        exact = self.fragment_duration
        if exact is not None and exact < SHORTEST_UTC and self.anchor != "arrival":
            raise ValueError(
                f"fragment_duration: under {float(SHORTEST_UTC):g} s numbers since 1970 do not fit"
                ' 32 bits; make it longer, or anchor = "arrival" (encoders that begin at 0)'
            )
        return self

    @model_validator(mode="after")
    def _backups(self) -> Self:
        for name, table in self.upstreams.items():
            if table.backup_of is None:
                continue
            principal = self.upstreams.get(table.backup_of)
            if principal is None or principal.backup_of is not None or principal is table:
                raise ValueError(
                    f'upstreams.{name}.backup_of: "{table.backup_of}" must be another upstream'
                    " of this channel that is no backup itself"
                )
        return self


class Config(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="RELAY_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    server: ServerTable = ServerTable()
    tls: TlsTable = TlsTable()
    front_end: FrontEndTable = FrontEndTable()
    limits: LimitsTable = LimitsTable()
    store: StoreTable = StoreTable()
    cluster: ClusterTable = ClusterTable()
    clock: ClockTable = ClockTable()
    webhooks: dict[Annotated[str, Field(pattern=_CHANNEL)], WebhookTable] = Field(
        default_factory=dict
    )
    channels: dict[Annotated[str, Field(pattern=_CHANNEL)], ChannelTable] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _certified(self) -> Self:
        told = self.tls.client_ca_file or (
            self.front_end.addresses
            and (self.front_end.name_header or self.front_end.sha256_header)
        )
        for name, channel in self.channels.items():
            for source, table in channel.sources.items():
                if table.certificate and not told:
                    raise ValueError(
                        f"channels.{name}.sources.{source}.certificate: nobody verifies it; set"
                        " client_ca_file in [tls], or let a [front_end] say whose it is"
                    )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before what the file said."""
        return env_settings, init_settings


_OF_THE_RELAY = (
    *(ServerTable, TlsTable, FrontEndTable, LimitsTable),
    *(ClusterTable, ClockTable, WebhookTable),
)
_OF_A_CHANNEL = (TracksTable, SourceTable, UpstreamTable)
_KEYS = [
    key
    for table in (Config, *_OF_THE_RELAY, StoreTable, ChannelTable, *_OF_A_CHANNEL)
    for key in table.model_fields
]


def load(path: Path) -> Config:
    """The configuration of a file and the environment. Raises ConfigInvalid with every error."""
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigInvalid(
            f"{path}: no such file", hint=f"Write a first one with: relay init > {path}"
        ) from None
    except OSError as error:
        raise ConfigInvalid(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path}: no TOML: {error}") from None
    # BaseSettings would take them for arguments of its own.
    private = [f"{path}: {key} - no such key" for key in said if key.startswith("_")]
    if private:
        raise ConfigInvalid("\n".join(private))
    try:
        config = Config(**said)
    except SettingsError as error:
        raise ConfigInvalid(f"environment: {error}") from None
    except ValidationError as error:
        told = "\n".join(_told(path, item) for item in error.errors())
        raise ConfigInvalid(told) from None
    if not config.channels:
        raise ConfigInvalid(
            f"{path}: channels - no channel is configured", hint="Add a table [channels.news]."
        )
    return config


def _told(path: Path, item: ErrorDetails) -> str:
    parts = [str(part) for part in item["loc"] if part != "[key]"]
    variable = f"RELAY_{'__'.join(parts)}".upper()
    source = f"environment ({variable})" if variable in os.environ else path
    said = item["msg"]
    if item["type"] == "extra_forbidden":
        near = get_close_matches(parts[-1], _KEYS, 1)
        said = f"no such setting; did you mean {near[0]}?" if near else "no such setting"
    return f"{source}: {quoted('.'.join(parts))} - {said} - got {item['input']!r}"


def with_channels(config: Config, channels: Mapping[str, ChannelTable]) -> Config:
    """The same with other channels. Raises ConfigInvalid where they do not go with the rest."""
    try:
        return Config.model_validate({**dict(config), "channels": dict(channels)})
    except ValidationError as error:
        raise ConfigInvalid("\n".join(item["msg"] for item in error.errors())) from None

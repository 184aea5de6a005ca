"""The configuration: one TOML file, every key with its default and its meaning.

Precedence: defaults < file < environment (RELAY_SERVER__LISTEN, RELAY_CHANNELS__NEWS__PATIENCE).
An unknown key is an error with its path, and all errors are shown at once. The classes below are
the only place where a default stands: `relay init` prints them, conf/relay.toml is that print.
`Config` stops at `app.py`: the rooms take plain arguments.
"""

import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from relay.errors import ConfigInvalid

_ADDRESS = r"^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"
_CHANNEL = r"^[a-z0-9][a-z0-9_]*$"


def _exact(value: object) -> object:
    """`"1.92"`, `"2002/1000"` and 2 are exact; 1.92 without quotes is not, and is refused."""
    if isinstance(value, float):
        # pydantic turns a ValueError, and only that, into an error with its path
        raise ValueError(  # noqa: TRY004
            'write it in quotes, "1.92" or "2002/1000": a bare number is not exact'
        )
    if isinstance(value, str) and not re.fullmatch(
        r"[0-9]{1,9}(\.[0-9]{1,9}|/[1-9][0-9]{0,8})?", value
    ):
        raise ValueError('write seconds as "1.92" or "2002/1000"')
    return Fraction(value) if isinstance(value, str | int) else value


Exact = Annotated[Fraction, BeforeValidator(_exact)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class ServerTable(_Table):
    """Where the relay listens."""

    listen: str = Field(
        default="0.0.0.0:8080", pattern=_ADDRESS, description="encoders and players"
    )
    admin: str = Field(default="127.0.0.1:8081", pattern=_ADDRESS, description="health and status")


class StoreTable(_Table):
    """Where fragments are kept."""

    kind: Literal["disk", "memory"] = Field(
        default="disk", description="disk | memory (lost at the end)"
    )
    path: Path = Field(default=Path("/var/lib/relay"), description="folder of the disk store")
    durable: bool = Field(
        default=True, description="fsync each fragment: safe against a power cut too"
    )


class ChannelTable(_Table):
    """A publishing point, `/{name}.isml`."""

    fragment_duration: Exact | None = Field(
        default=None, description='seconds, exact: "1.92", "2002/1000"; leave out to learn it'
    )
    dvr_window: int = Field(
        default=120, ge=10, le=7 * 86400, description="seconds that stay playable"
    )
    patience: float = Field(
        default=1.5, ge=0, le=60, description="seconds a hole may wait for the other encoder"
    )
    anchor: Literal["auto", "utc", "arrival"] = Field(
        default="auto", description="auto | utc (encoders stamp UTC) | arrival (they begin at 0)"
    )
    first_index: Literal[0, 1] = Field(
        default=0,
        description="number of the first fragment after 1970; 1 agrees with AWS epoch locking",
    )


class Config(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="RELAY_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    server: ServerTable = ServerTable()
    store: StoreTable = StoreTable()
    channels: dict[Annotated[str, Field(pattern=_CHANNEL)], ChannelTable] = Field(
        default_factory=dict
    )

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


def load(path: Path) -> Config:
    """The configuration of a file and the environment. Raises ConfigInvalid with every error."""
    if not path.is_file():
        raise ConfigInvalid(
            f"{path}: no such file", hint=f"Write a first one with: relay init > {path}"
        )
    try:
        config = Config(**tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path}: no TOML: {error}") from None
    except SettingsError as error:
        raise ConfigInvalid(f"environment: {error}") from None
    except ValidationError as error:
        told = "\n".join(f"{path}: {_told(item)}" for item in error.errors())
        raise ConfigInvalid(told) from None
    if not config.channels:
        raise ConfigInvalid(
            f"{path}: channels - no channel is configured", hint="Add a table [channels.news]."
        )
    return config


def sample() -> str:
    """The complete configuration with its defaults, commented: what `relay init` prints."""
    lines = [
        "# Configuration of the relay: every key, with its default.",
        "# The environment overrides it: RELAY_SERVER__LISTEN, RELAY_CHANNELS__NEWS__PATIENCE.",
    ]
    tables: list[tuple[str, type[_Table]]] = [
        ("server", ServerTable),
        ("store", StoreTable),
        ("channels.news", ChannelTable),
    ]
    for name, table in tables:
        lines += ["", f"# {table.__doc__}", f"[{name}]"]
        for key, told in table.model_fields.items():
            value = told.default
            if value is None:
                shown = f'# {key} = "1.92"'
            elif isinstance(value, bool):
                shown = f"{key} = {str(value).lower()}"
            elif isinstance(value, str | Path):
                shown = f'{key} = "{value}"'
            else:
                shown = f"{key} = {value}"
            lines.append(f"{shown:<40} # {told.description}")
    return "\n".join(lines) + "\n"


def _told(item: ErrorDetails) -> str:
    where = ".".join(str(part) for part in item["loc"] if part != "[key]")
    return f"{where} - {item['msg']} - got {item['input']!r}"

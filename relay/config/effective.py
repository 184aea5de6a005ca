"""The configuration that is in force, as TOML: each value with where it comes from.

Where a value stands three times (default, file, environment), this is how an operator learns which
one holds. It can be read back: `relay check --print` of what it printed prints the same values.
What a URL has behind its `?` may be a secret and is masked; other secrets stand in files of their
own, and only their names are printed.
"""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from relay.config.config import Config
from relay.config.tables import Table

DEFAULT, FILE, ENVIRONMENT = "default", "file", "environment"
COLUMN = 48


def effective(path: Path, config: Config) -> str:
    """What holds of `path` and the environment; `config` is what was loaded from them."""
    said = tomllib.loads(path.read_text("utf-8"))
    blocks = (_block(*table) for table in _tables("", config, said))
    return "\n\n".join(block for block in blocks if block) + "\n"


def schema() -> str:
    """The JSON Schema of the file, for editors (TOML ones read it too)."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"


def _tables(
    name: str, table: Config | Table | Mapping[str, Any], said: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any], Mapping[str, Any]]]:
    """This table and those in it: its name, its own values, and what the file says of it."""
    values = dict(table)
    inner = {key: v for key, v in values.items() if isinstance(v, Table) or _named(v)}
    plain = {key: v for key, v in values.items() if key not in inner and v not in ({}, None)}
    yield name, plain, said
    for key, value in inner.items():
        yield from _tables(f"{name}.{key}" if name else key, value, said.get(key, {}))


def _named(value: object) -> bool:
    """A table of tables: channels, upstreams."""
    return isinstance(value, dict) and any(isinstance(v, Table) for v in value.values())


def _block(name: str, values: dict[str, Any], said: Mapping[str, Any]) -> str:
    lines = [f"[{name}]"] if values else []
    for key, value in values.items():
        variable = f"RELAY_{name.replace('.', '__')}__{key}".upper()
        given = variable if variable in os.environ else FILE if key in said else DEFAULT
        origin = f"{ENVIRONMENT}, {given}" if given == variable else given
        lines.append(f"{f'{key} = {_toml(value)}':<{COLUMN}} # {origin}")
    return "\n".join(lines)


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case Mapping():
            pairs = (f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case Fraction():
            return json.dumps(str(value))
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
    text = str(value)
    if "://" in text and "?" in text:
        text = text.partition("?")[0] + "?..."
    return json.dumps(text, ensure_ascii=False)

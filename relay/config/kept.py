"""What an operator has done through the API and wants to find again: one small file, in JSON.

    {"channels": {name: settings}, "stopped": [name, ..]}

It lies in the folder of the disk store, beside the channels; with a store in memory nothing is
kept. It is written anew under a temporary name and renamed, so it is whole or the one before.
Settings that another version of the relay cannot use are left in it, and the log says so.
"""

import json
import os
from collections.abc import Collection, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from relay.config.config import ChannelTable
from relay.errors import quoted

NAME = "api-channels.json"
"""No channel and no program can be called so."""

log = structlog.get_logger("relay.config.kept")


class Kept:
    """The file. `folder` None: nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / NAME
        self._unusable: dict[str, Any] = {}

    @property
    def lasts(self) -> bool:
        """What is saved outlives the process."""
        return self._file is not None

    def load(self) -> tuple[dict[str, ChannelTable], set[str]]:
        """Channels by name, and those that are stopped; nothing, when the file cannot be read."""
        if self._file is None:
            return {}, set()
        try:
            said = json.loads(self._file.read_text("utf-8"))
            stored, stopped = dict(said["channels"]), set(map(str, said["stopped"]))
        except FileNotFoundError:
            return {}, set()
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            log.warning(
                "cannot be read", code="API_CHANNELS", file=str(self._file), error=str(error)
            )
            return {}, set()
        found = {}
        for name, settings in stored.items():
            try:
                found[name] = ChannelTable.model_validate(settings)
            except ValidationError as error:
                self._unusable[name] = settings
                reason = f"channel {quoted(name)} cannot be used: {error.errors()[0]['msg']}"
                log.warning(reason, code="API_CHANNELS", file=str(self._file))
        return found, stopped

    def save(self, channels: Mapping[str, ChannelTable], stopped: Collection[str]) -> None:
        """Keep these. Raises OSError."""
        if self._file is None:
            return
        made = {name: settings(table) for name, table in channels.items()}
        told = {"channels": {**self._unusable, **made}, "stopped": sorted(stopped)}
        temporary = self._file.with_name(f".{self._file.name}.new")
        with temporary.open("w", encoding="utf-8") as written:
            json.dump(told, written, indent=2)
            written.flush()
            os.fsync(written.fileno())
        temporary.replace(self._file)


def settings(table: ChannelTable) -> dict[str, Any]:
    """A channel's settings as JSON values: what was said of it, without the defaults."""
    told: dict[str, Any] = table.model_dump(mode="json", exclude_unset=True)
    exact = table.fragment_duration
    if exact is not None:
        decimal = f"{float(exact):.9f}".rstrip("0").rstrip(".")
        told["fragment_duration"] = decimal if Fraction(decimal) == exact else str(exact)
    return told

"""How far each stream of one upstream has come, kept in a small file beside the store.

It is written anew under a temporary name and renamed, at most once a second by its owner, so it is
whole or the one before. A ledger that is behind, or lost, costs duplicates, which every receiver
filters; one that were ahead would cost a hole, so it says only what has been acknowledged.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

import structlog

from relay.uplink.cursor import Cursor

log = structlog.get_logger("relay.forwarder")


class Ledger:
    """The cursors of one upstream, by stream. `file` None: nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._kept = ""
        self._failing = False

    def load(self) -> dict[str, Cursor]:
        """What was kept; nothing, when there is no file or it is damaged."""
        if self._file is None:
            return {}
        try:
            said = json.loads(self._file.read_text("utf-8"))
            return {str(stream): Cursor.of(kept) for stream, kept in said["streams"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning(
                "ledger_unreadable",
                code="LEDGER_UNREADABLE",
                file=str(self._file),
                error=str(error),
            )
            return {}

    async def save(self, cursors: Mapping[str, Cursor]) -> None:
        """Keep these, if they differ from what is kept. Never raises for the disk's faults."""
        text = json.dumps({"streams": {name: one.kept() for name, one in cursors.items()}})
        if self._file is None or text == self._kept:
            return
        try:
            await asyncio.to_thread(_write, self._file, text)
        except OSError as error:
            if not self._failing:
                log.warning(
                    "ledger_unwritable",
                    code="LEDGER_UNWRITABLE",
                    file=str(self._file),
                    error=str(error),
                )
            self._failing = True
        else:
            self._kept, self._failing = text, False


def _write(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.new")
    with temporary.open("w", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
    temporary.replace(file)

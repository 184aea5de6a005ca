"""What relays tell each other of an upstream, by the brokers: whose it is, and how far it has come.

    {"id", "name", "generation", "upstreams": {its name: {stream: cursor}}}

The upstream and its backups are one claim, since a backup looks at its principal. An `id` is made
anew with each process, "": given up; the `name` is for people. The generation counts how often the
channel was emptied: how far one came before says nothing of what comes afterwards.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from relay.uplink.cursor import Cursor

Progress = Mapping[str, Mapping[str, Cursor]]
"""How far each stream of each upstream has come, by name."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One, as it was read or is to be written."""

    id: str = ""
    name: str = ""
    generation: int = 0
    progress: Progress = field(default_factory=dict)

    def written(self, now: int) -> bytes:
        """As the brokers keep it: of what was acknowledged, what is not in doubt at `now`, ms."""
        upstreams = {
            upstream: {stream: cursor.sure(now) for stream, cursor in streams.items()}
            for upstream, streams in self.progress.items()
        }
        told = {"id": self.id, "name": self.name, "generation": self.generation}
        return json.dumps({**told, "upstreams": upstreams}, separators=(",", ":")).encode()

    @classmethod
    def of(cls, record: bytes) -> "Claim":
        """What was written. Raises ValueError: it is nothing of the kind."""
        try:
            said = json.loads(record)
            progress = {
                str(upstream): {str(stream): Cursor.of(kept) for stream, kept in streams.items()}
                for upstream, streams in said["upstreams"].items()
            }
            return cls(str(said["id"]), str(said["name"]), int(said["generation"]), progress)
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"this is no claim: {error}") from None

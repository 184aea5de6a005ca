"""The bytes of what was put last, kept in memory for those who read at the live edge.

Forwarders, players and packagers ask for a fragment within a moment of its put, and most of them
for the same one. To read it from its file costs a hop to a thread, two copies and the check of its
sum, as often as it is asked for; the bytes are still here. So they are kept as they came, those of
the last `SECONDS` of all channels, up to `MOST`, and nothing of the file is taken on trust: what is
read from it is still checked.

A record is known by its identity, since it outlives its place on the shelf nowhere else.
"""

from collections.abc import Sequence

from relay.media import Buffer, Copy
from relay.store.shelf import Record

MOST = 32 << 20
"""Bytes, of all channels together. What else the pieces of a connection hold may double it."""


SECONDS = 30
"""How long a fragment is near the live edge, by the arrival of what is put: players are up to three
fragments of six seconds behind it."""


class Recent:
    """The newest bytes, by record. `most` in bytes, `seconds` as `SECONDS`."""

    def __init__(self, most: int = MOST, seconds: int = SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._size = 0
        self._kept: dict[int, tuple[Record, tuple[Buffer, ...]]] = {}

    def keep(self, record: Record, data: Sequence[Buffer]) -> None:
        """A record's bytes, which change no more; the oldest give way to them."""
        size = sum(map(len, data))
        if not 0 < size <= self._most:
            return
        self._kept[id(record)] = record, tuple(data)
        self._size += size
        while self._size > self._most or self._old(record):
            self._size -= sum(map(len, self._kept.pop(next(iter(self._kept)))[1]))

    def _old(self, newest: Record) -> bool:
        """The first is no longer near the live edge."""
        first, _ = next(iter(self._kept.values()))
        return _arrived(first) < _arrived(newest) - 1000 * self._seconds

    def find(self, record: Record) -> tuple[Buffer, ...] | None:
        """Its bytes in their parts, if they are still here."""
        found = self._kept.get(id(record))
        return None if found is None else found[1]

    def join(self, record: Record) -> bytes | None:
        """Its bytes in one piece, if they are still here; joined once."""
        found = self.find(record)
        if found is None:
            return None
        whole = found[0] if len(found) == 1 and isinstance(found[0], bytes) else b"".join(found)
        self._kept[id(record)] = record, (whole,)
        return whole


def _arrived(record: Record) -> int:
    """In ms since 1970."""
    return record.member.arrival if isinstance(record.member, Copy) else 0

"""Copies of one track from so far ahead that one alone changes nothing.

A poisoned time must not move a line; an encoder whose clock really jumped must not be lost. What a
source sent in a row from there is kept, until it is enough to convince: three, and the timeline
says whether anybody has continued the line meanwhile. Strangers name themselves, so what is kept is
bounded in sources, in copies of each and in bytes; one copy may always be larger.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from relay.gathering import Offer

CONVINCING = 3
MOST_SUSPECTS = 8
"""Sources whose suspects are kept, the newest, and copies of each."""
MOST_BYTES = 64 << 20


@dataclass(slots=True)
class Suspects:
    """The suspects of one track, by source."""

    _by: dict[str, list[Offer]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Offer]:
        return (offer for line in self._by.values() for offer in line)

    def add(self, offer: Offer) -> list[Offer]:
        """One more; what its source has sent in a row with it, if that convinces, else nothing."""
        line = self._by.pop(offer.copy.source, [])
        self._by[offer.copy.source] = line  # the newest, last
        if line and offer.copy.index != line[-1].copy.index + 1:
            line.clear()
        line.append(offer)
        while len(line) > MOST_SUSPECTS or (len(line) > CONVINCING and _size(line) > MOST_BYTES):
            del line[0]
        while len(self._by) > 1 and (
            len(self._by) > MOST_SUSPECTS or sum(map(_size, self._by.values())) > MOST_BYTES
        ):
            del self._by[next(iter(self._by))]
        return list(line) if len(line) >= CONVINCING else []

    def clear(self) -> None:
        """The line goes on, or has moved to where they are."""
        self._by.clear()


def _size(line: list[Offer]) -> int:
    return sum(offer.copy.size for offer in line)

"""Copies of one track that wait before they are put: for a better one, until a deadline.

Strangers make them wait, so they are bounded in number and in bytes; one may always be larger. Of
an index that is taken meanwhile they go on at once: their put will tell that it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from relay.gathering import Offer

MOST_HELD = 8
MOST_BYTES = 64 << 20


@dataclass(slots=True)
class Held:
    """What is held, with its deadline in ms."""

    _items: list[tuple[int, Offer]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[tuple[int, Offer]]:
        return iter(self._items)

    def add(self, deadline: int, *offers: Offer) -> None:
        """Hold these until then."""
        self._items += [(deadline, offer) for offer in offers]

    def takes(self, offer: Offer) -> bool:
        """There is room for it."""
        size = sum(held.copy.size for _, held in self._items) + offer.copy.size
        return not self._items or (len(self._items) < MOST_HELD and size <= MOST_BYTES)

    def of(self, index: int) -> list[Offer]:
        """Those of an index."""
        return [offer for _, offer in self._items if offer.copy.index == index]

    def hurry(self, now: int, taken: Callable[[int], bool]) -> None:
        """Indexes have been `taken`: those of them are due."""
        self._items = [(now if taken(o.copy.index) else at, o) for at, o in self._items]

    def ready(self, now: int, stop: int) -> list[Offer]:
        """Take out what is due, with all of the same index, and all below `stop`."""
        over = {offer.copy.index for deadline, offer in self._items if deadline <= now}
        ready = [at for at in self._items if at[1].copy.index < stop or at[1].copy.index in over]
        self._items = [held for held in self._items if held not in ready]
        return [offer for _, offer in ready]

    def drop(self, start: int = 0) -> None:
        """Give up those from an index on."""
        self._items = [held for held in self._items if held[1].copy.index < start]

    def deadlines(self) -> list[int]:
        """When they are due."""
        return [deadline for deadline, _ in self._items]

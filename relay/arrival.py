"""What has come and whose it is: a fragment or the end of a POST, waiting until it can be numbered.

It waits for the grid, for a run to begin, or for a changed header to take effect. What waits is
bounded in number and in bytes, since a sender decides both; beyond that the oldest is given up.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from relay.media import Fragment, Header
from relay.numbering import Grid

MOST_WAITING = 256
MOST_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: one source on one stream."""

    source: str
    stream: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A fragment as it came. `now` in ms of the rising clock, `utc` in ms since 1970.

    run   the number of that in which it has its place, once it has one
    """

    sender: Sender
    fragment: Fragment
    now: int
    utc: int
    run: int = 0

    def raw(self, grid: Grid) -> int:
        """Its index, before a run adds its offset."""
        fragment, timescale = self.fragment, self.fragment.track.timescale
        if fragment.track.parent:
            return grid.sparse_index(fragment.time, timescale)
        return grid.index(fragment.time, fragment.duration, timescale)


@dataclass(frozen=True, slots=True)
class Ending:
    """A POST that ended while fragments of its sender waited."""

    sender: Sender
    now: int
    clean: bool


@dataclass(slots=True)
class Waiting:
    """What waits, in the order in which it came."""

    _items: deque[Arrival | Ending] = field(default_factory=deque)
    _bytes: int = 0

    def __iter__(self) -> Iterator[Arrival | Ending]:
        return iter(self._items)

    @property
    def since(self) -> int | None:
        """When the first of it came, in the ms of `now`; None while nothing waits."""
        return self._items[0].now if self._items else None

    def add(self, item: Arrival | Ending) -> list[Fragment]:
        """One more; the fragments that are given up for it, the oldest."""
        self._items.append(item)
        self._bytes += _size(item)
        given_up: list[Fragment] = []
        while len(self._items) > MOST_WAITING or (
            self._bytes > MOST_BYTES and len(self._items) > 1
        ):
            oldest = self._items.popleft()
            self._bytes -= _size(oldest)
            given_up += [oldest.fragment] if isinstance(oldest, Arrival) else []
        return given_up

    def take(self, wanted: Callable[[Arrival | Ending], bool]) -> list[Arrival | Ending]:
        """Take out, in order, what is `wanted`."""
        taken = [item for item in self._items if wanted(item)]
        if taken:
            self._items = deque(item for item in self._items if not wanted(item))
            self._bytes -= sum(map(_size, taken))
        return taken

    def before(self, now: int) -> list[Fragment]:
        """Give up what came before a moment."""
        if self.since is None or self.since >= now:
            return []
        stale = self.take(lambda item: item.now < now)
        return [late.fragment for late in stale if isinstance(late, Arrival)]

    def outdated(self, sender: Sender, header: Header) -> list[Fragment]:
        """Give up what a sender sent under other settings than the header that it shows now."""
        shown = {told.track for told in header.tracks}
        own = [x for x in self._items if isinstance(x, Arrival) and x.sender == sender]
        stale = [late for late in own if late.fragment.track not in shown]
        self.take(lambda item: item in stale)
        return [late.fragment for late in stale]

    def take_all(self) -> list[Arrival | Ending]:
        """Take out everything, in order."""
        return self.take(lambda _: True)


def _size(item: Arrival | Ending) -> int:
    return item.fragment.size if isinstance(item, Arrival) else 0

"""All connections of a process, and which of them goes when there are too many.

What has not shown a whole head yet is a newcomer: a TLS handshake, a slow head, silence. Those cost
a stranger nothing, so there are at most `most_new` of them, and the oldest of the address that has
the most goes first: who floods is the one who loses, and an encoder, which has its head out within
a round trip, is a newcomer for no time at all.

When the process itself is at its end (`full`: descriptors, memory), whoever has least to lose goes
to make room: newcomers, then what is kept alive between two requests, then players, who come back
by themselves. A stream is never closed for a newcomer; when only streams are left, it is the
newcomer that goes, and the newest stream only when memory runs out all the same (`overload.py`).
Each way out is counted.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

MOST_NEW = 1_000


class Standing(IntEnum):
    """What a connection is, in the order in which they go."""

    NEW = 0
    IDLE = 1
    PLAYER = 2
    STREAM = 3


@dataclass(eq=False, slots=True)
class Guest:
    """A connection. `drop` ends it, now and without waiting."""

    address: str
    drop: Callable[[], None]
    standing: Standing = Standing.NEW


class Crowd:
    """`full`: there is no room for one more. `dropped`: how many had to go, by their standing."""

    def __init__(
        self, *, most_new: int = MOST_NEW, full: Callable[[], bool] = lambda: False
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self._most_new = most_new
        self._full = full
        self._guests: dict[Guest, None] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, guest: Guest) -> bool:
        """Make room for one more, who is in then. False: there is none, and it has to go."""
        if self._full() and not self.shed(1):
            self.dropped["refused"] += 1
            return False
        self._guests[guest] = None
        if len(self._guests) > self._most_new:
            self._thin()
        return guest in self._guests

    def leave(self, guest: Guest) -> None:
        """It is over."""
        self._guests.pop(guest, None)

    def shed(self, count: int) -> int:
        """Drop up to so many that are no streams; returns how many there were."""
        going = sorted(
            (each for each in self._guests if each.standing is not Standing.STREAM),
            key=lambda each: each.standing,
        )[:count]
        for each in going:
            self._drop(each)
        return len(going)

    def drop_newest_stream(self) -> int:
        """Drop the stream that came last; returns how many there were, 0 or 1."""
        streams = [each for each in self._guests if each.standing is Standing.STREAM]
        for each in streams[-1:]:
            self._drop(each)
        return len(streams[-1:])

    def _thin(self) -> None:
        new = [each for each in self._guests if each.standing is Standing.NEW]
        if len(new) > self._most_new:
            ((crowding, _),) = Counter(each.address for each in new).most_common(1)
            self._drop(next(each for each in new if each.address == crowding))

    def _drop(self, guest: Guest) -> None:
        self.leave(guest)
        self.dropped[guest.standing.name.lower()] += 1
        guest.drop()

"""Who may open a body now, and under which name: sources, slots, limits. Sans-IO.

A source is what the URL says (`?source=enc_a`), else the peer's address and the lowest free slot
(a, b, ..) on that stream: a restarted encoder gets its slot back, and two encoders on one host stay
two. Identity of the media never rests on it; it is for people and for counting.

A stream has so many sources at once and no more: nobody pushes himself between two encoders that
are on the air, and the incumbents stay (T03). There is room for two more than a pair has, since an
encoder that lost its connection is back before the relay has noticed, and without a name it is then
another source until the dead connection's silence is over.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, product
from string import ascii_lowercase
from sys import intern

from relay.arrival import Sender
from relay.errors import LimitReached, SourcesTaken
from relay.ingest.url import Target

MOST_BODIES = 1_000
MOST_PER_ADDRESS = 64
MOST_SOURCES = 4


@dataclass(slots=True)
class Admission:
    """The bodies that are open now."""

    most: int = MOST_BODIES
    most_per_address: int = MOST_PER_ADDRESS
    most_sources: int = MOST_SOURCES
    _by_address: Counter[str] = field(default_factory=Counter)
    _slots: set[tuple[str, str, str]] = field(default_factory=set)
    _named: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    @property
    def open(self) -> int:
        """How many bodies are open."""
        return self._by_address.total()

    def present(self, target: Target, stream: str) -> bool:
        """The named source of `target` has a body open on this stream already."""
        return (target.point, stream, target.source or "") in self._named

    def enter(self, target: Target, stream: str, address: str) -> Sender:
        """A body begins. Raises LimitReached, SourcesTaken. Every `enter` needs its `leave`."""
        if self.open >= self.most:
            raise LimitReached(f"{self.most} POSTs are open already.", hint="Try again later.")
        if self._by_address[address] >= self.most_per_address:
            raise LimitReached(
                f"{self.most_per_address} POSTs are open from this address already.",
                hint="Close connections that are not needed.",
            )
        if not self.present(target, stream) and self._sources(target, stream) >= self.most_sources:
            raise SourcesTaken(
                f"{stream} has {self.most_sources} sources already.",
                hint="Stop one of them; if there shall be more: sources_per_stream in [limits].",
            )
        self._by_address[address] += 1
        if target.source is not None:
            self._named[target.point, stream, target.source] += 1
            return Sender(target.source, stream)
        names = (intern(f"{address}-{letters}") for letters in _letters())
        source = next(name for name in names if (target.point, stream, name) not in self._slots)
        self._slots.add((target.point, stream, source))
        return Sender(source, stream)

    def _sources(self, target: Target, stream: str) -> int:
        """How many push this stream now."""
        places = (*self._named, *self._slots)
        return sum(place[:2] == (target.point, stream) for place in places)

    def leave(self, target: Target, sender: Sender, address: str) -> None:
        """A body is over: its slot is free."""
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
        place = (target.point, sender.stream, sender.source)
        if target.source is None:
            self._slots.discard(place)
            return
        self._named[place] -= 1
        if not self._named[place]:
            del self._named[place]


def _letters() -> Iterator[str]:
    """a .. z, aa .. zz, aaa .."""
    for length in count(1):
        yield from map("".join, product(ascii_lowercase, repeat=length))

"""Who is here, and who has been away for so long that nothing is held against it any more.

A sender is here while a POST of it is open. It is *gone* `AWAY_MS` after the last one: that it is
lost has been told by then, and what else was wrong with it is no longer so. Strangers name senders,
so those that are away are bounded; of more than `MOST_AWAY` the one that left first is gone at
once. Sans-IO; times in ms since 1970.
"""

from dataclasses import dataclass, field

from relay.arrival import Sender

AWAY_MS = 60_000
MOST_AWAY = 128


@dataclass(slots=True)
class Absence:
    """The senders of one channel: those that are here, and when the others left, in order."""

    _here: set[Sender] = field(default_factory=set)
    _left: dict[Sender, int] = field(default_factory=dict)

    def began(self, sender: Sender) -> None:
        """Its first POST has begun, or another one."""
        self._here.add(sender)
        self._left.pop(sender, None)

    def ended(self, sender: Sender, utc: int) -> None:
        """Its last POST is over."""
        self._here.discard(sender)
        self._left[sender] = utc

    def gone(self, utc: int) -> list[Sender]:
        """Those that are gone now, each once."""
        found = []
        while self._left:
            sender, at = next(iter(self._left.items()))
            if len(self._left) <= MOST_AWAY and at >= utc - AWAY_MS:
                break
            del self._left[sender]
            found.append(sender)
        return found

    def of(self, source: str) -> bool:
        """A sender of this source is here, or not away for long."""
        return any(sender.source == source for sender in (*self._here, *self._left))

"""What a relay knows of the difference between its own store and the shared one. Pure.

apart    members that the brokers are not known to have, by key, in the order of their puts
fronts   of each track and run, which place in the stream each index has: so a trim is told as
         "all below this place", which costs the brokers little and spares what is kept
lowest   the oldest that the stream still has of a track: what is older was trimmed there, and
         is not brought back by a relay that was down meanwhile
"""

from collections import deque
from dataclasses import dataclass, field

from relay.media import Copy, Member, Pin
from relay.store import Key
from relay.store.shelf import key_of

Line = tuple[str, int]
"""A track and run."""


@dataclass(slots=True)
class Ledger:
    """Of one channel and one generation."""

    apart: dict[Key, Member] = field(default_factory=dict)
    _fronts: dict[Line, deque[tuple[int, int]]] = field(default_factory=dict)
    _lowest: dict[str, tuple[int, int]] = field(default_factory=dict)

    def keep(self, member: Member) -> None:
        """The store of this relay has a member; of the brokers it is not known."""
        self.apart[key_of(member)] = member

    def forget(self, key: Key) -> None:
        """It is not to be shared any more."""
        self.apart.pop(key, None)

    def heard(self, member: Member, seq: int) -> Member | None:
        """The brokers have a member in this place; what this relay had kept apart under its key."""
        if not isinstance(member, Pin):
            place = member.run, member.index
            self._fronts.setdefault((member.track, member.run), deque()).append((member.index, seq))
            if not (isinstance(member, Copy) and (member.fill or member.event)):
                self._lowest[member.track] = min(place, self._lowest.get(member.track, place))
        return self.apart.pop(key_of(member), None)

    def trim(self, track: str, run: int, floor: int) -> int | None:
        """Indexes below `floor` are wanted no more: the place below which all of them may go, if
        any may."""
        for key in [k for k in self.apart if _below(k, track, run, floor)]:
            del self.apart[key]
        front, last = self._fronts.get((track, run)), None
        while front and front[0][0] < floor:
            last = front.popleft()[1]
        return None if last is None else last + 1

    def wanted(self, member: Member) -> bool:
        """Whether what is kept apart is to be shared: not what the others have trimmed."""
        if isinstance(member, Pin):
            return True
        lowest = self._lowest.get(member.track)
        return lowest is None or (member.run, member.index) >= lowest

    def clear(self) -> None:
        """Everything was forgotten."""
        self.apart.clear()
        self._fronts.clear()
        self._lowest.clear()


def _below(key: Key, track: str, run: int, floor: int) -> bool:
    return not isinstance(key, str) and key[:2] == (track, run) and key[2] < floor

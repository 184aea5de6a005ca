"""Whether a receiver takes what it gets: the send timeout of SVC-2, between one and two fragments.

A *write* is a piece of at most `PIECE` bytes. Its time runs from when it is the first that is not
acknowledged, and nothing but its last byte ends it: a receiver that takes a byte now and then does
not move. What makes a stream no faster than it plays gives no piece longer than a fragment, so a
way that is just fast enough for the stream is never given up, however long its queue; one that
needs more than the limit for a piece is tried anew, since the next connection may reach another
server. Times in ms.
"""

from collections import deque
from dataclasses import dataclass, field

from relay.uplink.stamp import PIECE


@dataclass(slots=True)
class Headway:
    """The writes of one POST. `delivered` counts bytes of its body."""

    limit: int
    since: int
    _handed: int = 0
    _ends: deque[int] = field(default_factory=deque)

    @property
    def waits(self) -> bool:
        """Something that was handed out is not acknowledged."""
        return bool(self._ends)

    def hand(self, size: int) -> None:
        """So many bytes more have been handed out, as one or more writes."""
        end = self._handed + size
        self._ends.extend(range(self._handed + PIECE, end, PIECE))
        self._ends.append(end)
        self._handed = end

    def look(self, delivered: int, now: int) -> None:
        """So many bytes are acknowledged."""
        done = not self._ends
        while self._ends and self._ends[0] <= delivered:
            self._ends.popleft()
            done = True
        if done:
            self.since = now

    def over(self, now: int, least: int = 0) -> bool:
        """The first write has had its time. `least`: a longer limit for now."""
        return now - self.since > max(self.limit, least)

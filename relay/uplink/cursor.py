"""How far a stream has come at one receiver: by what the peer's kernel has acknowledged, no less.

What a kernel has acknowledged, the process behind it may not have read when it was killed. So a
resumed POST resends more than the two fragments that the specification asks for (HTTP-7b): all
that was acknowledged less than `IN_DOUBT` ago, too. Duplicates are filtered; a hole stays.

Kept across restarts: the highest index per track, and the number of the last moof. Indexes rise
over all runs, so an index is a place on the timeline.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

IN_DOUBT = 4_000
"""ms after its acknowledgement in which a fragment may still be lost with its receiver."""


@dataclass(slots=True)
class Cursor:
    """`reached`: the highest index that is through, by track. `sequence`: of the last moof."""

    reached: dict[str, int] = field(default_factory=dict)
    sequence: int = 0
    _recent: deque[tuple[int, str, int]] = field(default_factory=deque)

    def acknowledge(self, track: str, index: int, now: int) -> bool:
        """A fragment is the peer's. True: it had not been before."""
        self._forget(now)
        self._recent.append((now, track, index))
        known = self.reached.get(track)
        if known is not None and index <= known:
            return False
        self.reached[track] = index
        return True

    def skip(self, track: str, index: int) -> None:
        """What lies up to `index` will never go up, or is someone else's."""
        self.reached[track] = max(index, self.reached.get(track, index))

    def doubtful(self, now: int) -> dict[str, int]:
        """The lowest index in doubt, by track; tracks without one are left out."""
        self._forget(now)
        lowest: dict[str, int] = {}
        for _, track, index in self._recent:
            lowest[track] = min(index, lowest.get(track, index))
        return lowest

    def _forget(self, now: int) -> None:
        while self._recent and self._recent[0][0] < now - IN_DOUBT:
            self._recent.popleft()

    def kept(self) -> dict[str, object]:
        """What outlives the process."""
        return {"sequence": self.sequence, "reached": dict(self.reached)}

    @classmethod
    def of(cls, kept: object) -> "Cursor":
        """A cursor from what was kept. Raises ValueError when that is nothing of the kind."""
        if not isinstance(kept, Mapping):
            raise ValueError("a cursor is a table")  # noqa: TRY004 - one kind of error for callers
        reached, sequence = kept.get("reached"), kept.get("sequence")
        if not isinstance(reached, Mapping) or not isinstance(sequence, int):
            raise ValueError("a sequence or what was reached is absent")  # noqa: TRY004
        if not all(isinstance(index, int) and index >= 0 for index in reached.values()):
            raise ValueError("what was reached are indexes")
        return cls({str(track): index for track, index in reached.items()}, sequence)

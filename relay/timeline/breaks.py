"""Where a track has a discontinuity: before the first number that finds its place from a start on.

Not where the line begins, at first or where it moved on to: nothing is before that.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Breaks:
    """Those to come of one track."""

    _starts: list[int] = field(default_factory=list)
    _anew: bool = True

    def add(self, start: int) -> None:
        """One before the first number from `start` on."""
        self._starts.append(start)

    def turn(self, start: int) -> None:
        """A run begins: one there, however the line began; those before it are past."""
        self._anew = False
        self._starts = [start, *(known for known in self._starts if known > start)]

    def move(self) -> None:
        """The line goes on elsewhere: it begins anew."""
        self._anew = True

    def before(self, index: int) -> bool:
        """A number finds its place: whether a discontinuity comes before it."""
        passed = [start for start in self._starts if start <= index]
        self._starts = [start for start in self._starts if start > index]
        anew, self._anew = self._anew, False
        return bool(passed) and not anew

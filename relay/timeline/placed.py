"""What has its place: members by index, without a hole between the first that is kept and the last.

A window of a day has tens of thousands of them on each track, so they lie in a list and their
number is their key. What leaves at the front is cut off when it is as much as what stays: each
member is moved at most once on the average.
"""

from relay.media import Copy, Gap


class Placed:
    """The last members of a line. `in` and `len` as in a dict of them by index."""

    __slots__ = ("_first", "_left", "_members")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing has its place."""
        self._members: list[Copy | Gap | None] = []
        self._first = 0  # the index of the first in the list
        self._left = 0  # how many of the list have gone

    def add(self, member: Copy | Gap) -> None:
        """The member behind the last one, or the first of all. Raises ValueError: it is neither."""
        if not self._members:
            self._first = member.index
        elif member.index != self._first + len(self._members):
            raise ValueError(f"{member.index} is not behind {self._first + len(self._members) - 1}")
        self._members.append(member)

    def cut(self, floor: int) -> None:
        """Forget what is below this index."""
        gone = min(max(floor - self._first, self._left), len(self._members))
        self._members[self._left : gone] = [None] * (gone - self._left)
        self._left = gone
        if 2 * gone >= len(self._members):
            del self._members[:gone]
            self._first, self._left = self._first + gone, 0

    def get(self, index: int) -> Copy | Gap | None:
        """The member under an index, None for none."""
        at = index - self._first
        return self._members[at] if 0 <= at < len(self._members) else None

    @property
    def indexes(self) -> range:
        """Those that have a member."""
        return range(self._first + self._left, self._first + len(self._members))

    def __len__(self) -> int:
        return len(self._members) - self._left

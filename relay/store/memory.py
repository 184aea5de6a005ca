"""The store without a disk: members and bytes live in this process, and end with it.

For a demo, for tests, and for an operator who forwards and needs nothing after a restart. It is the
smallest thing that keeps the store's law, and so the measure of the others: one suite of tests runs
over all of them.

`put` has no await in it, so of two tasks that put one key the event loop lets exactly one be first.
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass

from relay.media import Buffer, Copy, Member
from relay.store import Key
from relay.store.feed import MemberFeed
from relay.store.shelf import Record, Shelf, check_size, key_of
from relay.store.unshared import Unshared


@dataclass(slots=True)
class Held(Record):
    """A member and, for a copy, its bytes."""

    data: bytes = b""


class MemoryStore(Unshared):
    """One channel's set in memory."""

    def __init__(self) -> None:
        self._shelf: Shelf[Held] = Shelf()
        self._closed = False

    async def put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        """Add a member; the bytes are copied, because the buffers belong to a larger one.

        Raises OSError after `close`, ValueError when `data` is not what the member says.
        """
        check_size(member, data)
        self._check_open()
        if key_of(member) in self._shelf:
            return False
        self._shelf.add(Held(member, b"".join(data)))
        return True

    def __contains__(self, key: Key) -> bool:
        """It has a member under this key."""
        return key in self._shelf

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        """The bytes of the copy, else of the fill, or None."""
        held = self._shelf.record(track, run, index, time)
        return held.data if held is not None else None

    async def parts(
        self, track: str, run: int, index: int, time: int | None = None
    ) -> Sequence[Buffer] | None:
        """As `get` has it, in one part."""
        data = await self.get(track, run, index, time)
        return None if data is None else (data,)

    def find(self, track: str, run: int, index: int) -> Copy | None:
        """The copy under this key, else the fill."""
        return self._shelf.copy(track, run, index)

    def follow(self) -> MemberFeed:
        """Everything there is, then everything that comes."""
        return self._shelf.follow()

    async def trim(self, track: str, run: int, floor: int) -> int:
        """Forget copies, gaps and fills below `floor`; how many went."""
        return len(self._shelf.trim(track, run, floor))

    async def clear(self) -> None:
        """Forget everything, pins too, and end every feed. Raises OSError after `close`."""
        self._check_open()
        self._shelf.clear()

    @property
    def degraded(self) -> str:
        """Never: it promises no more than this process."""
        return ""

    async def close(self) -> None:
        """End every feed."""
        self._closed = True
        self._shelf.end()

    def _check_open(self) -> None:
        if self._closed:
            raise OSError(errno.EBADF, "the store is closed")

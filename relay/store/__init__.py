"""A store is a set: one member per key, the first `put` under a key wins, atomically, for ever.

Keys: copies and gaps compete under (track, run, index); pins under their name. A fill, a copy that
came after its index had been declared a gap, is kept beside the gap: fills compete under a key of
their own, (track, run, index, fill), and what was published stays what it was. The events of a
sparse track may share an index: each competes under (track, run, index, time). The store knows no
order of media and no verdicts; those come from the timeline, a view built from nothing but what
`follow` reports, in `follow`'s order. So a restart is a replay.

A store serves one channel. `put` returns when the member is as safe as the kind of store promises
(memory: in this process; disk: after fdatasync), and then the member has been handed to every feed.
While a store is `degraded` it promises less: its disk refuses, and what is put is safe in memory
only, until the disk takes it.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from relay.media import Buffer, Copy, Member

Key = tuple[str, int, int, str] | str
"""(track, run, index, beside) of a copy or gap, or the name of a pin."""


class Feed(Protocol):
    """What the store holds (`past`, in the order of the puts), to be read first; then iterating
    yields what comes after it, until closed."""

    @property
    def past(self) -> Sequence[Member]: ...

    def __aiter__(self) -> AsyncIterator[Member]: ...

    def close(self) -> None: ...


class Store(Protocol):
    """The set of one channel."""

    async def put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        """Add a member with a copy's bytes. True: it is the first under its key; False: it is not.

        Raises OSError when it could not be made safe; then nothing was added.
        """
        ...

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        """The bytes of the copy, else of the fill. None: there is neither, or it was found damaged
        (never wrong bytes, nor a fill's in place of a copy's). `time`: of an event of a sparse
        track, which may share its index with others."""
        ...

    async def parts(
        self, track: str, run: int, index: int, time: int | None = None
    ) -> Sequence[Buffer] | None:
        """As `get` has it, in whatever parts the bytes lie in memory: for who needs no whole."""
        ...

    def find(self, track: str, run: int, index: int) -> Copy | None:
        """The copy under this key, else the fill, as far as this node knows."""
        ...

    def follow(self) -> Feed:
        """Everything there is, then everything that comes."""
        ...

    async def trim(self, track: str, run: int, floor: int) -> int:
        """Forget copies, gaps and fills of this track and run below the index `floor`; how many
        went."""
        ...

    async def clear(self) -> None:
        """Forget everything, pins too, and end every feed: the store is as new, and can be used.

        A crash leaves a store that is whole, or one that its next opening finds empty. To be called
        when nobody follows or puts any more; a put meanwhile is refused. Raises OSError: nothing
        has changed, or puts stay refused until `clear` is called again and ends well.
        """
        ...

    @property
    def degraded(self) -> str:
        """Why what is put is safe in memory only, and what to do, for people; "" when all is well.

        It stays for some seconds after all is on the disk, so that a disk which is full again and
        again is one trouble.
        """
        ...

    @property
    def emptied(self) -> bool:
        """Another process that shares it has emptied it: puts are refused until `clear`, after
        which it is as new."""
        ...

    @property
    def generation(self) -> int:
        """How often relays that share it have emptied it; 0: nobody shares it."""
        ...

    @property
    def unlike(self) -> int:
        """Keys under which this process has published another copy than those that share it."""
        ...

    async def close(self) -> None:
        """Finish what is under way and end every feed."""
        ...


class Claims(Protocol):
    """Small records that relays share, each under a channel and a name: the last one counts, and
    is changed only by who has seen the one before."""

    async def read(self, channel: str, name: str) -> tuple[int, bytes]:
        """The record with its revision; 0 and nothing: there is none.

        Raises OSError: no answer that counts.
        """
        ...

    async def write(self, channel: str, name: str, record: bytes, revision: int) -> int | None:
        """Write a record in the place of the one of this revision: its own; None: that is not the
        last one. Raises OSError: nobody knows whether it was written."""
        ...

    async def close(self) -> None:
        """Let go of all."""
        ...


class Own(Store, Protocol):
    """The store of one process alone, which can be asked for a key."""

    def __contains__(self, key: Key) -> bool: ...

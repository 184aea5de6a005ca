"""A follower's own queue of what a store holds and what comes.

A feed is opened between two steps of the event loop, so nothing falls between `past` and what the
iteration yields, and nothing comes twice. Iterating yields what came after `past`, in the order of
the puts. Nothing is ever dropped: a follower that missed a member would see another timeline than
its neighbours.

The queue therefore has no bound of its own. It does not need one: it holds references to members,
not their bytes, 8 bytes apiece while the store's index holds the same members. A channel makes some
ten of them a second; a follower that stalls for an hour costs about as much as one fragment.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Self

from relay.media import Member


class MemberFeed:
    """The Feed of the stores that live in one process. One reader iterates it, once."""

    def __init__(self, past: Sequence[Member], leave: Callable[["MemberFeed"], None]) -> None:
        """`leave` is told when the reader closes the feed."""
        self._past = past
        self._leave = leave
        self._coming: deque[Member] = deque()
        self._news = asyncio.Event()
        self._ended = False

    @property
    def past(self) -> Sequence[Member]:
        """What the store held when the feed was opened."""
        return self._past

    def offer(self, member: Member) -> None:
        """The store has a new member."""
        self._coming.append(member)
        self._news.set()

    def end(self) -> None:
        """The store closes: what is queued is still read, then the iteration ends."""
        self._ended = True
        self._news.set()

    def close(self) -> None:
        """The reader has had enough: the iteration ends at once."""
        self._coming.clear()
        self._leave(self)
        self.end()

    def __aiter__(self) -> Self:
        self._past = ()  # it has been read; a day's window is not to be kept twice
        return self

    async def __anext__(self) -> Member:
        while not self._coming:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._coming.popleft()

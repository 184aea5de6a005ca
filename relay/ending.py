"""Which POSTs are to end before their bodies do, and what their senders are told.

    drain        all of them, and every one that comes: the relay ends
    shut         those of one publishing point, and every one that comes for it, until `reopen`
    disconnect   those of one source, which may come back at once

A POST that waits at a box edge ends at once, so that no fragment of it is cut; any other at its
next edge, or `MS` later wherever it is.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TypeVar

from relay.errors import Draining, EncoderError

T = TypeVar("T")

MS = 1_000

Answer = Callable[[], EncoderError]
"""Makes what a sender is told."""


@dataclass(slots=True, eq=False)
class Post:
    """One that is open. `source` is "" until its sender has a name."""

    point: str
    address: str
    source: str = ""
    answer: Answer | None = None  # it is to end with this
    last: float | None = None  # by then, in the loop's time
    at_edge: bool = True
    wait: asyncio.Timeout | None = None

    def refuse_if_over(self) -> None:
        """Raise what its sender is told, if it is to end."""
        if self.answer is not None:
            raise self.answer()

    def end(self, answer: Answer) -> None:
        """It is to end with this answer, unless it is ending already."""
        if self.answer is not None:
            return
        now = asyncio.get_running_loop().time()
        self.answer, self.last = answer, now + MS / 1000
        if self.wait is not None and not self.wait.expired():
            self.wait.reschedule(now if self.at_edge else self.last)

    async def until(self, idle: float, came: Awaitable[T]) -> T:
        """Wait for the next piece until `idle`, in the loop's time, or until it is to be over.

        Raises TimeoutError then.
        """
        self.wait = asyncio.timeout_at(self.last or idle)
        try:
            async with self.wait:
                return await came
        finally:
            self.wait = None


class Endings:
    """The POSTs that are open, and what is to become of them."""

    def __init__(self) -> None:
        self._open: set[Post] = set()
        self._shut: dict[str, Answer] = {}
        self._drained = False
        self._left = asyncio.Event()

    def refuse_if_shut(self, point: str) -> None:
        """Raise what senders to this point are told, if it is shut."""
        answer = self._shut.get(point)
        if answer is not None:
            raise answer()

    @contextlib.contextmanager
    def enter(self, point: str, address: str) -> Iterator[Post]:
        """A POST comes, and leaves."""
        post = Post(point, address)
        if self._drained:
            post.end(_draining)
        elif point in self._shut:
            post.end(self._shut[point])
        self._open.add(post)
        try:
            yield post
        finally:
            self._open.discard(post)
            self._left.set()

    def drain(self) -> None:
        """End every POST and take no more."""
        self._drained = True
        for post in self._open:
            post.end(_draining)

    async def shut(self, point: str, answer: Answer) -> None:
        """End every POST of a publishing point, and take no more until `reopen`.

        Returns when all are over, and the channel has heard of it.
        """
        self._shut[point] = answer
        for post in self._of(point):
            post.end(answer)
        while self._of(point):
            self._left.clear()
            await self._left.wait()

    def reopen(self, point: str) -> None:
        """Take POSTs of this publishing point again; what has not ended yet goes on."""
        self._shut.pop(point, None)
        if not self._drained:
            for post in self._of(point):
                post.answer = post.last = None

    def disconnect(self, point: str, source: str, answer: Answer) -> int:
        """End the POSTs of one source; how many there are."""
        found = [post for post in self._of(point) if post.source == source]
        for post in found:
            post.end(answer)
        return len(found)

    def _of(self, point: str) -> Collection[Post]:
        return [post for post in self._open if post.point == point]


def _draining() -> EncoderError:
    return Draining("The relay is stopping.", hint="Connect again in a moment.")

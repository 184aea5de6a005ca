"""An event loop whose time is not ours: it goes on to the next timer as soon as nothing is to do.

So an input that makes a door wait for a minute costs nothing, what happens is a function of the
input, and a wait that nothing will ever end is seen at once.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class NothingWillHappen(AssertionError):
    """Everybody waits, and there is no timer."""


class _Now(selectors.BaseSelector):
    """Never waits; counts what it would have waited. `select` reports nothing but wake-ups."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.seconds = 0.0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Any:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingWillHappen("everybody waits, and there is no timer")
        self.seconds += max(0.0, timeout)
        return []


class Hurry(asyncio.SelectorEventLoop):
    """A loop in a hurry. No sockets."""

    def __init__(self) -> None:
        self._now = _Now()
        super().__init__(self._now)

    def time(self) -> float:
        return self._now.seconds

    def all(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end; it has to leave no task behind."""
        task = self.create_task(work)
        try:
            self.run_until_complete(task)
        except NothingWillHappen:
            waiting = [str(one.get_coro()) for one in asyncio.all_tasks(self)]
            raise NothingWillHappen(f"these wait for ever: {waiting}") from None
        left = [str(one.get_coro()) for one in asyncio.all_tasks(self)]
        assert not left, f"these were left behind: {left}"

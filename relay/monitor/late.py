"""An application that is loaded when everything else is open: what takes long may come last.

It is loaded in a thread, so that fragments go on meanwhile, some seconds after `soon`, or with the
first request, which then waits for it.
"""

import asyncio
import contextlib
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

SECONDS = 5.0
"""After `soon`."""


class Late:
    """The application. `load` makes it, and is called once, in a thread."""

    def __init__(self, load: Callable[[], ASGIApp]) -> None:
        self._load = load
        self._loading: asyncio.Future[ASGIApp] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await asyncio.shield(self._loaded())
        await app(scope, receive, send)

    def soon(self) -> None:
        """Load it in a while, unless somebody wants it before. Never waits."""
        self._task = asyncio.create_task(self._wait(), name="late")

    async def close(self) -> None:
        """Load it no more; wait for a load that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._loading is not None:
            with contextlib.suppress(Exception):  # who asked for it has been told
                await self._loading

    def _loaded(self) -> "asyncio.Future[ASGIApp]":
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(self._load))
        return self._loading

    async def _wait(self) -> None:
        await asyncio.sleep(SECONDS)
        await asyncio.shield(self._loaded())

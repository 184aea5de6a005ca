"""Players take turns, so that a crowd of them leaves the loop and the disk to the encoders.

What an answer needs, its document or its segment from the store, is made for `MOST` requests at a
time; the others wait in line, first come, first served. A turn ends with the first word of the
answer: how fast a player takes the rest is nobody else's matter. Without turns a thousand players
that ask at once would each have a share of the loop as large as an encoder's, and their reads would
stand before its writes in the queue for the disk.
"""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

MOST = 4


class Turns:
    """ASGI application: `origin`, for so many requests at a time until each has its answer."""

    def __init__(self, origin: ASGIApp, most: int = MOST) -> None:
        self._origin = origin
        self._free = asyncio.Semaphore(most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request when it is its turn."""
        await self._free.acquire()
        over = False

        def end() -> None:
            nonlocal over
            if not over:
                over = True
                self._free.release()

        async def sent(message: Any) -> None:
            end()
            await send(message)

        try:
            await self._origin(scope, receive, sent)
        finally:
            end()

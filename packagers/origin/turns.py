"""Players take turns, so that a crowd of them leaves the loop and the disk to the encoders.

A segment is fetched from the store and cut for `MOST` requests at a time; the others wait in line,
first come, first served. A turn ends with the first word of the answer: how fast a player takes the
rest is nobody else's matter. The next one begins a round of the loop later, since what lies in
memory is answered without a pause. Without turns a thousand players that ask at once would each
have a share of the loop as large as an encoder's, and their reads would stand before its writes in
the queue for the disk. Documents are kept, cost next to nothing, and never wait behind segments:
who reads a playlist learns of a fragment as soon as it is there.
"""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

MOST = 4


class Turns:
    """ASGI application: `origin`, for so many requests for media at a time."""

    def __init__(self, origin: ASGIApp, most: int = MOST) -> None:
        self._origin = origin
        self._free = asyncio.Semaphore(most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, one for media when it is its turn."""
        if not _media(scope):
            await self._origin(scope, receive, send)
            return
        await self._free.acquire()
        over = False

        def end() -> None:
            nonlocal over
            if not over:
                over = True
                asyncio.get_running_loop().call_soon(self._free.release)

        async def sent(message: Any) -> None:
            end()
            await send(message)

        try:
            await self._origin(scope, receive, sent)
        finally:
            end()


def _media(scope: Scope) -> bool:
    path = str(scope.get("path", ""))
    return path.endswith((".m4s", ".mp4")) or "/fragments(" in path.lower()

"""`/api/v1/events`: the board as server-sent events, for as long as the browser listens.

An ASGI application of its own, since it has to watch two things at once: the next message and the
browser's leaving. It ends by itself when the watch closes, so that a stop never waits for it.
"""

import asyncio
import contextlib

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from relay.monitor.watch import Watch

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class Feed:
    """The ASGI application of the stream."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        listener = self._watch.join()
        if listener is None:
            refused = {"code": "MONITOR_LISTENERS", "detail": "As many listen as may."}
            answer = JSONResponse(refused, 503, {"retry-after": "5", "cache-control": "no-store"})
            await answer(scope, receive, send)
            return
        leaving = asyncio.create_task(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            while scope["method"] != "HEAD":
                coming = asyncio.create_task(listener.get())
                await asyncio.wait({coming, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if leaving.done():
                    coming.cancel()
                    return
                message = coming.result()
                if message is None:
                    break
                await send({"type": "http.response.body", "body": message, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._watch.leave(listener)
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

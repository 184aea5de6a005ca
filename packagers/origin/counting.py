"""Counts what players asked for, and what they got: by channel, kind and status, and in bytes.

Kinds are told by the path, channels by what there is, so that no stranger can make a new label.
"""

import re
from collections import Counter
from collections.abc import Container
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

UNKNOWN = "unknown"
_CHANNEL = re.compile(r"/([^/]+)\.isml(?=/|$)", re.IGNORECASE)
_KINDS = (
    ("init", re.compile(r"/init-[^/]*\.mp4$")),
    ("media", re.compile(r"\.(m4s|mp4)$|/fragments\(")),
    ("hls", re.compile(r"\.m3u8$|format=m3u8")),
    ("dash", re.compile(r"\.mpd$|format=mpd")),
    ("smooth", re.compile(r"/manifest$")),
)


class Counted:
    """ASGI application: `served`, and what went through it. `channels`: those that there are."""

    def __init__(self, served: ASGIApp, channels: Container[str]) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.sizes: Counter[tuple[str, str]] = Counter()
        self._served = served
        self._channels = channels

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it."""
        if scope["type"] != "http":
            await self._served(scope, receive, send)
            return
        channel, kind = self._about(scope["path"])

        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.requests[channel, kind, message["status"]] += 1
            else:
                self.sizes[channel, kind] += len(message.get("body", b""))
            await send(message)

        await self._served(scope, receive, counted)

    def _about(self, path: str) -> tuple[str, str]:
        found = _CHANNEL.search(path)
        name = found[1] if found else ""
        lower = path.lower()
        kind = next((kind for kind, shape in _KINDS if shape.search(lower)), "other")
        return name if name in self._channels else UNKNOWN, kind

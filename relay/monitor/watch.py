"""Looks at the board twice a second and tells whoever listens what has changed.

    join    the whole board first, then every difference from it: none is lost in between, since
            both come from the same look
    look    the board is compared with the one before; when nothing changed, nothing is sent, but
            for a comment every 10 s, by which a dead connection is found
    close   every listener hears that it is over, at once

All listeners share one look and one encoding. One that does not keep up has its stream ended: the
browser connects again and gets a fresh board. Messages are server-sent events (HTML, 9.2.6).
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from relay.monitor.patch import diff

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 10.0
MOST_LISTENERS = 32
MOST_WAITING = 64
"""Messages that may wait for one listener: half a minute of a busy board."""

HEARTBEAT = b": all is quiet\n\n"

Board = Mapping[str, Any]
Listener = asyncio.Queue[bytes | None]
"""What a listener gets: messages, then None when the stream is over."""

log = structlog.get_logger("relay.monitor")


class Watch:
    """The listeners of the board. `look` makes the board, `utc` is its clock in ms since 1970.

    `every` and `heartbeat` in seconds: how often it looks, and how long it may be silent.
    """

    def __init__(
        self,
        look: Callable[[], Board],
        utc: Callable[[], int],
        *,
        every: float = LOOK_SECONDS,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._look = look
        self._utc = utc
        self._every = every
        self._heartbeat = heartbeat
        self._board: Board = {}
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def listening(self) -> int:
        """How many listen."""
        return len(self._listeners)

    @property
    def board(self) -> Board:
        """What was seen last."""
        return self._board

    def open(self) -> None:
        """Begin to look."""
        self._board = self._look()
        self._task = asyncio.create_task(self._run(), name="watch")

    def close(self) -> None:
        """End every stream, and look no more. Never waits."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        for listener in list(self._listeners):
            self._end(listener)

    def join(self) -> Listener | None:
        """One more listener; None when there are as many as may be, or nothing to watch."""
        if self._task is None or len(self._listeners) >= MOST_LISTENERS:
            return None
        listener: Listener = asyncio.Queue(MOST_WAITING)
        listener.put_nowait(self._message("snapshot", self._board))
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """It listens no more."""
        self._listeners.discard(listener)

    async def _run(self) -> None:
        quiet = 0.0
        while True:
            await asyncio.sleep(self._every)
            try:
                seen = self._look()
            except Exception:  # the page must not go blind for good by one look that failed
                log.exception("cannot look", code="MONITOR_FAILED")
                continue
            if not self._listeners:
                self._board = seen
                continue
            patch = diff(self._board, seen)
            self._board = seen
            quiet += self._every
            if patch:
                self._send(self._message("patch", patch))
                quiet = 0.0
            elif quiet >= self._heartbeat:
                self._send(HEARTBEAT)
                quiet = 0.0

    def _send(self, message: bytes) -> None:
        for listener in list(self._listeners):
            try:
                listener.put_nowait(message)
            except asyncio.QueueFull:
                self._end(listener)

    def _end(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                listener.get_nowait()
        listener.put_nowait(None)

    def _message(self, kind: str, board: Board) -> bytes:
        # JSON has no raw line ends, so the data is one line whatever a stranger's name holds.
        data = json.dumps({"utc": self._utc(), "board": board}, separators=(",", ":"))
        return f"event: {kind}\ndata: {data}\n\n".encode()

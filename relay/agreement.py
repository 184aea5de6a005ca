"""Whether the relays of a channel number alike, looked at while they run.

Identity across data centres rests on facts that each relay decides for itself, and two that cannot
hear each other may decide otherwise: the first fragments came at another moment, an encoder began
again for one of them only. So each looks at its peer's pins now and then and tells what it finds:

    PEER_DIFFERS   twice in a row they were unlike: a moment apart is no difference
    PEER_AGREES    they are alike (again)

A relay that began without its peer and is found to agree needs no warning any more: that is pinned.
Nothing else is changed, and a peer that does not answer is no news: it may be down for maintenance.
"""

import asyncio
import contextlib
from collections.abc import Mapping

import structlog

from packagers import pins
from relay.channel import Channel
from relay.media import Pin
from relay.peer import ask

SECONDS = 10.0

log = structlog.get_logger("relay.agreement")


class Agreement:
    """What looks at the peers. `every` in seconds."""

    def __init__(self, channels: Mapping[str, Channel], every: float = SECONDS) -> None:
        self._channels = channels
        self._every = every
        self._doubtful: dict[str, str] = {}  # what was unlike at the last look
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="agreement")

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            looks = (self.look(channel) for channel in self._channels.values())
            for failed in await asyncio.gather(*looks, return_exceptions=True):
                if isinstance(failed, BaseException):
                    log.error("cannot compare", code="PEER_FAILED", exc_info=failed)

    async def look(self, channel: Channel) -> None:
        """Look at the peer of a channel, once."""
        url = channel.rules.peer
        if url is None or not channel.numbered:
            return
        try:
            theirs = await ask(url, channel.name)
        except (OSError, ValueError) as error:
            log.debug("peer not asked", channel=channel.name, reason=str(error))
            return
        if not theirs or "grid" not in channel.presentation.facts:
            return
        found = pins.unlike(channel.presentation.facts, theirs)
        before, self._doubtful[channel.name] = self._doubtful.get(channel.name, ""), found
        if not found and channel.alone:
            with contextlib.suppress(OSError):
                await channel.store.put(Pin("peer", url.encode()))
        if found == channel.unlike or (found and found != before):
            return
        channel.unlike = found
        if found:
            text = f"its peer {url} numbers otherwise: {found}"
            channel.tell("PEER_DIFFERS", text, grave=True)
        else:
            channel.tell("PEER_AGREES", f"its peer {url} numbers alike again")

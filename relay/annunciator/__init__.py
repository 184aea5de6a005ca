"""What calls the operator: looks at everything twice a second, keeps the alarms, tells receivers.

    standing    what is amiss on a channel now (pure)
    history     what has changed since the last look, and the list of the last hours (pure)
    outbox      what waits for one receiver (pure);  signature  how it knows that it is ours
    hook        the door to one receiver

It is told by nobody and decides nothing about media: a receiver of alarms that fails, or a look
that fails, changes nothing for encoders and players.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from relay.annunciator.history import Alarm, History
from relay.annunciator.hook import Hook, Recipient
from relay.annunciator.standing import Eye, clock_off
from relay.channel import Channel
from relay.clock import Clock
from relay.timekeeping.host import Timekeeper

EVERY = 0.5
GRACE = 15_000
"""ms after a start in which nobody misses encoders: they are on their way back."""

log = structlog.get_logger("relay.annunciator")


__all__ = ["Annunciator", "Recipient", "told"]


class Annunciator:
    """The alarms of a relay, and what is known of its machine's clock (`timekeeper`).

    `tolerance`: seconds that the clock may be off; `every`: between looks. `grace` in ms.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        receivers: Sequence[Recipient],
        clock: Clock,
        *,
        tolerance: float = 0.0,
        timekeeper: Timekeeper | None = None,
        every: float = EVERY,
        grace: int = GRACE,
    ) -> None:
        self.history = History(clock.utc())
        self.hooks = [Hook(each, socket.gethostname(), clock) for each in receivers]
        self._channels = channels
        self._clock = clock
        self._tolerance = tolerance
        self.timekeeper = timekeeper or Timekeeper()
        self._every = every
        self._grace = grace
        self._began = clock.utc()
        self._eye = Eye()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to look; the channels are open."""
        self._began = self._clock.utc()
        self.timekeeper.open()
        for hook in self.hooks:
            hook.open()
        self._task = asyncio.create_task(self._run(), name="annunciator")

    async def close(self) -> None:
        """Look no more, and tell no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await asyncio.gather(self.timekeeper.close(), *(hook.close() for hook in self.hooks))

    def look(self) -> None:
        """Look once, and tell what has changed."""
        utc = self._clock.utc()
        settled = utc - self._began >= self._grace
        found = clock_off(self.timekeeper.state, self._tolerance)
        for channel in list(self._channels.values()):
            found |= self._eye.on(channel, utc, settled=settled)
        for change in self.history.look(found, utc):
            kind = "raised" if change.raised else "cleared"
            if change.raised and not change.alarm.key.channel:
                _log(change.alarm)
            for hook in self.hooks:
                hook.tell(kind, change.alarm.key.code, told(change.alarm))

    async def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception:  # one look that failed must not be the last
                log.exception("cannot look", code="MONITOR_FAILED")
            await asyncio.sleep(self._every)


def told(alarm: Alarm) -> dict[str, Any]:
    """An alarm in plain values, as the API and receivers have it. Times in ms since 1970."""
    return {
        "id": alarm.id,
        "code": alarm.key.code,
        "channel": alarm.key.channel,
        "subject": alarm.key.subject,
        "sentence": alarm.amiss.sentence,
        "measured": alarm.amiss.measured,
        "configured": alarm.amiss.configured,
        "grave": alarm.amiss.grave,
        "since": alarm.since,
        "until": alarm.until,
        "acknowledged": alarm.acknowledged,
    }


def _log(alarm: Alarm) -> None:
    """What is amiss on a channel has its line already; this is about the relay itself."""
    log.warning(alarm.amiss.sentence, code=alarm.key.code, measured=alarm.amiss.measured)

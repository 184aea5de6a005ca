"""The door to one receiver of alarms: POSTs what its outbox says is due, until the relay ends.

A message is `{"type": "alarm.raised" | "alarm.cleared", "timestamp": .., "relay": .., "data": ..}`,
where `data` is the alarm as `/api/v1/alarms` shows it. Any 2xx takes it. No redirect is followed
and no proxy asked: a receiver that was taken over must not aim us at others. The secret is read
anew at each attempt. Each receiver has a task of its own, so one that hangs holds up no other.

What still waits when the relay ends is not sent: whoever must not miss that the relay itself is
gone watches it from outside (`/livez`, `absent(relay_build_info)`).
"""

import asyncio
import contextlib
import json
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from relay.annunciator import signature
from relay.annunciator.outbox import Message, Outbox
from relay.clock import Clock
from relay.courier.answer import broken_off
from relay.secret import held

SECONDS = 10.0
"""That an attempt may take."""

log = structlog.get_logger("relay.annunciator")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told. `codes`: of these alarms only; none: of all. `secret_file` None: unsigned."""

    name: str
    url: str
    secret_file: Path | None = None
    codes: frozenset[str] = frozenset()


class Hook:
    """What sends to one receiver. `relay`: the name under which it speaks."""

    def __init__(self, receiver: Recipient, relay: str, clock: Clock) -> None:
        self.receiver = receiver
        self.outbox = Outbox(random.SystemRandom().randrange)
        self._relay = relay
        self._clock = clock
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._log = log.bind(webhook=receiver.name)

    def tell(self, kind: str, code: str, data: dict[str, Any]) -> None:
        """An alarm of this code was raised or cleared. Never waits."""
        if self.receiver.codes and code not in self.receiver.codes:
            return
        now = datetime.fromtimestamp(self._clock.utc() / 1000, UTC)
        told = {"type": f"alarm.{kind}", "timestamp": now.isoformat(timespec="milliseconds")}
        body = json.dumps({**told, "relay": self._relay, "data": data}, separators=(",", ":"))
        self.outbox.put(Message(f"msg_{uuid.uuid4().hex}", body.encode()))
        self._wake.set()

    def open(self) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._run(), name=f"webhook {self.receiver.name}")

    async def close(self) -> None:
        """Send no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            message = self.outbox.due(self._clock.now())
            if message is not None:
                await self._attempt(message)
                continue
            deadline = self.outbox.deadline()
            wait = None if deadline is None else max(deadline - self._clock.now(), 1) / 1000
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def _attempt(self, message: Message) -> None:
        before, lost, asked = self.outbox.failing, self.outbox.lost, 0
        try:
            reason, asked = await self._post(message)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a time-out is an OSError
            reason = broken_off(error)
        if not reason:
            self.outbox.taken()
            if before:
                self._log.info("takes what it is told again", code="WEBHOOK_RECOVERED")
            return
        self.outbox.did_not(self._clock.now(), asked)
        if not before:
            self._log.warning(
                "does not take what it is told; tried again", code="WEBHOOK_FAILED", reason=reason
            )
        if self.outbox.lost > lost:
            self._log.warning(
                "was not told: given up after many attempts",
                code="WEBHOOK_LOST",
                reason=reason,
                message=message.number,
            )

    async def _post(self, message: Message) -> tuple[str, int]:
        """Why the receiver did not take it, or "", and the ms after which it wants it again."""
        secret = await asyncio.to_thread(held, self.receiver.secret_file)
        if self.receiver.secret_file is not None and not secret:
            return f"{self.receiver.secret_file} is empty", 0
        headers = {
            "content-type": "application/json",
            "user-agent": f"isml-relay/{version('isml-relay')}",
            **signature.headers(secret, message.number, self._clock.utc() // 1000, message.body),
        }
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with (
            aiohttp.ClientSession(
                timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
            session.post(
                self.receiver.url, data=message.body, headers=headers, allow_redirects=False
            ) as answer,
        ):
            if 200 <= answer.status < 300:
                return "", 0
            after = answer.headers.get("Retry-After", "")
            asked = int(after) * 1000 if after.isdecimal() and len(after) < 7 else 0
            return f"answers {answer.status}", asked

"""What comes back from the brokers, on its way into the store of this relay.

It decides every put: the message that comes back under a key is the winner, and its id says whose
it is. What this relay has under a key already stays as it is, since it may have been published:

    the same            nothing to do
    a gap, and a copy   one of them was made while relays were apart. The copy becomes a fill of
                        the gap: here, or, when the gap is the brokers', there
    two copies          both stay where they are, and it is counted
    two pins            numbers may mean other media from now on, and it is told
"""

import asyncio
from dataclasses import dataclass, field, replace

import structlog
from isal.isal_zlib import crc32

from relay.media import Copy, Gap, Member, Pin
from relay.store import Key, Own
from relay.store.jetstream.ledger import Ledger
from relay.store.jetstream.session import Session
from relay.store.jetstream.subjects import Said
from relay.store.shelf import key_of

log = structlog.get_logger("relay.store")


@dataclass(slots=True)
class Awaited:
    """A put that waits for its winner. `first`: whether it is itself; None: it is not shared."""

    id: str
    body: bytes
    first: "asyncio.Future[bool | None]"


@dataclass(slots=True)
class Intake:
    """The way in of one channel. `unlike`: keys under which relays published different copies."""

    channel: str
    own: Own
    ledger: Ledger
    awaited: dict[Key, Awaited] = field(default_factory=dict)
    unlike: int = 0

    async def take(self, session: Session, said: Said, member: Member) -> None:
        """The brokers have a member. Raises Silence, OSError: it is to be heard again."""
        key = key_of(member)
        waiting = self.awaited.get(key)
        if key in self.own:
            mine = self.ledger.heard(member, said.seq)
            if mine is not None and mine != member:
                await self._meet(session, said, mine, member)
        else:
            body = b""
            if isinstance(member, Copy):
                won = waiting is not None and waiting.id == said.id
                found = waiting.body if waiting and won else await session.fetch(said.seq)
                if found is None or len(found) != member.size or crc32(found) != said.crc:
                    self._damaged(member, found)
                    self._decide(key, said.id)
                    return
                body = found
            await self.own.put(member, [body] if body else [])
            self.ledger.heard(member, said.seq)
        self._decide(key, said.id)

    def _decide(self, key: Key, winner: str) -> None:
        """Tell the put that waits for it, if one does by now."""
        waiting = self.awaited.get(key)
        if waiting is not None and not waiting.first.done():
            waiting.first.set_result(waiting.id == winner)

    def refuse(self, error: OSError) -> None:
        """No put that waits will have an answer."""
        for waiting in self.awaited.values():
            if not waiting.first.done():
                waiting.first.set_exception(error)

    async def _meet(self, session: Session, said: Said, mine: Member, theirs: Member) -> None:
        match mine, theirs:
            case Gap(), Copy():
                body = await session.fetch(said.seq)
                if body is not None and len(body) == theirs.size and crc32(body) == said.crc:
                    await self.own.put(replace(theirs, fill=True), [body])
            case Copy(), Gap():
                self.ledger.keep(replace(mine, fill=True))
            case Pin(), Pin() if mine.value != theirs.value:
                log.error(
                    "relays that were apart have decided differently: reset the channel here",
                    code="STORE_DIVERGED",
                    channel=self.channel,
                    pin=mine.name,
                )
            case Copy(), Copy():
                self.unlike += 1

    def _damaged(self, member: Copy, found: bytes | None) -> None:
        """Trimmed while it was on its way, or the brokers hand out what nobody put."""
        if found is not None:
            log.warning(
                "the brokers hold damaged bytes",
                code="STORE_MESSAGE_DAMAGED",
                channel=self.channel,
                track=member.track,
                index=member.index,
            )

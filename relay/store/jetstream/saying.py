"""How members are said to the brokers: those that are put, and those that were kept apart.

A put is said again until its winner has come back, always with the same id, by which the brokers
know it again: an answer that was lost costs nothing. What was kept apart is said in the order of
the puts, one after the other, and the winner, whoever's it is, takes it from the ledger.
"""

import asyncio
from contextlib import suppress
from uuid import uuid4

import structlog
from isal.isal_zlib import crc32

from relay.media import Copy, Member
from relay.store import Own
from relay.store.jetstream import subjects
from relay.store.jetstream.brokers import Silence
from relay.store.jetstream.generation import Generation
from relay.store.jetstream.intake import Awaited
from relay.store.jetstream.ledger import Ledger
from relay.store.jetstream.link import Link
from relay.store.jetstream.session import Session
from relay.store.jetstream.subjects import Subjects

COMES_BACK = 3.0
"""Seconds in which what the brokers have taken has to come back."""
AGAIN = 0.2
"""Seconds after which what was not answered, or refused for nobody, is said again."""

log = structlog.get_logger("relay.store")


class Saying:
    """Of one channel."""

    def __init__(self, own: Own, names: Subjects, generation: Generation, ledger: Ledger) -> None:
        self._own = own
        self._names = names
        self._generation = generation
        self._ledger = ledger
        self._node = uuid4().hex[:12]
        self._count = 0

    def id(self) -> str:
        """The id of another put, of this process alone."""
        self._count += 1
        return f"{self._node}-{self._count}"

    async def until_decided(self, link: Link, member: Member, waiting: Awaited) -> None:
        """Say a put until it is decided, or nobody waits for that any more. Raises nothing."""
        first = waiting.first
        while not first.done():
            session, heard = link.session, link.heard
            if session is None:
                await asyncio.wait([first], timeout=AGAIN)
                continue
            try:
                taken = await self._say(session, member, waiting.id, waiting.body)
            except Silence as error:
                link.doubt(str(error))
                await asyncio.wait([first], timeout=AGAIN)
                continue
            except OverflowError as error:
                self._too_large(len(waiting.body), int(error.args[0]))
                if not first.done():
                    first.set_result(None)
                return
            link.trust()
            # A refusal may be for one that is in flight, and vanishes with its leader.
            await asyncio.wait([first], timeout=COMES_BACK if taken else AGAIN)
            if not first.done():
                if taken is None:
                    await self._refused(link, session, member, first)
                elif taken <= link.heard:
                    first.set_result(True)
                elif link.heard == heard:
                    link.fail(session, "what was taken does not come back")

    async def _refused(
        self, link: Link, session: Session, member: Member, first: "asyncio.Future[bool | None]"
    ) -> None:
        """It was refused, and nobody has won: was that long ago?"""
        with suppress(Silence):
            if await self._passed(session, member, link.heard) and not first.done():
                first.set_result(False)

    async def _passed(self, session: Session, member: Member, heard: int) -> bool:
        """The winner of its key came so long ago that it is here no more."""
        return 0 < await session.last(self._names.of(member, self._generation.count)) <= heard

    async def catch(self, session: Session, heard: int) -> bool:
        """Say the oldest of what was kept apart; True when nothing is. Raises Silence, OSError."""
        found = next(iter(self._ledger.apart.items()), None)
        if found is None:
            return True
        key, member = found
        body: bytes | None = b""
        if isinstance(member, Copy):
            time = member.time if member.event else None
            body = await self._own.get(member.track, member.run, member.index, time)
            if body is not None and len(body) != member.size:
                body = None  # a copy where the fill is meant, or the other way round
        if body is None or not self._ledger.wanted(member):
            self._ledger.forget(key)
            return False
        said = self.id()
        try:
            taken = await self._say(session, member, said, body)
        except OverflowError as error:
            self._too_large(len(body), int(error.args[0]))
            self._ledger.forget(key)
            return False
        async with asyncio.timeout(COMES_BACK):
            while self._ledger.apart.get(key) is member:
                if taken is None:
                    await asyncio.sleep(AGAIN)
                    if await self._passed(session, member, heard):
                        self._ledger.forget(key)
                    break  # and it is said again, unless it has come
                await asyncio.sleep(0.001)
        return False

    async def cleared(self, session: Session, count: int) -> None:
        """Say that the channel was emptied `count` times. Raises Silence."""
        last = await session.last(self._names.clear)
        headers = {subjects.GENERATION: str(count), subjects.ID: self.id()}
        await session.put(self._names.clear, headers, b"", last)  # refused: another relay has

    async def _say(self, session: Session, member: Member, said: str, body: bytes) -> int | None:
        headers = {**subjects.facts(member, crc32(body)), subjects.ID: said}
        return await session.put(self._names.of(member, self._generation.count), headers, body)

    def _too_large(self, size: int, most: int) -> None:
        log.error(
            "larger than a message of the brokers may be: this relay alone has it. Raise"
            " max_payload in nats-server.conf",
            code="STORE_TOO_LARGE",
            channel=self._names.channel,
            size=size,
            most=most,
        )

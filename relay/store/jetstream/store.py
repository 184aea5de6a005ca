"""The Store over a link to the brokers: see `relay.store.jetstream` for what holds."""

import asyncio
import errno
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from relay.media import Buffer, Copy, Member
from relay.store import Feed, Key, Own
from relay.store.jetstream.brokers import Brokers, Silence
from relay.store.jetstream.generation import Generation
from relay.store.jetstream.intake import Awaited, Intake
from relay.store.jetstream.ledger import Ledger
from relay.store.jetstream.link import Link
from relay.store.jetstream.saying import COMES_BACK, Saying
from relay.store.jetstream.session import Session
from relay.store.jetstream.subjects import Said, Subjects
from relay.store.jetstream.tidying import Tidying
from relay.store.shelf import check_size, key_of

ENDING = 2.0
"""Seconds that a put may still wait when the store is closed."""


class JetStreamStore:
    """One channel's set, shared. Made by `open`."""

    def __init__(self, own: Own, brokers: Brokers, channel: str, generation: Generation) -> None:
        self._own = own
        self._names = Subjects(brokers.cluster, channel)
        self._generation = generation
        self._ledger = Ledger()
        self._intake = Intake(channel, own, self._ledger)
        self._link = Link(brokers, self._names, self._greet, self._hear, self._catch)
        self._tidying = Tidying(self._link)
        self._saying = Saying(own, self._names, generation, self._ledger)
        self._under_way: dict[Key, asyncio.Task[bool]] = {}
        self._asking: set[asyncio.Task[Any]] = set()
        self._keeping = 0
        self._stream = ""
        self._moved = asyncio.Event()
        self._clearing = False
        self._emptied = self._forgetting = False
        self._closed = False

    @classmethod
    async def open(
        cls, own: Own, brokers: Brokers, channel: str, folder: Path | None = None
    ) -> "JetStreamStore":
        """The store of a channel; `own` is this relay's part of it and closed with it, `folder`
        where that lies.

        It waits for the brokers as a put does, and then goes on alone. Raises StoreRefused: they
        can never be used so; OSError: the folder cannot.
        """
        store = cls(own, brokers, channel, Generation(folder))
        first = None
        try:
            first = await Session.open(brokers.servers[0], brokers, store._names)
        except Silence as error:
            store._link.doubt(str(error))
        store._link.open(first)
        store._tidying.open()
        await store._link.settled(brokers.patience)
        store._emptied = False  # nobody has seen what it had before
        return store

    @property
    def degraded(self) -> str:
        """Why what is put is not shared, or safe in memory only; "" when all is well."""
        return self._link.degraded or self._own.degraded

    @property
    def emptied(self) -> bool:
        """Another relay has emptied it: to be taken up anew after `clear`."""
        return self._emptied and not self._forgetting

    @property
    def generation(self) -> int:
        """How often the channel was emptied, as this relay knows it."""
        return self._generation.count

    @property
    def unlike(self) -> int:
        """Keys under which this relay has published another copy than the brokers hold."""
        return self._intake.unlike

    async def put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        """Add a member; True when it is the first under its key, and safe.

        Raises OSError when it could not be made safe, or the store is closed or being cleared,
        ValueError when `data` is not what the member says.
        """
        check_size(member, data)
        key = key_of(member)
        while True:
            self._check_open()
            if self._clearing or self._emptied:
                raise OSError(errno.EAGAIN, "the store is being cleared")
            if key in self._own:
                return False
            if (first := self._under_way.get(key)) is None:
                break
            await asyncio.wait([first])
        task = asyncio.create_task(self._add(key, member, b"".join(data)))
        self._under_way[key] = task
        return await asyncio.shield(task)

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        """The bytes of the copy, else of the fill. None: neither, not readable, or damaged."""
        return await self._own.get(track, run, index, time)

    async def parts(
        self, track: str, run: int, index: int, time: int | None = None
    ) -> Sequence[Buffer] | None:
        """As `get` has it, in whatever parts the bytes lie in memory."""
        return await self._own.parts(track, run, index, time)

    def find(self, track: str, run: int, index: int) -> Copy | None:
        """The copy under this key, else the fill."""
        return self._own.find(track, run, index)

    def follow(self) -> Feed:
        """Everything there is, then everything that comes."""
        return self._own.follow()

    async def trim(self, track: str, run: int, floor: int) -> int:
        """Forget copies, gaps and fills below `floor`, here and soon at the brokers; how many went
        here."""
        below = self._ledger.trim(track, run, floor)
        if below is not None:
            line = self._names.line(track, run, self._generation.count)
            self._tidying.add(f"{line}.>", below)
        return await self._own.trim(track, run, floor)

    async def clear(self) -> None:
        """Forget everything, for every relay, and end every feed here and there.

        Where another relay has done it, it is only taken note of. Raises OSError: nothing has
        changed, or it is not known; then again.
        """
        self._check_open()
        if self._emptied:
            self._emptied = False
            return
        session = self._link.session
        if session is None or self._link.alone.is_set():
            raise OSError(errno.EAGAIN, "the brokers do not answer, and all relays have to know")
        self._clearing = True
        try:
            while self._under_way:
                await asyncio.wait(self._under_way.values())
            wanted = self._generation.count + 1
            await self._saying.cleared(session, wanted)
            async with asyncio.timeout(COMES_BACK):
                while self._generation.count < wanted:
                    await self._moved.wait()
        except (Silence, TimeoutError) as error:
            raise OSError(errno.EAGAIN, f"the brokers do not answer: {error}") from error
        finally:
            self._clearing = False

    async def close(self) -> None:
        """Finish what is under way, end every feed, and let go of all."""
        self._closed = True
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=ENDING)
            self._link.give_up()
        while self._under_way:
            await asyncio.wait(self._under_way.values())
        await self._tidying.close()
        await self._link.close()
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self._own.close()

    def _check_open(self) -> None:
        if self._closed:
            raise OSError(errno.EBADF, "the store is closed")

    async def _add(self, key: Key, member: Member, body: bytes) -> bool:
        try:
            if not self._link.alone.is_set():
                first = await self._share(key, member, body)
                if first is not None:
                    return first
            return await self._keep(member, body)
        finally:
            del self._under_way[key]

    async def _keep(self, member: Member, body: bytes) -> bool:
        """Put it here, and remember that it is to be shared."""
        self._keeping += 1
        try:
            first = await self._own.put(member, [body] if body else [])
            if first:
                self._ledger.keep(member)
            return first
        finally:
            self._keeping -= 1

    async def _share(self, key: Key, member: Member, body: bytes) -> bool | None:
        """Put it at the brokers: whether it is the first, or None: go on alone with it."""
        first: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        waiting = self._intake.awaited[key] = Awaited(self._saying.id(), body, first)
        if key in self._own:  # it has come before anybody could be told
            del self._intake.awaited[key]
            return False
        said = asyncio.create_task(self._saying.until_decided(self._link, member, waiting))
        self._asking.add(said)
        said.add_done_callback(self._asking.discard)
        alone = asyncio.create_task(self._link.alone.wait())
        either: list[asyncio.Future[Any]] = [first, alone]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return first.result() if first.done() else None
        finally:
            alone.cancel()
            first.cancel()
            del self._intake.awaited[key]

    async def _greet(self, session: Session) -> None:
        """A session begins: what happened to the channel as a whole while there was none."""
        mine = self._generation.count
        if session.stream != self._stream:  # as after the loss of all brokers
            self._stream, self._link.heard = session.stream, 0
            self._ledger.clear()
            self._keep_all()
        if session.generation > mine:
            await self._forget(session.generation)
        elif session.generation < mine:  # the brokers are new, or were
            await self._saying.cleared(session, mine)

    def _keep_all(self) -> None:
        """Nothing of what is here is known of the brokers."""
        feed = self._own.follow()
        for member in feed.past:
            self._ledger.keep(member)
        feed.close()

    async def _hear(self, session: Session, said: Said) -> None:
        if said.member is None:
            if said.generation > self._generation.count:
                await self._forget(said.generation)
        elif said.generation == self._generation.count:
            await self._intake.take(session, said, said.member)
        else:  # it was on its way when the channel was emptied
            self._tidy(said.generation)

    async def _catch(self, session: Session) -> bool:
        if self._keeping:
            await asyncio.sleep(0.001)
        return await self._saying.catch(session, self._link.heard) and not self._keeping

    async def _forget(self, generation: int) -> None:
        """The channel was emptied: by `clear`, or by another relay."""
        self._emptied, self._forgetting = not self._clearing, True
        self._intake.refuse(OSError(errno.EAGAIN, "the store was emptied by another relay"))
        self._ledger.clear()
        try:
            await self._own.clear()
            before = self._generation.count
            self._generation.become(generation)
        finally:
            self._forgetting = False
        self._tidy(before)
        self._moved.set()
        self._moved = asyncio.Event()

    def _tidy(self, generation: int) -> None:
        self._tidying.add(self._names.generation(generation))

"""The link of one channel to the brokers: a session after the other, and when to go on alone.

Each session begins behind the last message that was heard, at the next broker of the list, so a
broker that is cut off from the others costs an attempt and no more.

    doubt   something has not been answered. A leader that dies is followed by another one within
            4 to 9 s, compiled into the broker; until then whoever waits is kept waiting
    alone   the doubt has lasted for `patience` seconds: nobody waits any more, the relay goes on
            with its own store
    even    everything that the brokers have has been heard, and what was kept apart has been said:
            alone no more
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

import structlog

from relay.store.jetstream.brokers import Brokers, Silence
from relay.store.jetstream.session import Session
from relay.store.jetstream.subjects import Said, Subjects

PAUSE = 0.5
"""Seconds between two attempts."""

log = structlog.get_logger("relay.store")

Hear = Callable[[Session, Said], Awaitable[None]]
Catch = Callable[[Session], Awaitable[bool]]


class Link:
    """`session`: the one that is up, or None. `alone`: set while the relay goes on by itself.

    `greet` is called with a session before it is heard, `hear` with each message, in order, and
    `catch` once all that waited has been heard: to say what was kept apart. It tells whether
    nothing is apart any more.
    """

    def __init__(
        self, brokers: Brokers, names: Subjects, greet: Callable[[Session], Awaitable[None]],
        hear: Hear, catch: Catch,
    ) -> None:  # fmt: skip
        self.session: Session | None = None
        self.alone = asyncio.Event()
        self.alone.set()
        self.heard = 0
        self.why = "not asked yet"
        self._brokers = brokers
        self._names = names
        self._greet = greet
        self._hear = hear
        self._catch = catch
        self._doubted: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._settled = asyncio.Event()
        self._ending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._log = log.bind(channel=names.channel)

    def open(self, first: Session | None) -> None:
        """Begin, with a session that is open already or without."""
        self._tasks = [asyncio.create_task(self._run(first), name=f"link {self._names.channel}")]
        self._tasks[0].add_done_callback(self._died)

    async def settled(self, seconds: float) -> None:
        """Wait until it is even with the brokers, so long at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._settled.wait()
        except TimeoutError:
            self._told_alone()

    async def close(self) -> None:
        """End it. Not by a cancellation: the library of Python 3.11 may lose one."""
        self._ending.set()
        if self._timer is not None:
            self._timer.cancel()
        if self.session is not None:
            self.session.end()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def doubt(self, why: str) -> None:
        """Something was not answered."""
        self.why = why
        if self._doubted is None and not self._ending.is_set():
            self._doubted = monotonic()
            self._timer = asyncio.get_running_loop().call_later(
                self._brokers.patience, self.give_up
            )

    def trust(self) -> None:
        """The brokers have answered what only their leader answers."""
        self._doubted = None
        if self._timer is not None:
            self._timer.cancel()

    def give_up(self) -> None:
        """Go on alone from now on, until another session has caught up."""
        if not self.alone.is_set():
            self.alone.set()
            if self.session is not None:
                self.session.end()
            self._told_alone()

    def _told_alone(self) -> None:
        self._log.warning(
            "the brokers do not answer: goes on alone", code="STORE_ALONE", reason=self.why
        )

    def fail(self, session: Session, why: str) -> None:
        """A session is not what it should be: let another one take its place."""
        self.doubt(why)
        session.end()

    @property
    def degraded(self) -> str:
        """What it means that the relay is alone, and what to do; "" when it is not."""
        if not self.alone.is_set():
            return ""
        servers = ", ".join(self._brokers.servers)
        return (
            f"the brokers ({servers}) do not answer as they should ({self.why}): this relay goes on"
            " alone with its own store, other relays do not see what it has. Look at the brokers;"
            " it is shared by itself once they are back"
        )

    async def _run(self, first: Session | None) -> None:
        turn = 0
        while not self._ending.is_set():
            server = self._brokers.servers[turn % len(self._brokers.servers)]
            turn += 1
            session, first = first, None
            try:
                if session is None:
                    session = await Session.open(server, self._brokers, self._names)
                await self._serve(session)
            except Silence as error:
                self.doubt(f"{server}: {error}")
            except OSError as error:  # of this relay's disk: what came is heard again
                self.doubt(f"what comes from {server} cannot be kept: {error}")
            finally:
                self.session = None
                if session is not None:
                    await session.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await self._ending.wait()

    async def _serve(self, session: Session) -> None:
        await self._greet(session)
        await session.listen(self.heard)
        self.session = session
        wait = session.backlog
        catching = self._caught_up(session) if wait == 0 else None
        try:
            async for said in session.follow():
                if isinstance(said, Said):
                    await self._hear(session, said)
                    self.heard = said.seq
                else:
                    self.heard = said
                wait -= 1
                if catching is None and wait <= 0:
                    catching = self._caught_up(session)
        finally:
            if catching is not None:
                await session.close()  # or it would go on asking
                await asyncio.gather(catching, return_exceptions=True)

    def _caught_up(self, session: Session) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._even(session), name=f"share {self._names.channel}")
        task.add_done_callback(self._died)
        return task

    def _died(self, task: "asyncio.Task[None]") -> None:
        """A defect: the relay goes on alone, and says so."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.critical("link failed", code="STORE_LINK_FAILED", exc_info=error)
            self.why = f"a defect: {type(error).__name__}"
            self.give_up()

    async def _even(self, session: Session) -> None:
        """Say what was kept apart. It goes on until nothing is, or the session ends."""
        try:
            while not await self._catch(session):
                pass
        except (Silence, OSError) as error:
            self.fail(session, str(error))
            return
        self.trust()
        self._settled.set()
        if self.alone.is_set():
            self.alone.clear()
            self._log.info("shares what it has with other relays", code="STORE_SHARED")

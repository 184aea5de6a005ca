"""The embedded default store: one plain file a member, in folders that an operator can look at.

Files won over sqlite and lmdb (tail latency, no map to size, `rm` is a trim, nothing to install). A
name holds all that a replay needs, so the names are the index, and no second truth beside the files
has to be kept in step. What a crash may leave is told in `relay.store.folder`.

A put runs in three steps, as a task of the store's own, so that a caller which is cancelled leaves
nothing half done:

1. The bytes become safe under a temporary name, several puts at a time in threads.
2. In its turn the member gets its `seq` and its name. All that are ready go together, with one
   fsync per folder: when the disk is slow, puts wait for one fsync and not for each other's.
3. On the event loop it is put on the shelf, which hands it to the feeds. Turns are taken one by
   one, so the order of the feeds is the order of `seq`, and a restart is a replay.

While a key is under way, a second put of it waits for the outcome: had it been answered "not first"
and the first then failed, the member would be lost though two sources brought it whole.

What a disk that is full, broken or read-only refuses is kept in memory (`relay.store.spill`), gets
its `seq` and goes on the shelf like any other, and is written under that `seq` when the disk works
again: the order of the puts is the same on either side. Only when that memory is full too, or the
trouble is of this one file, does `put` raise OSError.

`clear` is decided by a mark on the disk (`relay.store.clearing`): before it nothing has changed,
after it everything goes. Until all of it is gone a put is refused, or the mark would take it along.
"""

import asyncio
import errno
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from relay.media import Buffer, Copy, Member
from relay.store import Key
from relay.store.feed import MemberFeed
from relay.store.filed import Filed
from relay.store.folder import ChannelFolder, Draft
from relay.store.mending import RETRY, Mending
from relay.store.reading import Reading
from relay.store.recent import Recent
from relay.store.shelf import Shelf, check_size, key_of
from relay.store.spill import LIMIT, Spill
from relay.store.unshared import Unshared

P = ParamSpec("P")
T = TypeVar("T")

_WRITERS = 4
"""Threads that write. Reads have the event loop's own: a disk slow to write must not stop them."""


class DiskStore(Unshared):
    """One channel's set in files. Made by `open`."""

    def __init__(
        self, folder: ChannelFolder, spill: Spill, retry: float, recent: Recent | None = None
    ) -> None:
        """What the folder holds. Raises OSError."""
        found = folder.scan()
        self._folder = folder
        self._spill = spill
        self._recent = recent or Recent(0)
        self._clearing: asyncio.Task[None] | None = None
        self._barred = False
        self._shelf: Shelf[Filed] = Shelf()
        for filed in found:
            self._shelf.add(filed)
        self._reading = Reading(folder, self._shelf, spill, self._recent)
        self._seq = found[-1].seq if found else 0
        self._under_way: dict[Key, asyncio.Task[bool]] = {}
        self._drafts: list[Draft] = []
        self._turn = asyncio.Lock()
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="store")
        self._mending = Mending(folder, spill, self._writers, retry)
        self._closed = False

    @classmethod
    async def open(
        cls,
        root: Path,
        channel: str,
        *,
        durable: bool = True,
        memory: int = LIMIT,
        retry: float = RETRY,
        recent: Recent | None = None,
    ) -> "DiskStore":
        """The store of a channel, with what is on the disk.

        `durable=False` leaves out every fsync: a put survives the process but not a power cut.
        `memory`: bytes that are kept when the disk refuses them, to be written after so many
        seconds (`retry`). `recent` keeps what was put last, of all stores. Raises StoreBusy when
        another process has it open, OSError when the folder cannot be used.
        """

        def load() -> "DiskStore":
            folder = ChannelFolder(root, channel, durable=durable)
            try:
                return cls(folder, Spill(folder.path, memory), retry, recent)
            except BaseException:
                folder.close()
                raise

        return await asyncio.to_thread(load)

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._folder.path

    @property
    def degraded(self) -> str:
        """Why what is put is, or lately was, safe in memory only, and what to do; "" if it is not.

        It is "" again when the disk has all, and has refused nothing for a while.
        """
        return self._spill.why

    async def put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        """Add a member; True when it is the first under its key and safe on the disk, or in memory
        while the store is `degraded`.

        The buffers must not change any more. Raises OSError when it could not be made safe
        or the store is closed or being cleared, ValueError when `data` is not what the member says.
        """
        check_size(member, data)
        key = key_of(member)
        while True:
            self._check_open()
            if self._barred:
                raise OSError(errno.EAGAIN, "the store is being cleared")
            if key in self._shelf:
                return False
            if (first := self._under_way.get(key)) is None:
                break
            await asyncio.wait([first])
        task = asyncio.create_task(self._add(key, member, data))
        self._under_way[key] = task
        return await asyncio.shield(task)

    def __contains__(self, key: Key) -> bool:
        """It has a member under this key."""
        return key in self._shelf

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        """The bytes of the copy, else of the fill. None: neither, not readable, or damaged."""
        return await self._reading.get(track, run, index, time)

    async def parts(
        self, track: str, run: int, index: int, time: int | None = None
    ) -> Sequence[Buffer] | None:
        """As `get` has it, in whatever parts the bytes lie in memory."""
        return await self._reading.parts(track, run, index, time)

    def find(self, track: str, run: int, index: int) -> Copy | None:
        """The copy under this key, else the fill."""
        return self._shelf.copy(track, run, index)

    def follow(self) -> MemberFeed:
        """Everything there is, then everything that comes."""
        return self._shelf.follow()

    async def trim(self, track: str, run: int, floor: int) -> int:
        """Forget copies, gaps and fills below `floor`, and their files; how many went."""
        if self._closed:
            return 0
        gone = self._shelf.trim(track, run, floor)
        filed = [one for one in gone if not self._spill.forget(one)]
        if filed:
            await self._mending.remove(filed)
        return len(gone)

    async def clear(self) -> None:
        """Forget everything, pins too, and end every feed; the store is then as new.

        It goes on when its caller is cancelled. Raises OSError: nothing has changed; or, once it
        has begun, puts are refused until it is called again and ends well.
        """
        self._check_open()
        if self._clearing is None or self._clearing.done():
            self._barred = True
            self._clearing = asyncio.create_task(self._clear())
        await asyncio.shield(self._clearing)

    async def close(self) -> None:
        """Finish what is under way, end every feed, and let go of the folder.

        What is in memory is written if the disk takes it now; else it is lost, and the log says so.
        """
        self._closed = True
        while self._under_way:
            await asyncio.wait(self._under_way.values())
        if self._clearing is not None:
            await asyncio.wait([self._clearing])
        await self._mending.end()
        self._shelf.end()
        await asyncio.to_thread(self._writers.shutdown)
        self._folder.close()

    def _check_open(self) -> None:
        if self._closed:
            raise OSError(errno.EBADF, "the store is closed")

    async def _add(self, key: Key, member: Member, data: Sequence[Buffer]) -> bool:
        try:
            # While something waits in memory, what comes later goes behind it.
            draft = None if self._spill else await self._draft(member, data)
            async with self._turn:
                # Those who waited for their turn find that the one before took them along.
                if any(draft is waiting for waiting in self._drafts):
                    await self._publish()
                if draft is not None and draft.error is not None:
                    self._mending.refused(draft.error)
                if draft is None or draft.error is not None:
                    self._keep(member, data)
            return True
        finally:
            del self._under_way[key]

    async def _draft(self, member: Member, data: Sequence[Buffer]) -> Draft | None:
        """Its bytes safe on the disk; None when the disk refuses them."""
        try:
            draft = await self._in_writer(self._folder.write, member, data)
        except OSError as error:
            self._mending.refused(error)
            return None
        self._drafts.append(draft)
        return draft

    async def _publish(self) -> None:
        drafts, self._drafts = self._drafts, []
        for draft in drafts:
            self._seq += 1
            draft.filed.seq = self._seq
        await self._in_writer(self._folder.publish, drafts)
        for draft in drafts:
            if draft.error is None:
                self._recent.keep(draft.filed, draft.data)
                self._shelf.add(draft.filed)

    def _keep(self, member: Member, data: Sequence[Buffer]) -> None:
        """Put it in memory. Called in its turn. Raises OSError when that is full."""
        self._seq += 1
        filed = Filed(member, self._seq, 0)
        self._mending.keep(filed, data)
        self._shelf.add(filed)

    async def _clear(self) -> None:
        while self._under_way:
            await asyncio.wait(self._under_way.values())
        async with self._turn, self._mending.lock:
            try:
                await self._in_writer(self._folder.mark)
                self._shelf.clear()
                self._mending.clear()
                await self._in_writer(self._folder.sweep)
            finally:
                self._barred = self._folder.marked  # then the next opening would go on with it

    async def _in_writer(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writers, lambda: call(*args, **kwargs))

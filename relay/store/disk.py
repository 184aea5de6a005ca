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

A disk that is full, broken or read-only makes `put` raise OSError, each time anew: nothing is
remembered about it, so the store works again when the disk does.
"""

import asyncio
import errno
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

import structlog

from relay.media import Buffer, Copy, Member
from relay.store.feed import MemberFeed
from relay.store.folder import ChannelFolder, Draft, Filed
from relay.store.shelf import Key, Shelf, check_size, key_of

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()

_WRITERS = 4
"""Threads that write. Reads have the event loop's own: a disk slow to write must not stop them."""


class DiskStore:
    """One channel's set in files. Made by `open`."""

    def __init__(self, folder: ChannelFolder, found: Sequence[Filed]) -> None:
        self._folder = folder
        self._shelf: Shelf[Filed] = Shelf()
        for filed in found:
            self._shelf.add(filed)
        self._seq = found[-1].seq if found else 0
        self._under_way: dict[Key, asyncio.Task[bool]] = {}
        self._drafts: list[Draft] = []
        self._turn = asyncio.Lock()
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="store")
        self._closed = False

    @classmethod
    async def open(cls, root: Path, channel: str, *, durable: bool = True) -> "DiskStore":
        """The store of a channel, with what is on the disk.

        `durable=False` leaves out every fsync: a put survives the process but not a power cut.
        Raises StoreBusy when another process has it open, OSError when the folder cannot be used.
        """

        def load() -> "DiskStore":
            folder = ChannelFolder(root, channel, durable=durable)
            try:
                return cls(folder, folder.scan())
            except BaseException:
                folder.close()
                raise

        return await asyncio.to_thread(load)

    async def put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        """Add a member; True when it is the first under its key and safe on the disk.

        The buffers must not change until it returns. Raises OSError when it could not be made safe
        or the store is closed, ValueError when `data` is not what the member says.
        """
        check_size(member, data)
        key = key_of(member)
        while True:
            if self._closed:
                raise OSError(errno.EBADF, "the store is closed")
            if key in self._shelf:
                return False
            if (first := self._under_way.get(key)) is None:
                break
            await asyncio.wait([first])
        task = asyncio.create_task(self._add(key, member, data))
        self._under_way[key] = task
        return await asyncio.shield(task)

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        """The bytes of the copy, else of the fill. None: neither, not readable, or damaged."""
        filed = self._shelf.record(track, run, index, time)
        if filed is None or filed.damaged:
            return None
        path = self._folder.file(filed)
        try:
            data = await asyncio.to_thread(self._folder.read, filed)
        except FileNotFoundError:
            data = None
        except OSError as error:
            log.warning("store_file_unreadable", file=str(path), error=str(error))
            return None
        # A trim, or another get that found the damage, may have come between.
        known = self._shelf.record(track, run, index, time) is filed and not filed.damaged
        if data is None and known:
            filed.damaged = True
            log.warning("store_file_damaged", file=str(path))
            await asyncio.to_thread(self._folder.set_aside, path)
        return data

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
        if gone:
            await self._in_writer(self._folder.remove, gone)
        return len(gone)

    async def close(self) -> None:
        """Finish what is under way, end every feed, and let go of the folder."""
        self._closed = True
        while self._under_way:
            await asyncio.wait(self._under_way.values())
        self._shelf.end()
        await asyncio.to_thread(self._writers.shutdown)
        self._folder.close()

    async def _add(self, key: Key, member: Member, data: Sequence[Buffer]) -> bool:
        try:
            draft = await self._in_writer(self._folder.write, member, data)
            self._drafts.append(draft)
            async with self._turn:
                # Those who waited for their turn find that the one before took them along.
                if any(draft is waiting for waiting in self._drafts):
                    await self._publish()
            if draft.error is not None:
                raise draft.error
            return True
        finally:
            del self._under_way[key]

    async def _publish(self) -> None:
        drafts, self._drafts = self._drafts, []
        for draft in drafts:
            self._seq += 1
            draft.filed.seq = self._seq
        await self._in_writer(self._folder.publish, drafts)
        for draft in drafts:
            if draft.error is None:
                self._shelf.add(draft.filed)

    async def _in_writer(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writers, lambda: call(*args, **kwargs))

"""The bytes of a copy, from wherever they are: in memory, or in the file, which is not trusted.

Memory is asked first: that of what the disk refuses, and that of what was put last. A file is read
in a thread. Its first reading checks its sum; what is damaged is set aside, and its key stays
taken.
"""

import asyncio
from collections.abc import Sequence

import structlog

from relay.media import Buffer
from relay.store.filed import Filed
from relay.store.folder import ChannelFolder
from relay.store.recent import Recent
from relay.store.shelf import Shelf
from relay.store.spill import Spill

log = structlog.get_logger()


class Reading:
    """Of one channel's shelf."""

    def __init__(
        self, folder: ChannelFolder, shelf: Shelf[Filed], spill: Spill, recent: Recent
    ) -> None:
        self._folder = folder
        self._shelf = shelf
        self._spill = spill
        self._recent = recent

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        """The bytes of the copy, else of the fill. None: neither, not readable, or damaged."""
        filed = self._shelf.record(track, run, index, time)
        if filed is None or filed.damaged:
            return None
        for memory in (self._spill.data, self._recent.join):
            if (kept := memory(filed)) is not None:
                return kept
        path = self._folder.file(filed)
        try:
            data = await asyncio.to_thread(self._folder.read, filed)
        except FileNotFoundError:
            data = None
        except OSError as error:
            log.warning(
                "store_file_unreadable",
                code="STORE_FILE_UNREADABLE",
                file=str(path),
                error=str(error),
            )
            return None
        # A trim, or another get that found the damage, may have come between.
        known = self._shelf.record(track, run, index, time) is filed and not filed.damaged
        if data is None and known:
            filed.damaged = True
            log.warning("store_file_damaged", code="STORE_FILE_DAMAGED", file=str(path))
            await asyncio.to_thread(self._folder.set_aside, path)
        return data

    async def parts(
        self, track: str, run: int, index: int, time: int | None = None
    ) -> Sequence[Buffer] | None:
        """As `get` has it, in whatever parts the bytes lie in memory."""
        filed = self._shelf.record(track, run, index, time)
        if filed is not None and (kept := self._recent.find(filed)) is not None:
            return kept
        data = await self.get(track, run, index, time)
        return None if data is None else (data,)

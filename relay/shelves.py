"""The stores of a relay, by name: which kind they are, which there are, and what deletes one."""

import asyncio
import shutil

from relay.config import StoreTable
from relay.errors import OperatorError
from relay.store import Store
from relay.store.disk import DiskStore
from relay.store.memory import MemoryStore


class Shelves:
    """As the configuration says."""

    def __init__(self, table: StoreTable) -> None:
        self._table = table

    async def open(self, name: str) -> Store:
        """The store of a channel or a program, new or not. Raises OperatorError."""
        if self._table.kind == "memory":
            return MemoryStore()
        path = self._table.path
        try:
            return await DiskStore.open(path, name, durable=self._table.durable)
        except OSError as error:
            raise OperatorError(
                f"The store's folder {path} cannot be used: {error.strerror or error}.",
                hint='Set another path in [store], or kind = "memory".',
            ) from error

    def programs(self) -> list[str]:
        """The names of the stores that there are, of what may be programs."""
        if self._table.kind == "memory" or not self._table.path.is_dir():
            return []
        return [folder.name for folder in self._table.path.iterdir() if "." in folder.name]

    async def discard(self, name: str) -> None:
        """Delete a store that is closed. Raises OSError."""
        if self._table.kind == "disk":
            await asyncio.to_thread(shutil.rmtree, self._table.path / name)

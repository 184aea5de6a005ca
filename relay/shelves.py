"""The stores of a relay, by name: which kind they are, which there are, and what deletes one.

Channels are shared by several relays when that is configured; what an operator records of them, a
program, is kept by the relay that records it. The client of the brokers is loaded only then.
"""

import asyncio
import shutil
from typing import TYPE_CHECKING

from relay.config import StoreTable
from relay.config.tables import ClusterTable
from relay.errors import ConfigInvalid, OperatorError
from relay.store import Claims, Store
from relay.store.disk import DiskStore
from relay.store.memory import MemoryStore
from relay.store.recent import Recent

if TYPE_CHECKING:
    from relay.store.jetstream.brokers import Brokers


class Shelves:
    """As the configuration says."""

    def __init__(self, table: StoreTable, cluster: ClusterTable) -> None:
        self._table = table
        self._cluster = cluster
        self._recent = Recent()

    async def open(self, name: str) -> Store:
        """The store of a channel or a program, new or not. Raises OperatorError."""
        if self._table.kind == "memory":
            return MemoryStore()
        path = self._table.path
        try:
            own = await DiskStore.open(path, name, durable=self._table.durable, recent=self._recent)
            if self._table.kind == "jetstream" and "." not in name:
                return await self._shared(own, name)
            return own
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
        if self._table.kind != "memory":
            await asyncio.to_thread(shutil.rmtree, self._table.path / name)

    def claims(self) -> Claims | None:
        """Where relays claim their turn to send; None: they do not, or it is the only one.

        Raises ConfigInvalid.
        """
        if self._table.kind != "jetstream" or self._cluster.forward == "all":
            return None
        try:
            from relay.store.jetstream.claims import JetStreamClaims  # noqa: PLC0415

            return JetStreamClaims(self._brokers())
        except ImportError as error:
            raise _missing(error) from error

    def _brokers(self) -> "Brokers":
        from relay.store.jetstream.brokers import Brokers  # noqa: PLC0415 - only when wanted

        said = self._cluster
        return Brokers(
            said.servers,
            said.name,
            said.replicas,
            said.alone_after,
            token_file=said.token_file,
            ca_file=said.ca_file,
            cert_file=said.cert_file,
            key_file=said.key_file,
        )

    async def _shared(self, own: DiskStore, name: str) -> Store:
        """The store of a channel that other relays have too; `own` is closed with it."""
        try:
            from relay.store.jetstream.store import JetStreamStore  # noqa: PLC0415

            return await JetStreamStore.open(own, self._brokers(), name, own.folder)
        except ImportError as error:
            await own.close()
            raise _missing(error) from error
        except BaseException:
            await own.close()
            raise


def _missing(error: ImportError) -> ConfigInvalid:
    return ConfigInvalid(
        f'store.kind = "jetstream" needs a library that is not installed: {error.name}.',
        hint="Install it: pip install 'isml-relay[cluster]'.",
    )

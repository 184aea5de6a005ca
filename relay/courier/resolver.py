"""Names are asked for at every attempt; while nobody answers, the last good answer stands."""

import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult


class LastingResolver(AbstractResolver):
    """The system's resolver with a memory of one answer per name."""

    def __init__(self, system: AbstractResolver | None = None) -> None:
        self._system = system or ThreadedResolver()
        self._known: dict[tuple[str, int], list[ResolveResult]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError when it never had any."""
        try:
            found = await self._system.resolve(host, port, family)
        except OSError:
            if (host, port) in self._known:
                return self._known[host, port]
            raise
        self._known[host, port] = found
        return found

    async def close(self) -> None:
        """Nothing to release: it outlives the sessions that use it."""

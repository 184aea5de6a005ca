"""A POST that stays open, as an encoder's does, and what becomes of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.app import House
from tests.door import PATH, header, request, video
from tests.server.wire import Answer, Client, chunk, connected


class Long:
    """The POST. Each `send` is one whole fragment, so it always waits at a box edge."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, index: int) -> None:
        await self._client.send(chunk(video(index)))

    async def begin(self, index: int) -> None:
        await self._client.send(chunk(video(index)[:5_000]))

    async def finish(self, index: int) -> None:
        await self._client.send(chunk(video(index)[5_000:]))

    async def answer(self) -> Answer:
        return await self._client.answer()

    async def end(self) -> int:
        await self._client.send(b"0\r\n\r\n")
        return (await self.answer()).status


@asynccontextmanager
async def pushing(house: House, path: str = PATH) -> AsyncIterator[Long]:
    """One that has sent its header."""
    async with connected(house.addresses[0]) as client:
        await client.send(request(path) + chunk(header()))
        yield Long(client)

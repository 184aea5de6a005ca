"""Names of upstreams: asked for at every attempt; while nobody answers, the last good address."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from relay.courier.resolver import LastingResolver
from relay.courier.wire import Wire

NAME = "upstream.example"


class Names(AbstractResolver):
    """A name service whose only name has this address, or none."""

    def __init__(self) -> None:
        self.address = ""
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        if not self.address or host != NAME:
            raise OSError("Name or service not known")
        return [
            ResolveResult(
                hostname=host,
                host=self.address,
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None: ...


async def listening(address: str, port: int = 0) -> asyncio.Server:
    """One that answers with the address at which it was found."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = address.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, address, port)


@pytest.mark.fault("F26")
async def test_a_name_is_asked_for_at_every_attempt_and_its_last_address_stands() -> None:
    names, wire = Names(), Wire()
    wire._resolver = LastingResolver(names)
    one = await listening("127.0.0.1")
    port = one.sockets[0].getsockname()[1]
    two = await listening("127.0.0.2", port)

    async def attempt(name: str = NAME) -> str:
        async with wire.session(None) as session, session.post(f"http://{name}:{port}/") as told:
            return await told.text()

    async with one, two:
        with pytest.raises(aiohttp.ClientConnectorError):
            await attempt()
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.1"):
            names.address = address
            assert await attempt() == address
        names.address = ""
        assert await attempt() == "127.0.0.1", "the last good one"
        with pytest.raises(aiohttp.ClientConnectorError):
            await attempt("other.example")
        names.address = "127.0.0.2"
        assert await attempt() == "127.0.0.2"
    assert names.asked == 7

"""Redirects of the probe, and names that can no longer be resolved."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from relay.courier.access import Access
from relay.courier.probe import REDIRECTS, probe
from relay.courier.resolver import LastingResolver
from relay.courier.wire import CONNECT, Wire
from tests.courier.misbehaving import served

TOKEN = Access(token="t0ken")


async def redirected(location: str, access: Access) -> tuple[int, str, list[bytes]]:
    """The answer when a probe is redirected; the heads that the first host saw."""
    heads: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        line = f"HTTP/1.1 307 Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        writer.write(line.encode())
        await writer.drain()

    async with served(redirect) as (_, port):
        home = URL(f"http://127.0.0.1:{port}/news.isml/Streams(a)")
        settled = await probe(Wire(), home, access, {})
    return settled.answer.status, str(settled.url), heads


@pytest.mark.parametrize(
    "location",
    [
        *("http://169.254.169.254/latest/", "http://localhost/x", "file:///etc/passwd"),
        *("//evil.example/x", "gopher://127.0.0.1/x"),
    ],
)
@pytest.mark.threat("T23")
async def test_a_redirect_to_another_host_is_not_followed(location: str) -> None:
    status, url, heads = await redirected(location, Access())
    assert (status, len(heads)) == (307, 1)
    assert url.startswith("http://127.0.0.1:")


@pytest.mark.threat("T23")
async def test_credentials_go_to_no_other_port() -> None:
    status, _, heads = await redirected("http://127.0.0.1:1/x", TOKEN)
    assert (status, len(heads)) == (307, 1)


@pytest.mark.threat("T23")
async def test_redirects_have_an_end() -> None:
    status, _, heads = await redirected("/again", TOKEN)
    assert (status, len(heads)) == (310, REDIRECTS + 1)


@pytest.mark.requirement("SVC-1a", role="client")
async def test_a_connection_that_does_not_come_is_given_up() -> None:
    """A listener whose queue is full: the kernel drops what else comes."""
    assert CONNECT == 10, "the specification's"
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        host, port = server.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex((host, port))
        home = URL(f"http://{host}:{port}/news.isml/Streams(a)")
        with pytest.raises(aiohttp.ConnectionTimeoutError):
            await probe(Wire(connect=0.3), home, Access(), {})
        for one in waiting:
            one.close()


class Names(AbstractResolver):
    """Knows a name as long as it is told to."""

    known = True

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if not self.known:
            raise OSError("no name server")
        return [
            ResolveResult(
                hostname=host, host="10.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


async def test_the_last_good_address_of_a_name_stands_while_nobody_answers() -> None:
    names = Names()
    resolver = LastingResolver(names)
    found = await resolver.resolve("eu.example", 443)
    names.known = False
    assert await resolver.resolve("eu.example", 443) == found
    with pytest.raises(OSError, match="no name server"):
        await resolver.resolve("us.example", 443)

"""What a connection leaves behind when it is over: nothing that would have to be searched for."""

import asyncio

import pytest

from relay.server.tls import Tls
from tests.certificates.keys import client, files
from tests.litter import littered, ours
from tests.server.wire import CHUNKED, GET, POST, Census, chunk, connected, echo, forbid, serving

CONNECTIONS = 5
ENDS = {
    "an answer": (GET,),
    "two answers": (GET, GET),
    "a body": (CHUNKED + chunk(b"body") + b"0\r\n\r\n",),
    "a body that breaks off": (CHUNKED + chunk(b"body"),),
    "no head": (b"BAD\r\n\r\n",),
    "a head that h11 refuses": (POST + b"Content-Length: x\r\n\r\n",),
    "no chunk": (CHUNKED + b"zz\r\n",),
    "an early answer": (POST.replace(b"live", b"early") + b"Content-Length: 9\r\n\r\n1234",),
    "silence": (b"",),
}


async def _answer(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    await (forbid if "early" in scope["path"] else echo)(scope, receive, send)


async def _spend(address: tuple[str, int], parts: tuple[bytes, ...], tls: bool) -> None:
    async with connected(address, client() if tls else None) as peer:
        for part in parts:
            await peer.send(part)
            if part.endswith(b"\r\n\r\n") and part.startswith((b"GET", b"POST")):
                await peer.answer()
            else:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("end", ENDS)
async def test_nothing_of_the_server_s_is_left(end: str, tls: bool) -> None:
    async with serving(_answer, tls=Tls(files()) if tls else None) as address:
        census = Census()
        await _spend(address, ENDS[end], tls)
        assert await census.restored()
        with littered() as found:
            for _ in range(CONNECTIONS):
                await _spend(address, ENDS[end], tls)
            assert await census.restored()
    assert not ours(found)
    if not tls:  # those of the clients are asyncio's affair
        assert found["asyncio.selector_events._SelectorSocketTransport"] <= CONNECTIONS

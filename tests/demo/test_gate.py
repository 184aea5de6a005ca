"""The way to an upstream, which may be blocked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.demo.gate import Gate

LIMIT = 30
LOTS = 64 << 20


class Far:
    """What stands behind the gate: counts what comes, and answers when all has come."""

    def __init__(self) -> None:
        self.size = 0
        self.visits = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        while data := await reader.read(1 << 16):
            self.size += len(data)
            if data.endswith(b"?"):
                writer.write(b"yes")
        writer.close()


@asynccontextmanager
async def gated() -> AsyncIterator[tuple[Gate, Far]]:
    far = Far()
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    gate = Gate(server.sockets[0].getsockname()[1])
    await gate.start()
    try:
        async with asyncio.timeout(LIMIT):
            yield gate, far
    finally:
        await gate.stop()
        server.close()


async def test_what_goes_in_comes_out_and_answers_come_back() -> None:
    async with gated() as (gate, far):
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
        writer.write(b"x" * 1_000_000 + b"?")
        assert await reader.readexactly(3) == b"yes"
        assert far.size == 1_000_001
        writer.close()


async def test_blocked_it_takes_next_to_nothing_and_says_nothing() -> None:
    async with gated() as (gate, far):
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
        writer.write(b"?")
        assert await reader.readexactly(3) == b"yes"
        gate.block()
        writer.write(b"x" * LOTS)
        draining = asyncio.create_task(writer.drain())
        done, _ = await asyncio.wait({draining}, timeout=0.3)
        assert not done
        assert far.size == 1
        assert not reader.at_eof()
        gate.clear()
        while far.size < LOTS + 1:
            await asyncio.sleep(0.01)
        await draining
        writer.close()


async def test_who_comes_to_a_blocked_gate_waits() -> None:
    async with gated() as (gate, far):
        gate.block()
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
        writer.write(b"?")
        await asyncio.sleep(0.1)
        assert far.visits == 0
        gate.clear()
        assert await reader.readexactly(3) == b"yes"
        writer.close()


async def test_where_nobody_is_the_connection_ends() -> None:
    async with gated() as (gate, _):
        gate._target = 1
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
        assert await reader.read() == b""
        writer.close()

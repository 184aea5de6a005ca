"""A socket's bytes, both ways."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from relay.server.wire import HELD_BYTES, MEDIA_BYTES, MOST_QUICK, WRITE_BYTES, Wire
from tests.server.wire import PATIENCE, eventually


@asynccontextmanager
async def wired(quick: set[Wire] | None = None) -> AsyncIterator[tuple[Wire, socket.socket]]:
    """A wire and the other end of its socket. `quick`: what it shares with others."""
    near, far = socket.socketpair()
    loop = asyncio.get_running_loop()
    near.setblocking(False)
    far.setblocking(False)
    _, wire = await loop.connect_accepted_socket(lambda: Wire(loop, quick), near)
    try:
        yield wire, far
    finally:
        wire.abort()
        far.close()
        async with asyncio.timeout(PATIENCE):
            await wire.gone()


async def test_what_came_is_read_before_the_end() -> None:
    async with wired() as (wire, far):
        far.sendall(b"abc")
        far.close()
        assert await wire.read() == b"abc"
        assert await wire.read() == b""
        assert await wire.read() == b""


async def test_a_reset_takes_nothing_that_has_been_read() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        far = socket.create_connection(listening.getsockname())
        near, _ = listening.accept()
    near.setblocking(False)
    _, wire = await loop.connect_accepted_socket(lambda: Wire(loop), near)
    far.sendall(b"abc")
    await asyncio.sleep(0.05)  # let the transport read it
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    async with asyncio.timeout(PATIENCE):
        await wire.gone()
        assert await wire.read() == b"abc"
        assert await wire.read() == b""


async def test_one_that_does_not_read_holds_its_peer_back() -> None:
    loop = asyncio.get_running_loop()
    async with wired() as (wire, far):
        sending = asyncio.ensure_future(loop.sock_sendall(far, bytes(16 * HELD_BYTES)))
        await asyncio.sleep(0.2)
        assert not sending.done()
        got = 0
        async with asyncio.timeout(PATIENCE):
            while got < 16 * HELD_BYTES:
                got += len(await wire.read())
            await sending


async def test_a_peer_that_does_not_read_holds_the_writer_back() -> None:
    async with wired() as (wire, far):
        writing = asyncio.ensure_future(wire.write(bytes(16 * HELD_BYTES)))
        await asyncio.sleep(0.1)
        assert not writing.done()
        loop = asyncio.get_running_loop()
        got = 0
        async with asyncio.timeout(PATIENCE):
            while got < 16 * HELD_BYTES:
                got += len(await loop.sock_recv(far, HELD_BYTES))
            await writing


@pytest.mark.parametrize(
    ("pause", "others", "quick"), [(0, 0, True), (0.05, 0, False), (0, MOST_QUICK, False)]
)
async def test_who_takes_quickly_is_given_more_at_once(
    pause: float, others: int, *, quick: bool
) -> None:
    loop = asyncio.get_running_loop()
    served = {Wire(loop) for _ in range(others)}
    async with wired(served) as (wire, far):
        writing = asyncio.ensure_future(wire.write(bytes(64 * WRITE_BYTES)))
        got, seen = 0, False
        async with asyncio.timeout(PATIENCE):
            while got < 64 * WRITE_BYTES and not (pause and got > 8 * WRITE_BYTES):
                got += len(await loop.sock_recv(far, WRITE_BYTES))
                await asyncio.sleep(pause)
                seen = seen or wire in served
        assert seen is quick
        far.close()
        await asyncio.gather(writing, return_exceptions=True)
        assert len(served) == others


async def test_a_writer_hears_that_its_peer_has_gone() -> None:
    async with wired() as (wire, far):
        writing = asyncio.ensure_future(wire.write(bytes(16 * HELD_BYTES)))
        await asyncio.sleep(0.05)
        far.close()
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(PATIENCE):
                await writing
        assert await eventually(lambda: wire.closing)


async def test_our_half_ends_and_the_other_goes_on() -> None:
    async with wired() as (wire, far):
        await wire.write(b"bye")
        wire.finish()
        loop = asyncio.get_running_loop()
        assert await loop.sock_recv(far, 10) == b"bye"
        assert await loop.sock_recv(far, 10) == b""
        far.sendall(b"still here")
        assert await wire.read() == b"still here"


def low(wire: Wire) -> int:
    """Bytes for which the kernel wakes it."""
    return int(wire.about("socket").getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT))


@asynccontextmanager
async def paced() -> AsyncIterator[tuple[Wire, socket.socket, "asyncio.Task[bytes]"]]:
    """A wire whose peer has sent evenly, and a reader of it while much more is expected."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        far = socket.create_connection(listening.getsockname())
        near, _ = listening.accept()
    near.setblocking(False)
    _, wire = await loop.connect_accepted_socket(lambda: Wire(loop), near)
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                reading = asyncio.create_task(wire.read())
                await asyncio.sleep(0.01)
                wire.expect(10_000_000)
                if low(wire) > 1:
                    break
                far.sendall(bytes(40_000))
                await reading
        yield wire, far, reading
    finally:
        wire.abort()
        far.close()
        async with asyncio.timeout(PATIENCE):
            await wire.gone()


async def test_what_comes_evenly_is_read_together() -> None:
    async with paced() as (wire, far, reading), asyncio.timeout(PATIENCE):
        wanted = low(wire)
        assert 16_384 <= wanted <= 131_072
        for _ in range(4):
            far.sendall(bytes(wanted // 4 - 1))
            await asyncio.sleep(0.01)
        far.sendall(bytes(8))
        assert len(await reading) >= wanted // 2  # the kernel wakes us when its window closes


async def test_no_more_is_waited_for_than_is_expected() -> None:
    async with paced() as (wire, far, reading), asyncio.timeout(PATIENCE):
        wire.expect(16_384)
        assert low(wire) == 16_384
        far.sendall(bytes(16_384))
        assert len(await reading) == 16_384
        wire.expect(10_000_000)  # nobody waits: something that was read may not be dealt with
        assert low(wire) == 1


async def test_where_much_is_expected_more_is_read_at_once() -> None:
    loop = asyncio.get_running_loop()
    async with wired() as (wire, far):
        far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MEDIA_BYTES)
        for expected, least, most in (
            (MEDIA_BYTES - 1, 0, HELD_BYTES),
            (MEDIA_BYTES, HELD_BYTES + 1, MEDIA_BYTES),
        ):
            wire.expect(expected)
            wire.transport.pause_reading()
            sending = asyncio.create_task(loop.sock_sendall(far, bytes(3 * MEDIA_BYTES)))
            await asyncio.sleep(0.05)  # until the socket is full
            wire.transport.resume_reading()
            sizes: list[int] = []
            async with asyncio.timeout(PATIENCE):
                while sum(sizes) < 3 * MEDIA_BYTES:
                    sizes.append(len(await wire.read()))
                await sending
            assert least <= max(sizes) <= most


async def test_one_piece_of_media_does_not_stop_the_reading_and_a_second_one_does() -> None:
    async with wired() as (wire, _):
        for expected, size in ((0, HELD_BYTES), (MEDIA_BYTES, MEDIA_BYTES)):
            wire.expect(expected)
            wire.data_received(bytes(size))
            assert wire.transport.is_reading()
            wire.data_received(bytes(size))
            assert not wire.transport.is_reading()
            await wire.read()
            assert not wire.transport.is_reading()
            await wire.read()
            assert wire.transport.is_reading()


async def test_an_end_does_not_wait_for_more() -> None:
    async with paced() as (wire, far, reading), asyncio.timeout(PATIENCE):
        far.sendall(b"abc")
        far.close()
        assert await reading == b"abc"
        assert await wire.read() == b""

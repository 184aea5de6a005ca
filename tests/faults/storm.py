"""Crowds at a relay's door: malformed bodies, mutated requests, idle POSTs, slow players.

What is sent is a function of a seed. Each returns how it was answered: statuses, 0 where the
connection was closed without one.
"""

import asyncio
import contextlib
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from relay.encoder.stamp import Stamper
from tests.faults.strangers import RUBBISH

AT_ONCE = 24
"""Connections of one crowd that are open at a time: an address may have 64 POSTs open."""
ADDRESSES = 48
"""Of a loopback network, that idle POSTs come from."""
STREAMS = 60
LIMIT = 60.0
SIP = 1_000
"""Bytes a second that a slow player reads."""
FIRST = 1_000
"""The number of a fragment that is so old that it is nobody's."""
Made = Callable[[random.Random], bytes]


def bodies(made: Stamper, point: str) -> Made:
    """Makes requests whose body was good, and was cut, flipped, doubled or shuffled."""
    boxes = [made.header(made.tracks)]
    boxes += [made.fragment(one, FIRST + n) for n in range(3) for one in made.tracks]

    def make(rng: random.Random) -> bytes:
        parts = [bytearray(box) for box in boxes]
        for _ in range(rng.choice((1, 1, 2, 8))):
            part = rng.choice(parts)
            at = rng.randrange(len(part))
            match rng.randrange(6):
                case 0:
                    part[at] ^= 1 << rng.randrange(8)
                case 1:
                    del part[at:]
                    part += b"\0"
                case 2:
                    part[at : at + 4] = rng.choice((bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff"))
                case 3:
                    part[at:at] = rng.choice(RUBBISH)
                case 4:
                    parts.insert(rng.randrange(len(parts)), bytearray(part))
                case _:
                    rng.shuffle(parts)
        body = b"".join(parts)
        head = f"POST /{point}.isml/Streams(s{rng.randrange(30)}) HTTP/1.1\r\nHost: relay\r\n"
        if rng.random() < 0.5:
            return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks

    return make


WORDS = (
    b"\r\n",
    b"\0",
    b"\xff",
    b" ",
    b":",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\n",
    b"Host: a/?x=\r\n",
    b"ffffffff\r\n",
    b"%0d%0a",
    b"../",
    b"HTTP/0.9",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)


def requests(point: str) -> Made:
    """Makes requests that were good, and were mutated."""
    good = [
        f"GET /{point}.isml/{path} HTTP/1.1\r\nHost: relay\r\nRange: bytes=0-5\r\n\r\n".encode()
        for path in ("master.m3u8", "manifest.mpd", "Manifest", "state", "x/1.m4s")
    ]
    good.append(
        f"POST /{point}.isml/Streams(x) HTTP/1.1\r\nHost: relay\r\n".encode()
        + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
    )

    def make(rng: random.Random) -> bytes:
        data = bytearray(rng.choice(good))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data) + 1)
            match rng.randrange(4):
                case 0:
                    data[at:at] = rng.choice(WORDS)
                case 1:
                    del data[at : at + rng.randint(1, 8)]
                case 2:
                    data[at : at + 1] = bytes([rng.randrange(256)])
                case _:
                    data += data[at:]
            data = data[:60_000] or bytearray(b"G")
        return bytes(data)

    return make


async def send(port: int, make: Made, count: int, seed: int) -> Counter[int]:
    """So many requests, some at a time; the first status of each."""
    rng = random.Random(seed)
    left = (make(rng) for _ in range(count))
    answers: Counter[int] = Counter()

    async def one() -> None:
        for data in left:
            answers[await _ask(port, data)] += 1

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return answers


async def _ask(port: int, data: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(LIMIT):
            with contextlib.suppress(OSError):
                writer.write(data)
                await writer.drain()
                writer.write_eof()
            line = await reader.readline()
            words = line.split()
            return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    except OSError:
        return 0
    finally:
        writer.transport.abort()


@asynccontextmanager
async def idle(port: int, points: Sequence[str], count: int) -> AsyncIterator[Counter[int]]:
    """So many POSTs that stand still behind their first bytes; at the end all are dropped at once.

    Two of each stream, `STREAMS` of each point: what may be.

    How each stands at the moment that they are dropped: 0 is open, or the status that it was given.
    """
    stands: Counter[int] = Counter()
    writers = []
    readers = []
    for at in range(count):
        local = (f"127.0.0.{2 + at % ADDRESSES}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=local)
        stream = at // 2
        point = points[stream // STREAMS]
        head = f"POST /{point}.isml/Streams(idle{stream % STREAMS}) HTTP/1.1\r\nHost: relay\r\n"
        writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n4\r\n\0\0\0\x18\r\n".encode())
        await writer.drain()
        writers.append(writer)
        readers.append(reader)
    try:
        yield stands
    finally:
        for reader, writer in zip(readers, writers, strict=True):
            answered = bytes(reader._buffer).split()  # type: ignore[attr-defined]
            stands[int(answered[1]) if len(answered) > 1 else 0] += 1
            writer.transport.abort()


async def players(port: int, paths: Sequence[str], count: int, seconds: float) -> Counter[int]:
    """So many at once; every other one reads slowly, for so long. The statuses."""

    async def one(path: str, slow: bool) -> int:
        with socket.socket() as made:
            made.setblocking(False)
            if slow:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(LIMIT + seconds):
                await loop.sock_connect(made, ("127.0.0.1", port))
                request = f"GET {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n"
                await loop.sock_sendall(made, request.encode())
                first = await loop.sock_recv(made, SIP)
                ends = loop.time() + seconds
                while await loop.sock_recv(made, SIP if slow else 65_536):
                    if slow:
                        await asyncio.sleep(1)
                        if loop.time() > ends:
                            break
        return int(first.split()[1])

    async def tried(at: int) -> int:
        try:
            return await one(paths[at % len(paths)], at % 2 == 0)
        except OSError:
            return 0

    return Counter(await asyncio.gather(*(tried(at) for at in range(count))))

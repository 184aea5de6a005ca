"""Captured pushes, sent again over a raw socket, cut wherever one likes.

A capture folder holds the request bodies of a real encoder (`reqNNN.body`) and, for most, when
which HTTP chunk came (`reqNNN.chunks.json`, `[seconds, bytes]`). A replay is a chunked POST per
body. Flat out, HTTP chunks and TCP writes are cut independently at seeded random points, so that no
border coincides with a box; at the original pace the chunks are the encoder's, at their own times.

A body that the encoder finished (its last box is `mfra`) ends with the last chunk and waits for the
answer; one that broke off ends with a closed socket in mid-body, as it did. Only
then the next one begins.
"""

import asyncio
import contextlib
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CAPTURES = Path(__file__).parent.parent / "captures"
END = b"\x00\x00\x00\x08mfra"
ANSWER_LIMIT = 20.0


@dataclass(frozen=True, slots=True)
class Body:
    """One POST: its stream, its bytes, when which chunk came, and whether it was finished."""

    stream: str
    data: bytes
    chunks: tuple[tuple[float, int], ...]

    @property
    def finished(self) -> bool:
        return self.data.endswith(END)


@dataclass(frozen=True, slots=True)
class Capture:
    """A folder of captured POSTs. Several bodies came one after another, or (split) at once."""

    name: str
    bodies: tuple[Body, ...]

    @property
    def at_once(self) -> bool:
        return len({body.stream for body in self.bodies}) > 1

    @classmethod
    def load(cls, folder: Path) -> "Capture":
        streams = re.findall(r"Streams\((\w+)\)", (folder / "cmd.txt").read_text())
        bodies = []
        for position, path in enumerate(sorted(folder.glob("req*.body"))):
            data = path.read_bytes()
            times = path.with_suffix(".chunks.json")
            if times.exists():
                chunks = tuple((float(at), int(size)) for at, size in json.loads(times.read_text()))
            else:
                chunks = _paced(len(data))
            bodies.append(Body(streams[position % len(streams)], data, chunks))
        return cls(folder.name, tuple(bodies))


def captures() -> list[Capture]:
    return [Capture.load(path.parent) for path in sorted(CAPTURES.glob("*/cmd.txt"))]


def _paced(size: int) -> tuple[tuple[float, int], ...]:
    """Where no times were captured: 32 KiB chunks, as ffmpeg cuts them, half a second apart."""
    starts = range(0, size, 32768)
    return tuple((0.5 * n, min(32768, size - at)) for n, at in enumerate(starts))


class Post:
    """One chunked POST over a raw socket, as far as it has come; `said`: the answer, once read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.said = b""

    @classmethod
    async def open(cls, port: int, path: str) -> "Post":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: replay\r\n"
        writer.write(f"{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode())
        return cls(reader, writer)

    async def send(self, data: bytes, cuts: random.Random | None = None) -> None:
        """`data` as one HTTP chunk, or cut at random into chunks and again into writes."""
        sizes = [len(data)] if cuts is None else _cut(len(data), cuts)
        framed = bytearray()
        at = 0
        for size in sizes:
            framed += f"{size:x}\r\n".encode() + data[at : at + size] + b"\r\n"
            at += size
        at = 0
        for size in [len(framed)] if cuts is None else _cut(len(framed), cuts):
            self._writer.write(framed[at : at + size])
            await self._writer.drain()
            if cuts is not None and size < 64:
                await asyncio.sleep(0)  # lets a tiny write leave as a packet of its own
            at += size

    async def finish(self) -> int:
        self._writer.write(b"0\r\n\r\n")
        return await self.answer()

    async def cut(self) -> int:
        """Break off in mid-body, and wait until the other side has taken note; 0.

        An encoder that reconnects is away for a second or more; the next connection of a replay
        must not overtake what is still read from this one.
        """
        self._writer.write_eof()
        await self.answer()
        return 0

    async def answer(self, limit: float = ANSWER_LIMIT) -> int:
        """The status (0: none came), read to the end of the connection, which is then closed."""
        with contextlib.suppress(ConnectionError):
            self.said = await asyncio.wait_for(self._reader.read(), limit)
        await self.close()
        match = re.match(rb"HTTP/1\.1 (\d{3}) ", self.said)
        return int(match[1]) if match else 0

    async def close(self) -> None:
        """Close in whatever state it is: in mid-body this is the cut of a dead encoder."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


def _cut(size: int, cuts: random.Random) -> list[int]:
    """`size` in random pieces: most are small, some are large, whatever comes."""
    pieces = []
    while size:
        piece = min(size, cuts.choice((1, cuts.randint(2, 40), cuts.randint(41, 60000))))
        pieces.append(piece)
        size -= piece
    return pieces


async def _replay_body(body: Body, port: int, channel: str, cuts: random.Random | None) -> int:
    post = await Post.open(port, f"/{channel}.isml/Streams({body.stream})")
    try:
        return await _send_body(post, body, cuts)
    except ConnectionError:
        return await post.answer()  # it was refused while it was sent; the answer says why
    finally:
        await post.close()  # also when another replay has failed and this one is cancelled


async def _send_body(post: Post, body: Body, cuts: random.Random | None) -> int:
    if cuts is not None:
        await post.send(body.data, cuts)
    else:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        at = 0
        for when, size in body.chunks:
            await asyncio.sleep(max(0.0, begun + when - loop.time()))
            if size:
                await post.send(body.data[at : at + size])
            at += size
    if body.finished:
        return await post.finish()
    return await post.cut()


async def replay(
    capture: Capture, port: int, channel: str, cuts: random.Random | None = None
) -> Sequence[int]:
    """Send a capture: flat out with `cuts`, else at its pace. A status per body, 0 when cut."""
    if capture.at_once:
        posts = (_replay_body(body, port, channel, cuts) for body in capture.bodies)
        return await asyncio.gather(*posts)
    return [await _replay_body(body, port, channel, cuts) for body in capture.bodies]

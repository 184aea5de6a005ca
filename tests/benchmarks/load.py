"""Encoders that only push: prepared fragments of 2 s at 20 Mbit/s, in chunked POSTs, from threads.

The bytes are made once. For each fragment its moof, which has the time in it, is written over the
last one's; the rest is sent as it stands, in one call that does not hold the interpreter. So the
load costs the kernel's copying and next to nothing else. That it is not what is measured is shown
in each run, by what it reaches against the bare sink.

The media is no picture, but every sample begins as a slice of H.264 does, so that ffmpeg takes it.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from relay.media import Kind
from relay.mp4.reader import BoxReader
from tests.streams import Said, Stream

SECONDS = 2
FRAMES = 50
MEDIA = 5_000_000
"""Bytes of media in a fragment."""
BITRATE = 20_000_000
TRACK = f"video-{BITRATE}"
_IDR, _SLICE = b"\x65\x88\x80", b"\x41\x9a\x80"
_LAST = b"0\r\n\r\n"


def said(bitrate: int = BITRATE) -> Said:
    """The track of that bitrate."""
    return Said(Kind.VIDEO, "video", bitrate)


def fragments(first: int, track: Said, size: int = MEDIA) -> Iterator[tuple[bytes, bytes]]:
    """moof and mdat of one track, from an index on. The mdat is always the same object."""
    stream = Stream([track])
    frame = SECONDS * track.scale // FRAMES
    media = [_sample(at, size // FRAMES) for at in range(FRAMES)]
    mdat = b""
    index = first
    while True:
        data = stream.fragment(track, index * SECONDS * track.scale, [frame] * FRAMES, media)
        moof, same = BoxReader().feed(data)
        mdat = mdat or same.data
        yield moof.data, mdat
        index += 1


def _sample(at: int, size: int) -> bytes:
    head = (size - 4).to_bytes(4, "big") + (_SLICE if at else _IDR)
    return head + bytes([at + 1]) * (size - len(head))


class Framed:
    """One fragment in chunks of HTTP. `data` is overwritten by the next one."""

    def __init__(self, moof: bytes, mdat: bytes, chunk: int) -> None:
        whole = moof + mdat
        pieces = [whole[at : at + chunk] for at in range(0, len(whole), chunk)]
        if len(moof) > chunk:
            raise ValueError(f"a chunk of {chunk} bytes does not hold the moof")
        self._at = len(b"%x\r\n" % len(pieces[0]))
        self.data = bytearray(b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces))
        self.step = -(-len(self.data) // len(pieces))

    def restamp(self, moof: bytes) -> None:
        self.data[self._at : self._at + len(moof)] = moof


def head(path: str, method: str = "POST") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Target:
    """Where one encoder pushes. `playlist`: asked for after each fragment, as players would."""

    port: int
    path: str
    method: str = "POST"
    playlist: str = ""
    bitrate: int = BITRATE


@dataclass(frozen=True, slots=True)
class Push:
    """What each of some encoders sends, one thread each.

    first   index of the first fragment
    count   fragments of each connection
    chunk   bytes of a chunk
    pace    media seconds per second, chunk by chunk; 0: as fast as it is taken
    sent    is told of each fragment that is out: which target, and its index
    waited  gets the seconds from each last byte to the first of its answer
    """

    to: Sequence[Target]
    first: int
    count: int
    chunk: int = 32 << 10
    pace: float = 0
    size: int = MEDIA
    tls: ssl.SSLContext | None = None
    sent: Callable[[int, int], None] = lambda _, __: None
    waited: list[float] = field(default_factory=list)
    _faults: list[BaseException] = field(default_factory=list)

    @property
    def media(self) -> int:
        """Bytes of media in all."""
        return len(self.to) * self.count * self.size

    def run(self) -> float:
        """Push it all and wait for the answers; the seconds that it took. Raises OSError."""
        made = [self._made(target) for target in self.to]
        threads = [
            threading.Thread(target=self._one, args=(at, *each)) for at, each in enumerate(made)
        ]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._faults:
            raise self._faults[0]
        return time.perf_counter() - begun

    def _made(self, target: Target) -> tuple[bytes, Framed, list[bytes]]:
        track = said(target.bitrate)
        found = fragments(self.first, track, self.size)
        pairs = [next(found) for _ in range(self.count)]
        framed = Framed(*pairs[0], self.chunk)
        return Stream([track]).header(), framed, [moof for moof, _ in pairs]

    def _one(self, at: int, header: bytes, framed: Framed, moofs: Sequence[bytes]) -> None:
        target = self.to[at]
        asking: Asking | None = None
        try:
            with self._connected(target.port) as to:
                to.sendall(head(target.path, target.method) + b"%x\r\n" % len(header))
                to.sendall(header + b"\r\n")
                if target.playlist:
                    asking = Asking(self._connected(target.port), target.playlist)
                begun = time.perf_counter() + at * SECONDS / len(self.to) * bool(self.pace)
                for number, moof in enumerate(moofs):
                    framed.restamp(moof)
                    self._send(to, framed, begun + number * SECONDS / (self.pace or 1))
                    self.sent(at, self.first + number)
                    if asking is not None:
                        asking.ask()
                to.sendall(_LAST)
                ended = time.perf_counter()
                answer = to.recv(4096)
                self.waited.append(time.perf_counter() - ended)
                if b" 20" not in answer[:13]:
                    raise OSError(f"{target.path}: {answer[:400]!r}")
        except OSError as fault:
            self._faults.append(fault)
        finally:
            if asking is not None:
                asking.close()

    def _send(self, to: socket.socket, framed: Framed, begun: float) -> None:
        if not self.pace:
            to.sendall(framed.data)
            return
        view = memoryview(framed.data)
        for at in range(0, len(view), framed.step):
            due = begun + at / len(view) * SECONDS / self.pace
            time.sleep(max(0.0, due - time.perf_counter()))
            to.sendall(view[at : at + framed.step])

    def _connected(self, port: int) -> socket.socket:
        plain = connected(port)
        return plain if self.tls is None else self.tls.wrap_socket(plain, server_hostname="x")


def connected(port: int) -> socket.socket:
    """A connection of this machine. Raises OSError."""
    made = socket.create_connection(("127.0.0.1", port), timeout=120)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


class Asking:
    """One connection that asks for one thing again and again."""

    def __init__(self, to: socket.socket, path: str) -> None:
        self._to = to
        self._asked = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()

    def ask(self) -> bytes:
        """Its body, as it is now. Raises OSError."""
        self._to.sendall(self._asked)
        came = b""
        while b"\r\n\r\n" not in came:
            came += self._more()
        fields, _, body = came.partition(b"\r\n\r\n")
        size = int(fields.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        parts, left = [body], size - len(body)
        while left > 0:
            parts.append(self._more())
            left -= len(parts[-1])
        return b"".join(parts)

    def close(self) -> None:
        self._to.close()

    def _more(self) -> bytes:
        found = self._to.recv(1 << 20)
        if not found:
            raise OSError("the connection was closed")
        return found

"""Encoders that only push: prepared fragments of 2 s at 20 Mbit/s, in chunked POSTs, from threads.

The bytes are made once. For each fragment its moof, which has the time in it, is written over the
last one's; the rest is sent as it stands, in one call that does not hold the interpreter. So the
load costs the kernel's copying and next to nothing else, and is never what is measured.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from relay.media import Kind
from relay.mp4.reader import BoxReader
from tests.streams import Said, Stream

SECONDS = 2
FRAMES = 50
MEDIA = 5_000_000
"""Bytes of media in a fragment."""
_TRACK = Said(Kind.VIDEO, "video", 20_000_000)


def fragments(first: int) -> Iterator[tuple[bytes, bytes]]:
    """moof and mdat of one track, from an index on. The mdat is always the same object."""
    stream = Stream([_TRACK])
    frame = SECONDS * _TRACK.scale // FRAMES
    media = [bytes([at]) * (MEDIA // FRAMES) for at in range(FRAMES)]
    mdat = b""
    index = first
    while True:
        data = stream.fragment(_TRACK, index * SECONDS * _TRACK.scale, [frame] * FRAMES, media)
        moof, same = BoxReader().feed(data)
        mdat = mdat or same.data
        yield moof.data, mdat
        index += 1


class Framed:
    """One fragment in chunks of HTTP. `data` is overwritten by the next one."""

    def __init__(self, moof: bytes, mdat: bytes, chunk: int) -> None:
        whole = moof + mdat
        pieces = [whole[at : at + chunk] for at in range(0, len(whole), chunk)]
        if len(moof) > chunk:
            raise ValueError(f"a chunk of {chunk} bytes does not hold the moof")
        self._at = len(b"%x\r\n" % len(pieces[0]))
        self.media = len(whole)
        self.data = bytearray(b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces))

    def restamp(self, moof: bytes) -> None:
        self.data[self._at : self._at + len(moof)] = moof


def head(path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Push:
    """What each of some encoders sends, one thread each.

    paths   one connection each
    count   fragments of each connection
    chunk   bytes of a chunk
    pace    media seconds per second; 0: as fast as it is taken
    """

    port: int
    paths: Sequence[str]
    first: int
    count: int
    chunk: int
    pace: float = 0
    head: Callable[[str], bytes] = head

    @property
    def media(self) -> int:
        """Bytes of media in all."""
        return len(self.paths) * self.count * MEDIA

    def run(self) -> float:
        """Push it all and wait for the answers; the seconds that it took. Raises OSError."""
        moofs = [moof for moof, _ in _some(self.first, self.count)]
        _, mdat = next(fragments(self.first))
        header = Stream([_TRACK]).header()
        framed = [Framed(moofs[0], mdat, self.chunk) for _ in self.paths]
        begun = time.perf_counter()
        faults: list[BaseException] = []
        threads = [
            threading.Thread(target=self._one, args=(path, header, each, moofs, faults))
            for path, each in zip(self.paths, framed, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]
        return time.perf_counter() - begun

    def _one(
        self,
        path: str,
        header: bytes,
        framed: Framed,
        moofs: Sequence[bytes],
        faults: list[BaseException],
    ) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=120) as to:
                to.sendall(self.head(path) + b"%x\r\n%b\r\n" % (len(header), header))
                begun = time.perf_counter()
                for number, moof in enumerate(moofs):
                    if self.pace:
                        due = begun + number * SECONDS / self.pace
                        time.sleep(max(0.0, due - time.perf_counter()))
                    framed.restamp(moof)
                    to.sendall(framed.data)
                to.sendall(b"0\r\n\r\n")
                answer = to.recv(4096)
                if b" 20" not in answer[:13]:
                    raise OSError(f"{path}: {answer[:400]!r}")
        except OSError as fault:
            faults.append(fault)


def _some(first: int, count: int) -> Iterator[tuple[bytes, bytes]]:
    made = fragments(first)
    for _ in range(count):
        yield next(made)

"""Valid bytes, made invalid: what a storm throws. A function of the generator that it is given.

Cheap and blind, beside the targets which coverage leads: here it is the number that counts, and
that all of it goes through real sockets.
"""

import random
from collections.abc import Callable, Sequence

TOKENS = (
    b"\r\n",
    b"\n",
    b"\0",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b"%00",
    b"%0d%0a",
    b"../",
    b"%2e%2e%2f",
    b"(",
    b")",
    b"\xff\xfe",
    b"\xc3\x28",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n",
    b"Host: a\r\nHost: b\r\n",
    b"X: " + b"a" * 5000 + b"\r\n",
    b"HTTP/2.0",
    b"HTTP/1.0",
    b"CONNECT ",
    b"0\r\n\r\n",
    b"ffffffffffffffffff\r\n",
    b"1;" + b"e" * 3000 + b"\r\nA\r\n",
    b"\0\0\0\0mdat",
    b"\0\0\0\1mdat\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\0\0\0\x08moof",
    b"\xff\xff\xff\xff",
    b"\x80\0\0\0\0\0\0\0",
    b"trun\0\0\0\0\xff\xff\xff\xff",
    b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    b'trackName" value="../../x"',
)


class Mutator:
    """`of` changes bytes, a few times over."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._ways: Sequence[Callable[[bytearray], None]] = (
            self._flip,
            self._flip,
            self._number,
            self._insert,
            self._token,
            self._token,
            self._delete,
            self._repeat,
            self._swap,
            self._cut,
        )

    def of(self, data: bytes, most: int = 4) -> bytes:
        """The bytes with one to `most` changes."""
        changed = bytearray(data)
        for _ in range(self.random.randint(1, most)):
            self.random.choice(self._ways)(changed)
        return bytes(changed)

    def _place(self, data: bytearray) -> int:
        return self.random.randrange(len(data) + 1)

    def _span(self, data: bytearray) -> slice:
        start = self._place(data)
        return slice(start, start + self.random.choice((1, 1, 2, 4, 8, 40, 400)))

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)

    def _number(self, data: bytearray) -> None:
        """A number of 32 bits becomes one at which counts and sizes break."""
        at = self._place(data)
        value = self.random.choice((0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000))
        data[at : at + 4] = value.to_bytes(4, "big")

    def _insert(self, data: bytearray) -> None:
        at = self._place(data)
        data[at:at] = self.random.randbytes(self.random.choice((1, 2, 16, 200)))

    def _token(self, data: bytearray) -> None:
        at = self._place(data)
        data[at:at] = self.random.choice(TOKENS)

    def _delete(self, data: bytearray) -> None:
        del data[self._span(data)]

    def _repeat(self, data: bytearray) -> None:
        span = self._span(data)
        data[span.start : span.start] = data[span] * self.random.choice((1, 2, 30))

    def _swap(self, data: bytearray) -> None:
        one, other = self._span(data), self._span(data)
        data[one], data[other] = data[other], data[one]

    def _cut(self, data: bytearray) -> None:
        del data[self._place(data) :]

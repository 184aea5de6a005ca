"""Raw bytes of a connection through the real server protocol, to both doors, without sockets.

The first byte says how the bytes are cut; all else is what a client sends before it hangs up. What
holds: nothing is logged as an error, no task stays, and what is answered is HTTP that a strict
reader takes, with no status that nobody meant.
"""

from collections.abc import Iterator

import h11

from tests.door import chunked, header, request, video
from tests.fuzz.house import House, listening
from tests.fuzz.hurry import Hurry
from tests.fuzz.target import Target

LOOP = Hurry()
MEANT = {200, 204, 206, 304, 400, 404, 405, 408, 412, 413, 415, 416, 431, 501, 503, 505}
"""501 is RFC 9112's word for a transfer coding, 505 for a version, that is not spoken here."""


async def _talk(pieces: list[bytes], answers: list[bytes]) -> None:
    async with House(LOOP).opened() as house:
        answers.append(await house.talk(LOOP, pieces))


def _run(data: bytes) -> None:
    step, said = 1 + 16 * (data[0] if data else 0), data[1:]
    pieces = [said[at : at + step] for at in range(0, len(said), step)]
    answers: list[bytes] = []
    with listening() as grave:
        LOOP.all(_talk(pieces, answers))
    assert not grave, grave[0]
    for status in statuses(answers[0]):
        assert status in MEANT, f"{status} was answered"


def statuses(answered: bytes) -> Iterator[int]:
    """The statuses of the answers in a row. Raises AssertionError when they are no HTTP."""
    rest = answered
    for _ in range(200):
        if not rest:
            return
        if rest.startswith(b"HTTP/1.1 100 "):
            rest = rest.partition(b"\r\n\r\n")[2]
            continue
        head, end, behind = rest.partition(b"\r\n\r\n")
        assert end, f"half a head: {head[:80]!r}"
        line, *fields = head.split(b"\r\n")
        status = int(line.split(b" ")[1])
        yield status
        named = {name.lower(): value for name, _, value in (f.partition(b": ") for f in fields)}
        assert len(named) == len(fields), f"a field came twice: {head!r}"
        rest = behind
        if b"content-length" in named and not rest.startswith(b"HTTP/1.1 "):
            size = int(named[b"content-length"])  # of a HEAD nothing comes
            assert status == 304 or len(rest) in (0, size) or len(rest) > size
            rest = rest[size:]
        elif named.get(b"transfer-encoding") == b"chunked":
            reader = h11.Connection(h11.CLIENT)
            reader.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
            reader.send(h11.EndOfMessage())
            reader.receive_data(head + end + rest)
            while not isinstance(reader.next_event(), h11.EndOfMessage):
                pass
            rest = reader.trailing_data[0]


def _seeds() -> Iterator[bytes]:
    get = b"GET /news.isml/%s HTTP/1.1\r\nHost: relay\r\nRange: bytes=0-5\r\n\r\n"
    body = header() + video(0)[:2000]
    yield b"\xff" + request() + chunked(header(), 400) + b"0\r\n\r\n" + get % b"state"
    yield b"\x10" + request(length=len(body)) + body + get % b"master.m3u8"
    yield b"\x01" + get % b"pins" + get.replace(b"GET", b"HEAD") % b"time"
    yield (
        b"\x02"
        + request("/news.isml/Streams(main)?source=enc_a", "Expect: 100-continue")
        + b"0\r\n\r\n"
    )
    yield (
        b"\0OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nPUT /x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"
    )
    yield b"\x20" + request(length=0) + request(length=0) + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield (b"\x08POST /a.isml HTTP/1.1\r\nConnection : close\r\nTransfer-Encoding: chunked\r\n\r\n")


WORDS = (
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 4\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Upgrade: h2c\r\n",
    b"Authorization: Digest ",
    b"Content-Encoding: gzip\r\n",
    b"\r\n\r\n",
    b"HTTP/1.0",
    b"0\r\nX: y\r\n\r\n",
    b" /news.isml/Streams(a) ",
)
HTTP = Target("http", _run, _seeds, WORDS, longest=16 * 1024)

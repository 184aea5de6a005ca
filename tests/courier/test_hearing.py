"""The last words of a peer that has closed: heard, also by one that writes first."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest

from relay.courier.courier import Courier
from relay.courier.hearing import Hearing
from relay.uplink.steps import Answer, End, Open, Probe, Send, Step

NO = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
CLOSED = 7
PIECE = bytes(64 * 1024)
SENDS: dict[str, Callable[[Hearing], int]] = {
    "send": lambda ours: ours.send(b"x"),
    "sendmsg": lambda ours: ours.sendmsg([b"x", b"y"]),
}


def until_closed(ours: socket.socket) -> None:
    """Until the kernel knows of the reset."""
    limit = time.monotonic() + 10
    while ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != CLOSED:
        assert time.monotonic() < limit, "the reset has not come"
        time.sleep(0.005)


@pytest.mark.parametrize("sends", SENDS.values(), ids=SENDS)
@pytest.mark.parametrize("words", [NO, b""])
@pytest.mark.parametrize("lingers", [True, False])
def test_a_write_that_fails_is_put_off_once_for_what_was_said(
    sends: Callable[[Hearing], int], words: bytes, *, lingers: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, Hearing() as ours:
        ours.connect(server.getsockname())
        theirs, _ = server.accept()
        ours.setblocking(False)
        ours.send(b"unread")
        theirs.send(words)
        if not lingers:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        until_closed(ours)
        if words:
            with pytest.raises(BlockingIOError):
                sends(ours)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            sends(ours)
        if words:
            assert ours.recv(1000) == words


class Late:
    """Duties that hand the second piece out when the peer has answered and gone.

    `gone` is set by then. They hold the loop up until it is, as a busy relay's loop is.
    """

    send_timeout = 10_000
    handed = 0

    def __init__(self, gone: threading.Event) -> None:
        self.answer: Answer | None = None
        self.why = ""
        self._gone = gone
        self._steps: list[Step] = [Probe(), Open(), Send(PIECE)]

    def step(self, now: int) -> Step:
        if self._steps:
            return self._steps.pop(0)
        if self.answer is not None or self.why:
            return End(clean=False)
        assert self._gone.wait(10)
        return Send(PIECE)

    def probed(self, answer: Answer | None, now: int, why: str = "") -> None:
        assert answer is not None, why

    def stop(self) -> None: ...

    def acknowledged(self, delivered: int, now: int) -> None: ...

    def closed(self, answer: Answer | None, now: int, delivered: int, why: str = "") -> None:
        self.answer, self.why = answer, why or "no reason"


def refuse(server: socket.socket, gone: threading.Event) -> None:
    """Answer a probe, and refuse what comes next with most of it unread."""
    for words in (NO.replace(b"403 Forbidden", b"200 OK"), NO):
        theirs, _ = server.accept()
        with theirs:
            theirs.recv(4096)
            theirs.sendall(words)
    gone.set()


@pytest.mark.requirement("HTTP-1b", role="client")
@pytest.mark.fault("F25")
async def test_an_answer_counts_also_when_the_reset_behind_it_is_met_first() -> None:
    gone = threading.Event()
    late = Late(gone)
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        refusing = asyncio.create_task(asyncio.to_thread(refuse, server, gone))
        courier = Courier(f"http://{host}:{port}/news.isml/Streams(a)", late, lambda: 0)
        assert not await asyncio.wait_for(courier.run(), 30)
        await refusing
    assert late.answer is not None, late.why
    assert late.answer.status == 403

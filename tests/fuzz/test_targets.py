"""Every target holds on its seeds and on whatever once broke it; and targets can fail."""

import asyncio
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.hurry import Hurry, NothingWillHappen
from tests.fuzz.table import TARGETS
from tests.fuzz.target import KB, MS, Target, TooLarge, TooSlow, judged
from tests.fuzz.targets import http
from tests.resident import resident

REGRESSIONS = Path(__file__).parent / "regressions"
FOUND = sorted(path.relative_to(REGRESSIONS).as_posix() for path in REGRESSIONS.glob("*/*"))
LOADED = 8
"""How much longer all may take on a machine that does other things."""


def none() -> Iterator[bytes]:
    yield from ()


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_on_its_seeds(name: str) -> None:
    seeds = list(TARGETS[name].seeds())
    assert seeds
    for seed in [*seeds, b"", b"\0", bytes(64)]:
        judged(TARGETS[name], seed, LOADED)


@pytest.mark.parametrize("path", FOUND)
def test_what_was_found_once_is_never_found_again(path: str) -> None:
    judged(TARGETS[path.partition("/")[0]], (REGRESSIONS / path).read_bytes(), LOADED)


def test_regressions_belong_to_targets() -> None:
    assert {path.partition("/")[0] for path in FOUND} <= TARGETS.keys()


def test_an_error_that_nobody_declared_is_a_find() -> None:
    with pytest.raises(IndexError):
        judged(Target("broken", lambda data: [][len(data)], none), b"")


def test_an_input_that_takes_too_long_is_a_find() -> None:
    def slow(_data: bytes) -> None:
        until = time.process_time() + MS / 5_000
        while time.process_time() < until:
            pass

    with pytest.raises(TooSlow):
        judged(Target("slow", slow, none), b"", 0.1)


def test_an_input_that_takes_too_much_is_a_find() -> None:
    # What counts is the peak, which tests before this one may have left far above what is in use.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def large(_data: bytes) -> None:
        assert bytearray(b"\1") * (4 * KB * 1024 + peak - resident())

    with pytest.raises(TooLarge):
        judged(Target("large", large, none), b"", LOADED)


def test_a_loop_in_a_hurry_sees_what_nothing_will_end() -> None:
    async def hour() -> None:
        await asyncio.sleep(3_600)

    async def ever() -> None:
        await asyncio.Event().wait()

    loop = Hurry()
    loop.all(hour())
    assert loop.time() >= 3_600
    with pytest.raises(NothingWillHappen, match="ever"):
        loop.all(ever())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_a_task_that_stays_is_a_find() -> None:
    async def stays() -> None:
        kept.append(asyncio.get_running_loop().create_task(asyncio.sleep(5)))

    kept: list[asyncio.Task[None]] = []
    loop = Hurry()
    with pytest.raises(AssertionError, match="left behind"):
        loop.all(stays())
    kept[0].cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_an_answer_that_is_no_http_is_a_find() -> None:
    assert list(http.statuses(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx")) == [200]
    for wrong in (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\na: 1\r\na: 2\r\n\r\n"):
        with pytest.raises(AssertionError):
            list(http.statuses(wrong))

"""A process that is kept running, and ordered about."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.demo.kept import Kept

LIMIT = 30
PATIENT = 'trap "echo bye; exit 0" INT; echo up $$; while read line; do echo "got $line"; done'
"""Says when it is up and what it reads, and ends in order."""


class Child:
    """A kept shell, what it said, and what was said of it."""

    def __init__(self, folder: Path, script: str = PATIENT, *, away: int = 0) -> None:
        self.lines: list[str] = []
        self.said: list[str] = []
        self.script = script

        async def command() -> list[str]:
            return ["sh", "-c", self.script]

        self.kept = Kept(
            "shell", "one", "runs", folder / "log", command, self._say, away, self._hear
        )

    def _say(self, _what: str, _which: str, how: str) -> None:
        self.said.append(how)

    def _hear(self, line: bytes) -> None:
        self.lines.append(line.decode().strip())

    @property
    def lives(self) -> list[int]:
        return [int(line.split()[1]) for line in self.lines if line.startswith("up ")]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT):
            while not condition():
                await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _heeded() -> Iterator[None]:
    """What a script starts in the background ignores SIGINT, and so do all whom it starts: a shell
    cannot trap what was ignored when it began."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@asynccontextmanager
async def started(folder: Path, script: str = PATIENT) -> AsyncIterator[Child]:
    child = Child(folder, script)
    child.kept.start()
    try:
        await child.until(lambda: child.lives)
        yield child
    finally:
        await child.kept.stop()


async def test_what_is_killed_comes_back(tmp_path: Path) -> None:
    async with started(tmp_path) as child:
        os.kill(child.lives[0], signal.SIGKILL)
        await child.until(lambda: len(child.lives) == 2)
        assert "was killed by signal 9; comes back in 0 s" in child.said


async def test_what_rests_stays_away_until_it_is_woken(tmp_path: Path) -> None:
    async with started(tmp_path) as child:
        await child.kept.rest()
        assert not child.kept.runs
        await child.until(lambda: "bye" in child.lines)
        await child.until(
            lambda: child.said[-1] == "was asked to end; stays away until it is asked"
        )
        await asyncio.sleep(0.1)
        assert len(child.lives) == 1
        child.kept.wake()
        await child.until(lambda: len(child.lives) == 2)
        assert child.kept.runs


async def test_again_is_another_life_at_once(tmp_path: Path) -> None:
    async with started(tmp_path) as child:
        await child.kept.again()
        await child.until(lambda: len(child.lives) == 2)
        assert "was asked to end; comes back at once" in child.said


async def test_lines_go_to_it_and_come_from_it(tmp_path: Path) -> None:
    async with started(tmp_path) as child:
        child.kept.tell(b"delay=5")
        await child.until(lambda: "got delay=5" in child.lines)


async def test_what_ended_by_itself_says_its_last_words(tmp_path: Path) -> None:
    async with started(tmp_path, "echo up $$; echo cannot go on >&2; sleep 0.1; exit 3") as child:
        await child.until(lambda: "ended: cannot go on; comes back in 0 s" in child.said)


async def test_orders_to_what_is_not_there_are_no_error(tmp_path: Path) -> None:
    child = Child(tmp_path)
    child.kept.tell(b"drop=1")
    await child.kept.again()
    await child.kept.stop()
    assert child.lines == []

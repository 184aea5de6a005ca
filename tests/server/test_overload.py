"""A process near its end: what it refuses, and what it gives up, in which order."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.server.crowd import Guest, Standing
from relay.server.overload import Overload, available, give_back
from tests.faults.invariants import Footprint
from tests.server.wire import eventually

GIB = 1 << 30


@pytest.fixture
def few_descriptors() -> Iterator[int]:
    """As many as are in use, and a tenth more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = sum(1 for _ in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (used * 10 // 9, hard))
    yield used
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def guests(overload: Overload, *standings: Standing) -> list[str]:
    """Who is in; the list has those that had to go."""
    gone: list[str] = []
    for at, standing in enumerate(standings):
        name = f"{standing.name.lower()} {at}"
        overload.crowd.enter(Guest(name, lambda name=name: gone.append(name), standing))  # type: ignore[misc]
    return gone


def test_with_room_nobody_is_refused() -> None:
    overload = Overload(memory=1024 * GIB)
    assert overload.busy() == ""
    gone = guests(overload, *Standing)
    overload.relieve(overload.load().memory)
    assert gone == []
    assert 64 << 20 < available() <= 1 << 50


@pytest.mark.threat("T37")
def test_without_memory_there_is_no_room_for_another_stream() -> None:
    overload = Overload(memory=8 << 20)
    assert overload.busy().endswith("% of its memory are in use")


@pytest.mark.threat("T37")
def test_without_descriptors_there_is_none_either(few_descriptors: int) -> None:
    overload = Overload(memory=1024 * GIB)
    assert overload.busy().endswith("% of its file descriptors are in use")
    assert 0.8 <= overload.load().descriptors < 0.95


@pytest.mark.threat("T37")
def test_connections_count_before_the_next_look(few_descriptors: int) -> None:
    """Hundreds may come within the moment for which a look holds."""
    overload = Overload(memory=1024 * GIB)
    overload.load()
    guests(overload, *[Standing.PLAYER] * 100)
    left = max(4, few_descriptors // 5)
    assert len(overload.crowd) <= left
    assert overload.crowd.dropped["player"] >= 100 - left


@pytest.mark.threat("T37")
def test_players_go_before_streams_and_then_the_newest_stream() -> None:
    overload = Overload(memory=1024 * GIB)
    stream, player, idle = Standing.STREAM, Standing.PLAYER, Standing.IDLE
    gone = guests(overload, stream, player, stream, idle, stream)
    for share, expected in (
        (0.94, []),
        (0.96, ["idle 3"]),
        (0.99, ["idle 3", "player 1"]),
        (0.97, ["idle 3", "player 1"]),
        (0.99, ["idle 3", "player 1", "stream 4"]),
        (0.99, ["idle 3", "player 1", "stream 4", "stream 2"]),
        (0.80, ["idle 3", "player 1", "stream 4", "stream 2"]),
    ):
        overload.relieve(share)
        assert gone == expected
    assert overload.crowd.dropped == {"idle": 1, "player": 1, "stream": 2}


@pytest.mark.threat("T37")
def test_players_who_come_back_shield_no_stream() -> None:
    overload = Overload(memory=1024 * GIB)
    gone = guests(overload, Standing.STREAM, Standing.PLAYER)
    overload.relieve(0.99)
    assert gone == ["player 1"]
    again = guests(overload, Standing.PLAYER)
    overload.relieve(0.99)
    assert (gone, again) == (["player 1", "stream 0"], ["player 0"])


def test_what_is_free_is_given_back() -> None:
    held = [bytearray(60_000) for _ in range(1_000)]
    kept = held[::50]
    full = Footprint.of(os.getpid()).memory
    del held
    give_back()
    assert len(kept) == 20
    assert Footprint.of(os.getpid()).memory < full - (30 << 20)


@pytest.mark.threat("T37")
def test_of_many_players_a_tenth_goes_at_once_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    overload = Overload(memory=1024 * GIB)
    gone = guests(overload, *[Standing.PLAYER] * 100)
    overload.relieve(0.96)
    overload.relieve(0.96)
    assert len(gone) == 19
    assert caplog.text.count("players go") == 1
    overload.relieve(0.5)
    overload.relieve(0.96)
    assert caplog.text.count("players go") == 2


async def test_it_looks_by_itself_until_it_is_closed() -> None:
    overload = Overload(memory=8 << 20)
    gone = guests(overload, Standing.PLAYER)
    overload.open()
    assert await eventually(lambda: gone == ["player 0"])
    overload.close()
    overload.close()

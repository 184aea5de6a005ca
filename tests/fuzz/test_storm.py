"""A short storm, and whether a storm would notice."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.invariants import Footprint
from tests.fuzz import storm
from tests.fuzz.mutator import Mutator
from tests.fuzz.storm import Outcome, Weights, judged
from tests.fuzz.thrown import Bodies, Requests
from tests.fuzz.weather import Weather, throw


def test_a_mutator_is_a_function_of_its_seed_and_changes_things() -> None:
    made, again = Mutator(7), Mutator(7)
    changed = [made.of(b"POST / HTTP/1.1\r\n\r\n") for _ in range(100)]
    assert changed == [again.of(b"POST / HTTP/1.1\r\n\r\n") for _ in range(100)]
    assert len(set(changed)) > 90


def test_what_is_thrown_is_of_many_kinds() -> None:
    requests, bodies = Requests(1), Bodies(1)
    assert len({requests.one() for _ in range(200)}) > 190
    assert sum(b"Streams(main)" in bodies.one() for _ in range(60)) > 5


async def test_an_answer_that_nobody_meant_is_told() -> None:
    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(fail, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        weather = await throw([port], lambda: b"GET / HTTP/1.1\r\n\r\n", 20)
    assert weather.answers[500] == 20
    found = Outcome(requests=weather, bodies=Weather(hung=1))
    told = judged(found, 'a\n{"level": "critical"}\nTraceback (most recent call last):\n')
    assert "20 answers 500" in told
    assert "1 were never answered" in told
    assert sum(sentence.startswith("I9") for sentence in told) == 2


@pytest.mark.parametrize(("relay", "twin", "told"), [(110, 100, False), (110, 94, True)])
def test_memory_is_held_against_a_twin(relay: int, twin: int, *, told: bool) -> None:
    before = Weights(Footprint(100 << 20, 14), Footprint(90 << 20, 14))
    after = Weights(Footprint(relay << 20, 14), Footprint(twin << 20, 14))
    broken = judged(Outcome(before=before, after=after), "")
    assert ("I10: memory is not back" in broken) is told


@pytest.mark.e2e
@pytest.mark.fault("F34", "F35")
async def test_a_good_stream_does_not_notice_a_storm(tmp_path: Path) -> None:
    found = await storm.storm(tmp_path, 300, 300, 7)
    assert not found.broken
    assert found.requests.sent == 300
    assert found.bodies.sent == 300
    assert found.delivered > 10
    assert found.bodies.answers[400] > 50

"""Claims on real brokers: one of two that write is refused, and what is not answered is told."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import nats
import pytest

from relay.store.jetstream.brokers import Brokers
from relay.store.jetstream.claims import JetStreamClaims
from tests.cluster.broker import LIMIT, Broker, brokers

AT = "news", "eu"
T = TypeVar("T")


@asynccontextmanager
async def claims(*servers: Broker, replicas: int = 1) -> AsyncIterator[list[JetStreamClaims]]:
    """Two relays' ways to the claims of a cluster of their own."""
    cluster = uuid4().hex[:12]
    urls = tuple(server.url for server in servers)
    made = [
        JetStreamClaims(Brokers(urls, cluster=cluster, replicas=replicas, attempt=0.5))
        for _ in range(2)
    ]
    try:
        yield made
    finally:
        for each in made:
            await each.close()


async def test_a_record_is_written_upon_the_one_that_was_seen(broker: Broker) -> None:
    async with claims(broker) as (one, two):
        assert await one.read(*AT) == (0, b"")
        first = await one.write(*AT, b"one", 0)
        assert first
        assert await two.write(*AT, b"two", 0) is None
        assert await two.read(*AT) == (first, b"one")
        second = await two.write(*AT, b"two", first)
        assert second is not None
        assert second > first
        assert await one.write(*AT, b"one", first) is None
        assert await one.read("news", "us") == (0, b"")


async def test_of_many_that_write_at_once_one_wins(broker: Broker) -> None:
    async with claims(broker) as both:
        for name in ("a", "b.c", "d e", "ü"):
            racing = (both[n % 2].write("news", name, b"%d" % n, 0) for n in range(8))
            answers = await asyncio.gather(*racing)
            (won,) = [n for n, answer in enumerate(answers) if answer is not None]
            assert await both[0].read("news", name) == (answers[won], b"%d" % won)


async def test_brokers_that_are_away_are_told_and_found_again(broker: Broker) -> None:
    async with claims(broker) as (one, two):
        first = await one.write(*AT, b"one", 0)
        broker.kill()
        for ask in (one.read, two.read):
            with pytest.raises(OSError, match=r"nats://|do not answer"):
                await ask(*AT)
        with pytest.raises(OSError, match=r"nats://|do not answer"):
            await one.write(*AT, b"one", 1)
        broker.start()
        assert await _answered(lambda: one.read(*AT)) == (first, b"one")


async def test_all_that_wait_for_brokers_wait_for_one_attempt(broker: Broker) -> None:
    async with claims(broker) as (one, _):
        await asyncio.gather(*(one.write("news", str(n), b"x", 0) for n in range(50)))
        broker.pause()
        try:
            with pytest.raises(OSError, match="do not answer"):
                await one.read(*AT)
            began = time.monotonic()
            asked = (one.read("news", str(n)) for n in range(50))
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(answer, OSError) for answer in answers)
            assert time.monotonic() - began < 25  # one by one they would take 50 s
        finally:
            broker.resume()
        assert await _answered(lambda: one.read("news", "7"))


async def test_brokers_that_have_lost_everything_get_a_new_bucket(broker: Broker) -> None:
    async with claims(broker) as (one, _):
        assert await one.write(*AT, b"one", 0)
        broker.kill()
        broker.wipe()
        broker.start()
        assert await _answered(lambda: one.read(*AT)) == (0, b"")
        assert await one.write(*AT, b"again", 0)


async def test_a_bucket_is_one_that_other_tools_can_read(broker: Broker) -> None:
    async with claims(broker) as (one, _):
        await one.write(*AT, b"one", 0)
        client = await nats.connect(broker.url)
        found = await client.jetstream().key_value(one._bucket)
        assert (await found.get("news.eu")).value == b"one"
        await client.close()


@pytest.mark.e2e
async def test_with_one_of_three_gone_claims_go_on(tmp_path: Path) -> None:
    with brokers(tmp_path, 3) as three:
        async with claims(*three, replicas=3) as (one, two):
            first = await _answered(lambda: one.write(*AT, b"one", 0))
            three[0].kill()
            assert await _answered(lambda: one.read(*AT)) == (first, b"one")
            assert await _answered(lambda: two.write(*AT, b"two", first or 0))


async def _answered(ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
    deadline = time.monotonic() + LIMIT
    while True:
        try:
            return await ask()
        except OSError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)

"""What goes wrong in a cluster, and is mended again. Each is a course that takes seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as StreamError

from tests.cluster.broker import Broker
from tests.cluster.plant import CHANNEL, Plant
from tests.faults import chain
from tests.faults.proxy import Manner
from tests.faults.tap import Aim

Fault = Callable[[Plant], Awaitable[None]]


async def leader_killed(built: Plant) -> None:
    await _away(built, [await leader(built)], built.rng.uniform(1, 6))


async def follower_killed(built: Plant) -> None:
    first = await leader(built)
    others = [broker for broker in built.brokers if broker is not first]
    await _away(built, [built.rng.choice(others)], built.rng.uniform(1, 6))


async def leader_silent(built: Plant) -> None:
    """Its process stands still and keeps every connection: nobody is told."""
    first = await leader(built)
    first.pause()
    await asyncio.sleep(built.rng.uniform(3, 8))
    first.resume()


async def most_killed(built: Plant) -> None:
    """Two of three: nothing can be decided, and the relays go on alone."""
    await _away(built, built.rng.sample(built.brokers, 2), built.rng.uniform(8, 18))


async def all_killed(built: Plant) -> None:
    await _away(built, built.brokers, built.rng.uniform(8, 18))


async def relay_killed(built: Plant) -> None:
    relay = built.relays[built.rng.choice(list(built.relays))]
    relay.kill()
    await asyncio.sleep(built.rng.uniform(0.5, 4))
    await asyncio.to_thread(relay.start)


async def relay_and_leader_killed(built: Plant) -> None:
    await asyncio.gather(relay_killed(built), leader_killed(built))


async def relay_cut_off(built: Plant) -> None:
    """One relay's line to the brokers swallows everything; its encoder and players are there."""
    assert built.lines is not None
    at = built.rng.randrange(2)
    built.lines.cut(at)
    await asyncio.sleep(built.rng.choice((3, 8, 20)))
    built.lines.mend(at)


async def sender_killed(built: Plant) -> None:
    """The relay that forwards, in the middle of a fragment on its way up. It is back before the
    other one takes its turn, or afterwards."""
    rng, name = built.rng, await built.sender()
    relay, before = built.relays[name], built.received()
    aim = Aim(rng.choice(("moof", "seam", "mdat", "edge")), rng.randint(1, 4), rng.random())

    async def kill() -> None:
        relay.kill()

    async with asyncio.timeout(60):
        await built.ways[name].cut(aim, Manner.FIN, kill)
    away = rng.choice((0.5, 2.0, 6.0, 12.0))
    if away > 5:  # the other one has to go on meanwhile
        await chain.until(lambda: built.received() > before + 2, "nobody takes the turn")
    else:
        await asyncio.sleep(away)
    await asyncio.to_thread(relay.start)


async def sender_and_leader_killed(built: Plant) -> None:
    """Nobody can take the turn before there is a leader again."""
    await asyncio.gather(sender_killed(built), leader_killed(built))


async def all_gone_for_a_minute(built: Plant) -> None:
    """Long enough for all that waits to give up waiting."""
    await _away(built, built.brokers, 60)


FAULTS: Mapping[str, Fault] = {
    "leader killed": leader_killed,
    "follower killed": follower_killed,
    "leader silent": leader_silent,
    "two brokers killed": most_killed,
    "all brokers killed": all_killed,
    "relay killed": relay_killed,
    "relay and leader killed": relay_and_leader_killed,
    "relay cut off": relay_cut_off,
    "sender killed": sender_killed,
    "sender and leader killed": sender_and_leader_killed,
}


async def leader(built: Plant, limit: float = 60) -> Broker:
    """The broker that leads the channel's stream."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        for broker in built.brokers:
            client = Client()
            try:
                await client.connect(
                    [broker.url], allow_reconnect=False, connect_timeout=1, max_reconnect_attempts=1
                )
                found = await client.jetstream(timeout=1).stream_info(f"relay_{CHANNEL}")
            except (NatsError, StreamError, OSError, TimeoutError):
                continue
            finally:
                await client.close()
            for known in built.brokers:
                if found.cluster is not None and known.name == found.cluster.leader:
                    return known
        await asyncio.sleep(0.2)
    raise AssertionError("the stream has no leader")


async def _away(built: Plant, gone: list[Broker], seconds: float) -> None:
    for broker in gone:
        broker.kill()
    await asyncio.sleep(seconds)
    for broker in gone:
        await asyncio.to_thread(broker.start)

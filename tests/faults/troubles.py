"""The troubles of a soak: each breaks one thing, holds that for a while, and mends it.

None of them may cost a fragment, a discontinuity, or a second of the picture. Each draws what it
needs from the plant's generator, and returns what it has drawn, in words.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping

from tests.faults.gate import Gate, Says
from tests.faults.kills import drawn
from tests.faults.plant import HUBS, UPSTREAMS, Plant, Way
from tests.faults.proxy import Manner
from tests.faults.strangers import crowd, strangers

Trouble = Callable[[Plant], Awaitable[str]]
LIMIT = 60.0
STATUSES = (400, 401, 403, 404, 412, 415, 429, 500, 502, 503)
EARLY = (
    Says(403, 9_000, "hold"),
    Says(200, 9_000, "hold"),
    Says(503, 9_000, "close"),
    Says(0, 9_000, "reset"),
)


def _way(plant: Plant) -> tuple[str, Way]:
    encoder, hub = plant.rng.choice(sorted(plant.ways))
    return f"{encoder} to {hub}", plant.ways[encoder, hub]


def _gates(plant: Plant) -> tuple[str, list[Gate]]:
    """The way of one hub to an upstream, or every hub's."""
    upstream, hubs = plant.rng.choice(UPSTREAMS), plant.rng.choice((HUBS[:1], HUBS[1:], HUBS))
    return f"{' and '.join(hubs)} to {upstream}", [plant.gates[hub, upstream] for hub in hubs]


async def encoder_killed(plant: Plant) -> str:
    """F01: SIGKILL of an encoder at a random byte; it comes back within 3 s."""
    name, way = _way(plant)

    async def kill() -> None:
        way.push.kill()  # at once: nothing may happen at the proxy in between

    aim = drawn(plant.rng)
    async with asyncio.timeout(LIMIT):
        await way.proxy.cut(aim, Manner.FIN, kill)
    await asyncio.sleep(plant.rng.random() * 3)
    way.start()
    return f"{name}, {aim.part}"


async def encoder_cut(plant: Plant) -> str:
    """F04: its connection ends at a random byte, in one of three manners."""
    name, way = _way(plant)
    aim, manner = drawn(plant.rng), plant.rng.choice(list(Manner))
    async with asyncio.timeout(LIMIT):
        await way.proxy.cut(aim, manner)
    return f"{name}, {manner} at {aim.part}"


async def encoder_stalled(plant: Plant) -> str:
    """F03, F05: its network stands still, for less or for more than the relay waits."""
    name, way = _way(plant)
    seconds = plant.rng.choice((2, 6, 14))
    way.proxy.stall()
    await asyncio.sleep(seconds)
    way.proxy.flow()
    return f"{name}, {seconds} s"


async def encoder_stopped(plant: Plant) -> str:
    """F05: it gets no processor."""
    name, way = _way(plant)
    os.kill(way.push.pid, signal.SIGSTOP)
    await asyncio.sleep(4)
    os.kill(way.push.pid, signal.SIGCONT)
    return name


async def encoder_refused(plant: Plant) -> str:
    """F02: it finds no relay for a while."""
    name, way = _way(plant)
    way.proxy.refuses = True
    way.proxy.reset()
    await asyncio.sleep(plant.rng.uniform(2, 8))
    way.proxy.refuses = False
    return name


async def encoders_killed(plant: Plant) -> str:
    """F01, F02: all of them at once, and nobody sends again what nobody had delivered: a hole.

    No trouble of a soak, but one of pairs.
    """
    for way in plant.ways.values():
        way.push.kill()
    await asyncio.sleep(plant.rng.uniform(0, 4))
    for way in plant.ways.values():
        way.start()
    return "all"


async def hub_killed(plant: Plant) -> str:
    """F29: SIGKILL of a relay when a random byte is next; it starts again on its store."""
    relay = plant.relays["one"]

    async def kill() -> None:
        relay.kill()

    aim = drawn(plant.rng)
    async with asyncio.timeout(LIMIT):
        await plant.ways[plant.rng.choice("ab"), "one"].proxy.cut(aim, Manner.FIN, kill)
    await asyncio.to_thread(relay.start)
    return f"one, {aim.part}"


async def hub_restarted(plant: Plant) -> str:
    """F30, F31: SIGTERM, and a start."""
    relay = plant.relays["one"]
    relay.terminate()
    code = await asyncio.to_thread(relay.wait)
    assert code == 0, f"exit code {code}"
    await asyncio.to_thread(relay.start)
    return "one"


async def hub_reloaded(plant: Plant) -> str:
    """F32: SIGHUP."""
    name = plant.rng.choice(HUBS)
    os.kill(plant.relays[name].pid, signal.SIGHUP)
    return name


async def hub_stopped(plant: Plant) -> str:
    """F39: a relay gets no processor."""
    pid, seconds = plant.relays["one"].pid, plant.rng.choice((1, 3, 5))
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
    return f"one, {seconds} s"


async def upstream_killed(plant: Plant) -> str:
    """F20: SIGKILL of an upstream, which stays away for a while."""
    relay, seconds = plant.relays["eu"], plant.rng.choice((0, 4, 8))
    await asyncio.to_thread(relay.kill)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(relay.start)
    return f"eu, {seconds} s"


async def upstream_shut(plant: Plant) -> str:
    """F20: nobody listens."""
    name, gates = _gates(plant)
    for gate in gates:
        gate.shut()
    await asyncio.sleep(plant.rng.uniform(2, 8))
    for gate in gates:
        await gate.reopen()
    return name


async def upstream_stalled(plant: Plant) -> str:
    """F24: a black hole."""
    name, gates = _gates(plant)
    for gate in gates:
        gate.stall()
    await asyncio.sleep(plant.rng.uniform(2, 8))
    for gate in gates:
        gate.reset()
        gate.flow()
    return name


async def upstream_slow(plant: Plant) -> str:
    """F24: a tenth of the rate."""
    name, gates = _gates(plant)
    for gate in gates:
        gate.rate = 1_500
    await asyncio.sleep(8)
    for gate in gates:
        gate.rate = 0
    return name


async def upstream_reset(plant: Plant) -> str:
    """F25: every connection is reset, three times."""
    name, gates = _gates(plant)
    for _ in range(3):
        for gate in gates:
            gate.reset()
        await asyncio.sleep(plant.rng.uniform(0.1, 3))
    return name


async def upstream_says(plant: Plant) -> str:
    """F22, F23, F25: an answer of its own, to every head or in mid-body."""
    name, gates = _gates(plant)
    says = plant.rng.choice((*EARLY, *map(Says, STATUSES)))
    for gate in gates:
        gate.says = says
        gate.reset()
    await asyncio.sleep(plant.rng.uniform(3, 8))
    for gate in gates:
        gate.flow()
        gate.reset()
    return f"{name}: {says.status or 'a reset'}{' in mid-body' if says.behind else ''}"


TROUBLES: Mapping[str, Trouble] = {
    each.__name__.replace("_", " "): each
    for each in (
        encoder_killed,
        encoder_cut,
        encoder_stalled,
        encoder_stopped,
        encoder_refused,
        hub_killed,
        hub_restarted,
        hub_reloaded,
        hub_stopped,
        upstream_killed,
        upstream_shut,
        upstream_stalled,
        upstream_slow,
        upstream_reset,
        upstream_says,
        strangers,
        crowd,
    )
}
"""By what a report calls them."""

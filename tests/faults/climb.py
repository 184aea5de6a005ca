"""Climbs: channels of one hub whose upstreams misbehave, each in a way of its own, all at once.

A climb is one channel with one encoder. Its bad upstreams stand behind gates, in front of one
relay, each on a channel of its own there; one more, `us`, is another relay that nothing is wrong
with. A climb breaks something, waits until the hub has shown what it makes of that, and mends it;
then everything that the encoder delivered must be at every upstream.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.faults import chain, legs
from tests.faults.gate import Gate
from tests.faults.legs import Channel, Leg
from tests.faults.witness import Witness

Act = Callable[["Climb"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Way:
    """What a climb needs. `upstreams`: settings of each that stands behind a gate, by name."""

    act: Act
    upstreams: Mapping[str, Mapping[str, object]]
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Climb:
    """One channel while it is climbed, and what is left of it.

    posts      that the encoder has begun
    theirs     what each upstream has published
    standings  how each upstream stood at the end, as the hub says
    """

    channel: Channel
    hub: RelayProcess
    folder: Path
    gates: dict[str, Gate]
    leg: Leg | None = None
    posts: int = 0
    theirs: dict[str, Witness] = field(default_factory=dict)
    standings: Mapping[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None

    @property
    def name(self) -> str:
        return self.channel.name

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def delivers(self, count: int) -> None:
        """Wait until the encoder has delivered so many more fragments."""
        before = self.channel.ledger.count("a")
        await chain.until(
            lambda: self.channel.ledger.count("a") >= before + count,
            f"{self.name}: the encoder delivers {count}",
        )

    async def stands(
        self, upstream: str, condition: Callable[[Mapping[str, Any]], bool]
    ) -> Mapping[str, Any]:
        """How an upstream stands, once the condition holds of that."""
        return await chain.stands(self.hub, self.name, upstream, condition)

    async def well(self, *upstreams: str) -> None:
        """Wait until these take what there is, and have all of it."""
        for upstream in upstreams:
            await self.stands(
                upstream, lambda one: one["state"] == "streaming" and one["backlog"] <= 2
            )

    def broken(self, upstream: str) -> list[str]:
        """What must hold of an upstream, and does not."""
        return chain.arrived(self.channel.ledger, self.theirs[upstream])


async def climb(
    ways: Mapping[str, Way], made: Stamper, folder: Path
) -> tuple[dict[str, Climb], dict[str, RelayProcess]]:
    """All of these at once; what is left of each, and the relays, which have been stopped."""
    async with AsyncExitStack() as stack:
        relays: dict[str, RelayProcess] = {}

        async def start(name: str, channels: Mapping[str, Mapping[str, object]]) -> None:
            (folder / name).mkdir()
            relays[name] = RelayProcess(folder / name, channels)
            stack.callback(relays[name].kill)
            await asyncio.to_thread(relays[name].start)

        places = [f"{name}_{up}" for name, way in ways.items() for up in way.upstreams]
        await start("eu", dict.fromkeys(places, legs.SETTINGS))
        await start("us", dict.fromkeys(ways, legs.SETTINGS))
        gates: dict[str, dict[str, Gate]] = {}
        tables: dict[str, Mapping[str, object]] = {}
        for name, way in ways.items():
            gates[name] = {
                upstream: await stack.enter_async_context(Gate(relays["eu"].port))
                for upstream in way.upstreams
            }
            urls: dict[str, Mapping[str, object]] = {
                upstream: {
                    "url": f"http://127.0.0.1:{gate.port}/{name}_{upstream}.isml",
                    **way.upstreams[upstream],
                }
                for upstream, gate in gates[name].items()
            }
            urls["us"] = {"url": f"{relays['us'].url}/{name}.isml"}
            tables[name] = {**legs.SETTINGS, **way.settings, "upstreams": urls}
        await start("hub", tables)
        hub = relays["hub"]
        climbs = {
            name: Climb(Channel.of(name, hub.port), hub, folder, gates[name]) for name in ways
        }
        ends = await asyncio.gather(
            *(_climb(climbs[name], way.act, made, relays) for name, way in ways.items()),
            return_exceptions=True,
        )
        for one, end in zip(climbs.values(), ends, strict=True):
            one.error = end if isinstance(end, BaseException) else None
        return climbs, relays


async def _climb(one: Climb, act: Act, made: Stamper, relays: Mapping[str, RelayProcess]) -> None:
    async with one.channel.leg(made, "a", patient=True) as one.leg:
        await one.delivers(6)
        await act(one)
        one.posts = one.leg.posts
    for upstream in one.gates:
        place = f"{one.name}_{upstream}"
        one.theirs[upstream] = await chain.seen(relays["eu"], place, one.channel.ledger)
    one.theirs["us"] = await chain.seen(relays["us"], one.name, one.channel.ledger)
    one.standings = (await chain.status(one.hub))[one.name]["upstreams"]

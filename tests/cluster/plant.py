"""Three brokers, two relays that share a channel on them, an encoder for each, and two witnesses.

    enc a ──► relay one ══╗ ─────┐
                          ╠══ n0 n1 n2, three copies of everything
    enc b ──► relay two ══╝ ─────┴──► relay up, which one of them at a time forwards to

Each encoder pushes to one relay only, so all that the one relay has of the other's encoder has come
by the brokers. Both send the same fragments under the same times, and bytes that differ only where
a source tells itself apart. What each of them sends up goes by a way of its own, which writes it
down and can be cut at a byte.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.cluster import lines
from tests.cluster.broker import Broker, brokers
from tests.cluster.lines import Lines
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.encoder.clips import Shape
from tests.faults import chain, legs
from tests.faults.ledger import Ledger
from tests.faults.proxy import Proxy
from tests.faults.witness import Witness, newest

CLIP = Shape("cluster.mp4", Fraction(25), 48, 48000, 5, legs.PLAIN, rates=(120,))
D = Fraction("1.92")
SETTINGS = {"fragment_duration": str(float(D)), "dvr_window": 120, "patience": 3}
CHANNEL = "news"
WELL = 120.0
MORE = 3
"""Fragments that come after a fault has been mended, before it is judged."""


@dataclass(slots=True)
class Plant:
    """All of it, by name. `lines`: None where no namespaces can be made. `up`: the receiver, and
    `ways`: those to it; `went`: what went by them. `clip`: what is pushed."""

    brokers: list[Broker]
    relays: dict[str, RelayProcess]
    pushes: dict[str, Push]
    witnesses: dict[str, Witness]
    rng: random.Random
    lines: Lines | None
    up: Witness
    ways: dict[str, Proxy]
    clip: Path
    went: Ledger = field(default_factory=lambda: Ledger(D))

    def degraded(self, name: str) -> str:
        """Why a relay is alone; "" when it is not."""
        return str(self._told(name).get("degraded") or "")

    def stands(self, name: str) -> str:
        """How the upstream of a relay stands; "": it does not answer."""
        try:
            return str(self._told(name)["upstreams"]["up"]["state"])
        except OSError:
            return ""

    async def sender(self) -> str:
        """The relay that forwards, once the other one stands by."""
        found: list[str] = []

        def known() -> bool:
            states = {name: self.stands(name) for name in self.relays}
            found[:] = [name for name, state in states.items() if state == "streaming"]
            return sorted(states.values()) == ["standby", "streaming"]

        await chain.until(known, "not one forwards and the other stands by", WELL)
        return found[0]

    def _told(self, name: str) -> dict[str, Any]:
        with urlopen(f"{self.relays[name].admin_url}/api/v1/status", timeout=10) as answer:
            told: dict[str, Any] = json.load(answer)["channels"][CHANNEL]
        return told

    def edges(self) -> list[int]:
        """The newest index of every track of both relays."""
        return [newest(t) for w in self.witnesses.values() for t in w.tracks.values()]

    def received(self) -> int:
        """How far the receiver is, in every track."""
        return min((newest(track) for track in self.up.tracks.values()), default=0)

    async def well(self, *, more: int = MORE) -> int:
        """Until nobody is alone, and every track of both has so many more; how far all are."""
        for name in self.relays:
            await chain.until(lambda n=name: not self._alone(n), f"{name} stays alone", WELL)  # type: ignore[misc]
        mark = max(self.edges(), default=0) + more
        await chain.until(
            lambda: len(self.edges()) == 4 and min(self.edges()) >= mark,
            f"not published: {mark}",
            WELL,
        )
        await chain.until(lambda: self.received() >= mark, f"not received: {mark}", WELL)
        return mark

    def _alone(self, name: str) -> bool:
        try:
            return bool(self.degraded(name))
        except OSError:
            return True


@asynccontextmanager
async def plant(folder: Path, seed: int, *, alone_after: float = 12) -> AsyncIterator[Plant]:
    """Build it, and start everything."""
    clip = legs.clip(folder, CLIP)
    async with AsyncExitStack() as stack:
        wires = stack.enter_context(Lines(2)) if lines.possible() else None
        host = wires.host(0) if wires else "127.0.0.1"
        made = stack.enter_context(brokers(folder, 3, host, wires.before if wires else ()))
        (folder / "up").mkdir()
        up = RelayProcess(folder / "up", {CHANNEL: SETTINGS})
        stack.callback(up.kill)
        await asyncio.to_thread(up.start)
        receiver = Witness(f"{up.url}/{CHANNEL}.isml", every=1.0)
        await stack.enter_async_context(receiver.watching())
        built = Plant(made, {}, {}, {}, random.Random(seed), wires, receiver, {}, clip)
        for at, (name, encoder) in enumerate((("one", "a"), ("two", "b"))):
            (folder / name).mkdir()
            where = wires.host(at) if wires else "127.0.0.1"
            servers = [f"nats://{where}:{broker.port}" for broker in made]
            environment = {
                "RELAY_STORE__KIND": "jetstream",
                "RELAY_CLUSTER__SERVERS": json.dumps(servers[at:] + servers[:at]),
                "RELAY_CLUSTER__ALONE_AFTER": str(alone_after),
            }
            way = built.ways[name] = Proxy(up.port, built.went, name)
            await stack.enter_async_context(way)
            point = f"{way.url}/{CHANNEL}.isml"
            settings = {**SETTINGS, "upstreams": {"up": {"url": f"{point}?source={name}"}}}
            relay = RelayProcess(folder / name, {CHANNEL: settings}, environment=environment)
            built.relays[name] = relay
            stack.callback(relay.kill)
            await asyncio.to_thread(relay.start)
            witness = Witness(f"{relay.url}/{CHANNEL}.isml", every=1.0)
            await stack.enter_async_context(witness.watching())
            built.witnesses[name] = witness
            push = Push(clip, f"{relay.url}/{CHANNEL}.isml/Streams(main)", encoder, folder / name)
            built.pushes[name] = stack.enter_context(push)
        for push in built.pushes.values():
            push.start()
        await built.well()
        yield built

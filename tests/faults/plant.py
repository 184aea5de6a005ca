"""What a soak runs: two encoders, a pair of relays, and two upstreams that both relays feed.

    enc a ─┬─► one ─┬─► eu        each arrow goes through a proxy or a gate of its own, which can
    enc b ─┴─► two ─┴─► us        be cut, stalled, slowed, or made to refuse

An encoder is a process for each of its ways. `one` and `eu` are killed and started again; `two` and
`us` are only ever troubled from outside, so what they hold after an hour tells of leaks, and who
plays there has nothing to complain of at any moment.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.encoder.clips import Shape
from tests.faults import chain, legs
from tests.faults.gate import Gate
from tests.faults.ledger import Ledger
from tests.faults.proxy import Proxy
from tests.faults.witness import Witness, newest

CELL = Fraction(48, 25)
CLIP = Shape("soak.mp4", Fraction(25), 48, 48000, 5, legs.PLAIN, rates=(60,), size="160x90")
SETTINGS: Mapping[str, object] = {"fragment_duration": "1.92", "dvr_window": 120, "patience": 6}
HUBS, UPSTREAMS = ("one", "two"), ("eu", "us")
MORTAL, LASTING = ("one", "eu"), ("two", "us")
CHANNEL = "news"
OTHER = ("--fault", "slate=1-1000000")
"""The second encoder shows other pictures under the same times: a mixture would be seen."""
LOOK = 2.0
"""Seconds between two looks of a witness."""
WELL = 150.0
"""Seconds after which a trouble that has been mended must be over."""
MORE = 4
"""Fragments that each way brings before it counts as back."""


@dataclass(slots=True)
class Way:
    """An encoder on its way to a hub."""

    push: Push
    proxy: Proxy

    def start(self) -> None:
        self.push.start(*(OTHER if self.push.source == "b" else ()))


@dataclass(slots=True)
class Plant:
    """All of it. Gates by (hub, upstream), ways by (encoder, hub), the others by name.

    gone, published   fragments that were delivered on each way, and segments of all relays, that
                      were judged and forgotten
    """

    relays: dict[str, RelayProcess]
    ways: dict[tuple[str, str], Way]
    gates: dict[tuple[str, str], Gate]
    ledgers: dict[str, Ledger]
    witnesses: dict[str, Witness]
    rng: random.Random
    gone: Counter[tuple[str, str]] = field(default_factory=Counter)
    published: int = 0

    def ledger(self, relay: str) -> Ledger:
        """What was delivered to a hub; to any of them, for an upstream."""
        if relay in HUBS:
            return self.ledgers[relay]
        return Ledger(CELL, [sent for hub in HUBS for sent in self.ledgers[hub].sent])

    def newest(self) -> int:
        """The newest index that was delivered to every hub, of every track."""
        return min(
            max(ledger.of(track)) for ledger in self.ledgers.values() for track in ledger.tracks()
        )

    async def well(self) -> int:
        """Until every way brings fragments, every relay has them, and nothing is left to send.

        The newest index up to which all must be there. TimeoutError tells what is missing.
        """
        counts = {key: self._count(key) for key in self.ways}
        await chain.until(
            lambda: all(self._count(key) >= count + MORE for key, count in counts.items()),
            "an encoder does not come back",
            WELL,
        )
        for hub in HUBS:
            for upstream in UPSTREAMS:
                await chain.stands(self.relays[hub], CHANNEL, upstream, _idle, WELL)
        mark = self.newest()
        for name, witness in self.witnesses.items():
            await chain.until(
                lambda known=witness: _fetched(known, mark),  # type: ignore[misc]
                f"{name} does not publish {mark}",
                WELL,
            )
        return mark

    def _count(self, key: tuple[str, str]) -> int:
        encoder, hub = key
        return self.gone[key] + self.ledgers[hub].count(encoder)

    def forget(self) -> None:
        """What has left every window and was judged."""
        tracks = [track for witness in self.witnesses.values() for track in witness.tracks.values()]
        floor = min(track.sequence for track in tracks) - 2
        for hub, ledger in self.ledgers.items():
            self.gone.update((sent.leg, hub) for sent in ledger.sent if sent.index < floor)
            ledger.sent[:] = [sent for sent in ledger.sent if sent.index >= floor]
        for track in tracks:
            self.published += sum(index < floor for index in track.bodies)
            for known in (track.listed, track.bodies):
                for index in [index for index in known if index < floor]:
                    del known[index]
        for gate in self.gates.values():
            gate.went.sent.clear()
            gate.heads.clear()


def _fetched(witness: Witness, mark: int) -> bool:
    """It has been listed in every track, and what is listed up to there has been fetched."""
    return bool(witness.tracks) and all(
        newest(track) >= mark
        and all(n in track.bodies or n > mark for n in track.listed.keys() - track.gaps)
        for track in witness.tracks.values()
    )


def _idle(told: Mapping[str, object]) -> bool:
    backlog = told["backlog"]
    assert isinstance(backlog, int)
    return told["state"] in ("streaming", "catching_up") and backlog <= 2


@asynccontextmanager
async def plant(folder: Path, seed: int) -> AsyncIterator[Plant]:
    """Build it, and start everything."""
    clip = legs.clip(folder, CLIP)
    async with AsyncExitStack() as stack:
        built = Plant({}, {}, {}, {}, {}, random.Random(seed))
        for name in (*UPSTREAMS, *HUBS):
            (folder / name).mkdir()
            settings = dict(SETTINGS)
            if name in HUBS:
                built.ledgers[name] = Ledger(CELL)
                settings["upstreams"] = {
                    upstream: {"url": f"http://127.0.0.1:{gate.port}/{CHANNEL}.isml?source={name}"}
                    async for upstream, gate in _gates(stack, built, name)
                }
            relay = built.relays[name] = RelayProcess(folder / name, {CHANNEL: settings})
            stack.callback(relay.kill)
            await asyncio.to_thread(relay.start)
            witness = Witness(f"{relay.url}/{CHANNEL}.isml", every=LOOK)
            built.witnesses[name] = await _watching(stack, witness)
        for encoder, hub in _pairs(("a", "b"), HUBS):
            proxy = Proxy(built.relays[hub].port, built.ledgers[hub], encoder)
            await stack.enter_async_context(proxy)
            (logs := folder / f"{encoder}-{hub}").mkdir()
            push = Push(clip, f"{proxy.url}/{CHANNEL}.isml/Streams(main)", encoder, logs)
            way = built.ways[encoder, hub] = Way(stack.enter_context(push), proxy)
            way.start()
        await chain.until(
            lambda: all(ledger.count("a") for ledger in built.ledgers.values()), "nothing arrives"
        )
        yield built


async def _gates(stack: AsyncExitStack, built: Plant, hub: str) -> AsyncIterator[tuple[str, Gate]]:
    for upstream in UPSTREAMS:
        gate = Gate(built.relays[upstream].port)
        built.gates[hub, upstream] = await stack.enter_async_context(gate)
        yield upstream, gate


async def _watching(stack: AsyncExitStack, witness: Witness) -> Witness:
    await stack.enter_async_context(witness.watching())
    return witness


def _pairs(ones: tuple[str, ...], others: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return ((one, other) for one in ones for other in others)

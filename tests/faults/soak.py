"""A soak: for hours, one trouble after the other, and after each the invariants.

The troubles are drawn in rounds, so that each kind comes as often as any other; a seed decides all
that is drawn. A trouble begins `every` seconds after the one before, or when that is over: two at
once are `tests.faults.pairs`' business. It is over when every encoder delivers on every way, every
relay has published what was delivered, and nothing is left to send. Then all of it is judged, and
what has left the windows is forgotten, so that an hour costs the judge no more than a minute.

Beside that, from beginning to end: DASH and Smooth players where nothing may ever be noticed, the
logs, and what every process holds.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import invariants
from tests.faults.audience import Audience
from tests.faults.ledger import Ledger
from tests.faults.plant import CELL, HUBS, LASTING, Plant, plant
from tests.faults.troubles import TROUBLES
from tests.faults.weights import Scales
from tests.faults.witness import Rendition, Witness

WEIGHED = 10.0
"""Seconds between two samples of what the processes hold."""
DRAINED = frozenset({"INGEST_DRAINING"})
"""Refusals with a 5xx that are meant."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One trouble. `began`: seconds from the start; `over`: seconds until all was well again."""

    kind: str
    detail: str
    began: float
    over: float
    broken: tuple[str, ...] = ()


@dataclass(slots=True)
class Soaked:
    """What came of it. Times in seconds."""

    seed: int
    every: float
    lasted: float = 0
    happened: list[Happened] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    delivered: int = 0
    published: int = 0
    fetched: int = 0
    logged: dict[str, int] = field(default_factory=dict)
    scales: Scales = field(default_factory=Scales)

    @property
    def faults(self) -> list[str]:
        """Everything that should not have been, as sentences."""
        found = [
            f"{one.kind} ({one.detail}): {text}" for one in self.happened for text in one.broken
        ]
        return found + self.broken


async def soak(folder: Path, seconds: float, every: float, seed: int) -> Soaked:
    """Soak for so long."""
    found = Soaked(seed, every)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        built = await stack.enter_async_context(plant(folder, seed))
        audiences = []
        for name in LASTING:
            await built.witnesses[name].until(3)
            witness = built.witnesses[name]
            audience = Audience(name, witness.point, witness)
            audiences.append(audience)
            await stack.enter_async_context(audience.playing())
        await stack.enter_async_context(_weighing(built, found, began))
        await built.well()
        kinds: list[str] = []
        while (start := time.monotonic()) < began + seconds:
            if not kinds:
                kinds = sorted(TROUBLES)
                built.rng.shuffle(kinds)
            one = await _trouble(built, kinds.pop(), start - began)
            found.happened.append(one)
            if any("not over" in text for text in one.broken):
                break  # what comes now would be judged for what was before
            await asyncio.sleep(max(0.0, start + every - time.monotonic()))
        found.lasted = time.monotonic() - began
        found.delivered = built.gone.total() + sum(len(one.sent) for one in built.ledgers.values())
        found.published = built.published + sum(
            len(track.bodies) for one in built.witnesses.values() for track in one.tracks.values()
        )
    for audience in audiences:
        found.fetched += audience.fetched
        found.broken += [f"players: {text}" for text in audience.complaints]
    for name, witness in built.witnesses.items():
        found.broken += [f"{name}: {text}" for text in witness.complaints]
    for name, relay in built.relays.items():
        text = relay.text()
        found.logged[name] = len(text)
        found.broken += [f"{name}: {line}" for line in invariants.quiet(text, DRAINED)]
    return found


async def _trouble(built: Plant, kind: str, at: float) -> Happened:
    began = time.monotonic()
    detail = ""
    broken: list[str] = []
    try:
        detail = await TROUBLES[kind](built)
        mark = await built.well()
        broken = judged(built, mark)
        built.forget()
    except (AssertionError, TimeoutError, OSError, RuntimeError) as error:
        broken.append(f"it is not over: {str(error)[:200]}")
    return Happened(kind, detail, at, time.monotonic() - began, tuple(broken))


def judged(built: Plant, mark: int) -> list[str]:
    """What must hold of every relay up to this index, and does not."""
    broken = []
    for name, witness in built.witnesses.items():
        ledger = Ledger(CELL, [sent for sent in built.ledger(name).sent if sent.index <= mark])
        seen = until(witness, mark)
        found = invariants.published(ledger, seen)
        for track, known in seen.tracks.items():
            if known.gaps:
                found.append(f"{track}: gaps: {invariants.spans(known.gaps)}")
            first = min(known.listed, default=0)
            lost = {n for n in ledger.of(track) if n >= first} - known.bodies.keys()
            if lost:
                found.append(f"I1: {track}: delivered, and not there: {invariants.spans(lost)}")
        broken += [f"{name}: {text}" for text in found]
    for hub in HUBS:
        ledger = built.ledgers[hub]
        if {sent.leg for sent in ledger.sent} != {"a", "b"}:
            broken.append(f"{hub}: only {sorted({sent.leg for sent in ledger.sent})} delivered")
    return broken


def until(witness: Witness, mark: int) -> Witness:
    """What it has seen up to an index; what it complains of, it will say at the end."""
    tracks = {
        name: Rendition(
            track.url,
            {index: listed for index, listed in track.listed.items() if index <= mark},
            {index: body for index, body in track.bodies.items() if index <= mark},
        )
        for name, track in witness.tracks.items()
    }
    return Witness(witness.point, tracks)


@asynccontextmanager
async def _weighing(built: Plant, found: Soaked, began: float) -> AsyncIterator[None]:
    async def weigh() -> None:
        while True:
            for name, relay in built.relays.items():
                await found.scales.weigh(name, relay, time.monotonic() - began)
            await asyncio.sleep(WEIGHED)

    task = asyncio.create_task(weigh())
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

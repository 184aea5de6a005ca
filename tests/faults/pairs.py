"""F42: two faults at once, on the plant of a soak: what is lost is what the oracle says, exactly.

One fault hits an encoder, the other a relay or an upstream; they begin within a second of each
other, each runs its course, and a seed decides everything that is drawn. The oracle is set
arithmetic over the ledger of a hub:

    due        an index that some encoder delivered whole, and not later than the hub's patience
               after a later index: it is published, and goes up
    late       delivered, but later than that: it may be a gap, and may be filled
    hole       delivered by nobody: it is a gap, if something behind it was delivered

and over both ledgers for an upstream, where what either hub had in time is there.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import invariants
from tests.faults.ledger import Ledger
from tests.faults.plant import CELL, HUBS, SETTINGS, Plant, plant
from tests.faults.soak import DRAINED, until
from tests.faults.troubles import TROUBLES, Trouble, encoders_killed
from tests.faults.witness import Rendition

ENCODERS = tuple(name for name in TROUBLES if name.startswith("encoder"))
OTHERS = tuple(name for name in TROUBLES if name.startswith(("hub", "upstream")))
ALL = "encoders killed"
"""The fault that leaves holes. With a hub that ends it is no pair: what lay in that one's kernel
was delivered for the ledger, and who would send it again is dead."""
ENDS = ("hub killed", "hub restarted")
FAULTS: Mapping[str, Trouble] = {**TROUBLES, ALL: encoders_killed}
SLACK = 1.5
"""Seconds by which the proxy's clock and the hub's may disagree on what was in time."""


@dataclass(slots=True)
class Paired:
    """What came of it: how many pairs, how many indexes were lost by right, and what was wrong."""

    pairs: int = 0
    delivered: int = 0
    holes: int = 0
    lasted: float = 0
    broken: list[str] = field(default_factory=list)


async def pairs(folder: Path, count: int, seed: int) -> Paired:
    """So many pairs, one after the other."""
    found = Paired()
    began = time.monotonic()
    async with plant(folder, seed) as built:
        await built.well()
        for _ in range(count):
            other = built.rng.choice(OTHERS)
            one = built.rng.choice(ENCODERS if other in ENDS else (*ENCODERS, ALL, ALL))
            told = await _pair(built, one, other, found)
            found.pairs += 1
            found.broken += [f"{one} and {other}: {text}" for text in told]
            if any("not over" in text for text in told):
                break
        found.delivered = built.gone.total() + sum(len(one.sent) for one in built.ledgers.values())
    for name, witness in built.witnesses.items():
        found.broken += [f"{name}: {text}" for text in witness.complaints]
    for name, relay in built.relays.items():
        found.broken += [f"{name}: {line}" for line in invariants.quiet(relay.text(), DRAINED)]
    found.lasted = time.monotonic() - began
    return found


async def _pair(built: Plant, one: str, other: str, found: Paired) -> list[str]:
    async def later() -> str:
        await asyncio.sleep(built.rng.random())
        return await FAULTS[other](built)

    try:
        await asyncio.gather(FAULTS[one](built), later())
        mark = await built.well()
    except (AssertionError, TimeoutError, OSError, RuntimeError) as error:
        return [f"it is not over: {str(error)[:200]}"]
    broken = judged(built, mark, found)
    built.forget()
    return broken


def judged(built: Plant, mark: int, found: Paired) -> list[str]:
    """What every relay should have up to this index, and has not; or has, and should not."""
    broken = []
    for name, witness in built.witnesses.items():
        ledger = Ledger(CELL, [sent for sent in built.ledger(name).sent if sent.index <= mark])
        seen = until(witness, mark)
        late = {track: lately(ledger, track) for track in ledger.tracks()}
        told = invariants.published(ledger, seen, forgiven=set().union(*late.values()))
        for track, known in seen.tracks.items():
            told += _lost(ledger, track, known, late[track])
            if name in HUBS:
                found.holes += len(known.gaps)
        broken += [f"{name}: {text}" for text in told]
    return broken


def lately(ledger: Ledger, track: str) -> set[int]:
    """The indexes of a track that came later than a hub waits for them."""
    patience = float(str(SETTINGS["patience"])) - SLACK
    first: Mapping[int, float] = {
        index: min(one.at for one in sent) for index, sent in ledger.of(track).items()
    }
    late = set()
    overtaken = float("inf")
    for index in sorted(first, reverse=True):
        if first[index] > overtaken + patience:
            late.add(index)
        overtaken = min(overtaken, first[index])
    return late


def _lost(ledger: Ledger, track: str, known: Rendition, late: set[int]) -> list[str]:
    indexes = sorted(known.listed)
    if not indexes:
        return [f"{track}: nothing is listed"]
    due = {index for index in ledger.of(track) if index >= indexes[0]} - late
    holes = set(ledger.holes(track, indexes[0], indexes[-1]))
    broken = []
    if lost := due - known.bodies.keys():
        broken.append(f"I1: {track}: more is lost than was: {invariants.spans(lost)}")
    if more := holes - known.gaps:
        broken.append(f"{track}: nobody delivered it, and it is no gap: {invariants.spans(more)}")
    return broken

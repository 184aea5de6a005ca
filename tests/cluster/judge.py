"""What must hold after every fault, from what two witnesses have seen of two relays.

    C1  nothing lost       every number from the first to the newest is listed and fetched, no gap
    C2  nothing changed    no line, no body, ever (the witness)
    C3  no break           no discontinuity
    C4  one set            under every number both relays serve the same bytes
    C5  one timeline       the lines of both playlists are equal, and end a fragment apart at most
    C6  no fault           no 5xx, no traceback
    C7  sent on            C1 to C3 of the receiver that they forward to
    C8  by one             in the end one of them forwards, and the other one stands by

Each check returns sentences; none is good.
"""

import asyncio
import time
from itertools import pairwise

from tests.cluster.faults import Fault
from tests.cluster.plant import Plant
from tests.faults import invariants
from tests.faults.witness import newest

APART = 30.0
"""Seconds within which both playlists have to be seen ending a fragment apart at most."""


async def suffered(built: Plant, fault: Fault) -> list[str]:
    """A fault, and what was broken when it is over."""
    try:
        await fault(built)
        mark = await built.well()
        await built.sender()  # C8
        return await judged(built, mark)
    except (AssertionError, TimeoutError, OSError, RuntimeError) as error:
        return [f"it is not over: {str(error)[:300]}"]


async def judged(built: Plant, mark: int) -> list[str]:
    """All of it, up to an index that both have published."""
    broken: list[str] = []
    for name, witness in {**built.witnesses, "C7 up": built.up}.items():
        broken += [f"C2: {name}: {text}" for text in witness.complaints]
        witness.complaints.clear()
        for track, known in witness.tracks.items():
            indexes = range(min(known.listed), mark + 1)
            unseen = [n for n in indexes if n not in known.listed]
            gaps = [n for n in indexes if n in known.gaps]
            breaks = [n for n in indexes if n in known.listed and known.listed[n].broken]
            if unseen or gaps:
                lost = invariants.spans([*unseen, *gaps])
                broken.append(f"C1: {name}: {track}: lost or a gap: {lost}")
            if breaks:
                broken.append(f"C3: {name}: {track}: discontinuity at {breaks}")
    one, two = built.witnesses.values()
    for track in one.tracks:
        mine, theirs = one.tracks[track], two.tracks[track]
        both = sorted(n for n in mine.bodies.keys() & theirs.bodies.keys() if n <= mark)
        unlike = [n for n in both if mine.bodies[n] != theirs.bodies[n]]
        if unlike:
            broken.append(f"C4: {track}: other bytes: {invariants.spans(unlike)}")
        lines = [n for n in both if mine.listed[n] != theirs.listed[n]]
        if lines:
            broken.append(f"C5: {track}: other lines: {invariants.spans(lines)}")
    deadline = time.monotonic() + APART
    while max(built.edges()) - min(built.edges()) > 1:
        if time.monotonic() > deadline:
            broken.append(f"C5: they end at {built.edges()}")
            break
        await asyncio.sleep(0.1)
    for name, relay in built.relays.items():
        broken += [f"C6: {name}: {line}" for line in invariants.quiet(relay.text())]
    return broken


def count(built: Plant) -> int:
    """How many segments were fetched, of both relays."""
    return sum(len(t.bodies) for w in built.witnesses.values() for t in w.tracks.values())


def pauses(built: Plant) -> list[float]:
    """Seconds between the last fragment that one relay has sent up and the first of the next."""
    sent = built.went.sent
    return [then.at - once.at for once, then in pairwise(sent) if once.leg != then.leg]


def reach(built: Plant) -> int:
    """The newest index of all."""
    return max(newest(t) for w in built.witnesses.values() for t in w.tracks.values())

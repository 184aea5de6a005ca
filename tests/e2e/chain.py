"""A relay and those that it forwards to: what each has, and what has to hold between them.

`snapshots` are what they serve of the indexes that every track of the hub has; `broken` compares
them: an upstream has every fragment that the hub has, no other, each once, in the hub's bytes,
joined without a break.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from urllib.request import urlopen

from relay.uplink.attempt import State
from tests.e2e import served
from tests.e2e.relay_process import RelayProcess
from tests.e2e.served import Served

CHANNEL = "news"
LIMIT = 90.0
"""Seconds within which anything has to happen, on the busiest machine."""

Snapshot = Mapping[str, Served]


def status(relay: RelayProcess) -> dict[str, Any]:
    """What `/api/v1/status` says of the channel."""
    with urlopen(f"{relay.admin_url}/api/v1/status", timeout=30) as answer:
        told: dict[str, Any] = json.load(answer)["channels"][CHANNEL]
        return told


def newest(relay: RelayProcess) -> int:
    """The newest index that every track has; 0 before there is one."""
    return min((track["last"] or 0 for track in status(relay)["tracks"]), default=0)


async def until(condition: Callable[[], object], what: str) -> None:
    """Ask, in a thread, until it holds. AssertionError after `LIMIT`."""
    deadline = time.monotonic() + LIMIT
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


async def snapshots(hub: RelayProcess, *upstreams: RelayProcess) -> list[Snapshot]:
    """What all of them have, the hub first, of what every track of the hub has by now."""
    mark = await asyncio.to_thread(newest, hub)
    everyone = (hub, *upstreams)
    await until(lambda: min(map(newest, everyone)) >= mark, "an upstream does not get all")
    return [await asyncio.to_thread(_snapshot, one, mark) for one in everyone]


def _snapshot(relay: RelayProcess, last: int) -> Snapshot:
    found = served.channel(relay.url, CHANNEL)
    return {
        name: replace(
            track,
            segments={i: body for i, body in track.segments.items() if i <= last},
            gaps=frozenset(i for i in track.gaps if i <= last),
        )
        for name, track in found.items()
    }


Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to an upstream, how it ends, and the word that the hub has for it meanwhile.

    `misses`: how many fragments of each track come meanwhile.
    """

    word: State
    begin: Act
    end: Act
    misses: int = 1


@dataclass(slots=True)
class Trouble:
    """What the hub said of an upstream in trouble. `missed`: fragments, when it was over."""

    reasons: set[str]
    missed: int = 0


async def trouble(hub: RelayProcess, name: str, upstream: RelayProcess, fault: Fault) -> Trouble:
    """Let it happen, until the hub has its word for it and `misses` fragments have come.

    Then let it end, and wait until the upstream has all that the hub had.
    """
    found = Trouble(set())
    await fault.begin()
    mark = await asyncio.to_thread(newest, hub)
    words = set()

    def noticed() -> bool:
        told = status(hub)["upstreams"][name]
        if told["failing"]:
            words.add(told["state"])
            found.reasons.add(told["reason"])
        return fault.word in words and newest(hub) >= mark + fault.misses

    await until(noticed, f"{name} is not {fault.word}: {words}")
    mark = await asyncio.to_thread(newest, hub)
    found.missed = await asyncio.to_thread(lambda: status(hub)["upstreams"][name]["backlog"])
    await fault.end()
    await until(lambda: newest(upstream) >= mark, f"{name} does not catch up")
    return found


async def settled(hub: RelayProcess, name: str) -> None:
    """Wait until the hub has forgotten the trouble: its next wait is a short one again."""
    await until(lambda: not status(hub)["upstreams"][name]["failing"], f"{name} does not settle")


def broken(hub: Snapshot, **upstreams: Snapshot) -> list[str]:
    """What of the ledger does not hold, in sentences; none is good."""
    found = [f"hub: {text}" for text in unsound(hub)]
    for name, theirs in upstreams.items():
        if theirs.keys() != hub.keys():
            found.append(f"{name}: tracks {sorted(theirs)} instead of {sorted(hub)}")
            continue
        found += [f"{name}: {text}" for text in unsound(theirs)]
        for track, ours in hub.items():
            lost = ours.segments.keys() - theirs[track].segments.keys()
            more = theirs[track].segments.keys() - ours.segments.keys()
            unlike = [
                i for i, body in theirs[track].segments.items() if ours.segments.get(i) != body
            ]
            found += [f"{name}: {track}: lost: {sorted(lost)}"] * bool(lost)
            found += [f"{name}: {track}: nobody sent: {sorted(more)}"] * bool(more)
            found += [f"{name}: {track}: other bytes: {sorted(unlike)}"] * bool(unlike)
            if ours.init != theirs[track].init:
                found.append(f"{name}: {track}: another init segment")
    return found


def unsound(tracks: Snapshot) -> list[str]:
    """What is wrong with a timeline by itself: holes, gaps, breaks, something twice."""
    found = []
    for name, track in tracks.items():
        indexes = track.indexes
        if not track.segments or indexes != list(range(indexes[0], indexes[-1] + 1)):
            found.append(f"{name}: indexes {indexes}")
        if track.gaps:
            found.append(f"{name}: gaps {sorted(track.gaps)}")
        if "#EXT-X-DISCONTINUITY\n" in track.playlist:
            found.append(f"{name}: a discontinuity")
        fragments = track.fragments()
        apart = [late.time for early, late in pairwise(fragments) if late.time != early.end]
        if apart or len(fragments) != len(track.segments):
            found.append(f"{name}: {len(fragments)} fragments, of which do not join: {apart}")
    return found

"""A hub and the relays that it forwards to, all processes: what each has, and how it stands.

The ledger is that of the encoders: what one of them has delivered whole to the hub must be in the
hub's window and in each upstream's, once, as it was sent. Nothing that the hub says of itself is
believed in this; it is asked for how its upstreams stand only to know when to look.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from tests.e2e.relay_process import RelayProcess
from tests.faults import invariants
from tests.faults.ledger import Ledger
from tests.faults.witness import Witness

LIMIT = 90.0
"""Seconds within which anything that is waited for has to happen, on the busiest machine."""


async def status(relay: RelayProcess) -> Mapping[str, Any]:
    """What a relay says of its channels, by name."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
        session.get(f"{relay.admin_url}/api/v1/status") as answer,
    ):
        told: Mapping[str, Any] = (await answer.json())["channels"]
        return told


async def upstream(hub: RelayProcess, channel: str, name: str) -> Mapping[str, Any]:
    """How one upstream of a channel stands."""
    found: Mapping[str, Any] = (await status(hub))[channel]["upstreams"][name]
    return found


async def until(condition: Callable[[], bool], what: str, limit: float = LIMIT) -> None:
    """Until it holds. TimeoutError tells `what` was waited for."""
    try:
        async with asyncio.timeout(limit):
            while not condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(what) from None


async def stands(
    hub: RelayProcess,
    channel: str,
    name: str,
    condition: Callable[[Mapping[str, Any]], bool],
    limit: float = LIMIT,
) -> Mapping[str, Any]:
    """How an upstream stands, once the condition holds of that."""
    told: Mapping[str, Any] = {}
    try:
        async with asyncio.timeout(limit):
            while not condition(told := await upstream(hub, channel, name)):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise TimeoutError(f"{channel} to {name} stands otherwise: {told}") from None
    return told


def arrived(ledger: Ledger, witness: Witness) -> list[str]:
    """What must hold of an upstream: it has all that was delivered, once, and no more.

    Sentences, as of the other invariants.
    """
    broken = invariants.published(ledger, witness)
    for track in ledger.tracks():
        if lost := missing(ledger, witness, track):
            broken.append(f"I1: {track}: lost on its way up: {invariants.spans(lost)}")
    return broken


def missing(ledger: Ledger, witness: Witness, track: str) -> set[int]:
    """The indexes of a track that were delivered and are not there."""
    known = witness.tracks.get(track)
    return ledger.of(track).keys() - (known.bodies.keys() if known else set())


async def seen(relay: RelayProcess, channel: str, ledger: Ledger) -> Witness:
    """All that a relay has of a channel, once it has the newest that was delivered.

    That has a limit; what is not there then, `arrived` will tell.
    """
    witness = Witness(f"{relay.url}/{channel}.isml", every=1, twice=False)
    last = min(max(ledger.of(track)) for track in ledger.tracks())
    async with witness.watching():
        with contextlib.suppress(TimeoutError):
            await witness.past(last)
    return witness


def lines(relay: RelayProcess, channel: str) -> list[dict[str, Any]]:
    """The log's lines of a channel so far."""
    said = [json.loads(line) for line in relay.text().splitlines() if line[:1] == "{"]
    return [line for line in said if line.get("channel") == channel]

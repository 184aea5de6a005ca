"""What happens in each climb of `test_upstreams`: F20 to F25 and F27, as short as they can be.

Statuses are those of the fault matrix. What an upstream may be told, and when it is tried again, is
decided in `relay.uplink.attempt`; here only the outside of that is looked at.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults import chain
from tests.faults.climb import Act, Climb, Way
from tests.faults.gate import Gate, Says

REFUSED = (400, 401, 403, 404, 412, 415)
RETRIED = (429, 500, 502, 503)
COME_AGAIN = 3
"""Seconds of the Retry-After of a 429 and a 503."""
_COME_AGAIN = f"Retry-After: {COME_AGAIN}\r\n"
BEHIND = 9_000
"""Bytes of a body behind which an early answer comes: in the middle of the first fragments."""
EARLY = {
    "a403": Says(403, BEHIND, "hold"),
    "a200": Says(200, BEHIND, "hold"),
    "a307": Says(307, BEHIND, "close", "Location: http://127.0.0.1:9/x.isml\r\n"),
    "reset": Says(0, BEHIND, "reset"),
}
TENTH = 2_400
"""Bytes a second, a tenth of what the encoder sends."""


def failing(told: Mapping[str, Any]) -> bool:
    return told["state"] in ("retrying", "refused")


async def down(climb: Climb) -> None:
    """F20: nobody listens for a while; then a black hole."""
    gate = climb.gates["eu"]
    await climb.well("eu")
    gate.shut()
    climb.seen["refused"] = await climb.stands("eu", lambda one: "refused" in one["reason"])
    await climb.delivers(20)
    await gate.reopen()
    await climb.well("eu")
    gate.stall()
    climb.seen["hole"] = await climb.stands("eu", failing)
    await climb.delivers(12)
    gate.flow()
    await climb.well("eu")
    await climb.delivers(4)


async def statuses(climb: Climb) -> None:
    """F22, F23: every status, until each has been tried again; meanwhile the secret changes."""

    async def tried(name: str, gate: Gate) -> None:
        status = int(name[1:])
        gate.says = Says(status, headers=_COME_AGAIN if status in (429, 503) else "")
        before = len(gate.tries)
        gate.reset()
        told = await climb.stands(name, lambda one: one["reason"].startswith(f"{status} "))
        await chain.until(lambda: len(gate.tries) >= before + 2, f"{name} is tried twice")
        first, second = gate.tries[before : before + 2]
        climb.seen[name] = told["state"], second - first

    await asyncio.gather(*(tried(name, gate) for name, gate in climb.gates.items()))
    secret(climb.folder).write_text("second")
    for gate in climb.gates.values():
        gate.flow()
    await climb.well(*climb.gates)


async def early(climb: Climb) -> None:
    """F25: an answer, or a reset, in the middle of a body, twice; then it is mended."""

    async def answered(name: str, gate: Gate) -> None:
        gate.says = EARLY[name]
        gate.reset()
        took = []
        for count in (1, 2):
            await chain.until(lambda: len(gate.answered) >= count, f"{name} answers")  # noqa: B023
            told = await climb.stands(name, failing)
            took.append(climb.now - gate.answered[count - 1])
        climb.seen[name] = told["reason"], min(took)
        gate.flow()
        await climb.well(name)

    await asyncio.gather(*(answered(name, gate) for name, gate in climb.gates.items()))


async def slow(climb: Climb) -> None:
    """F24: a tenth of the rate, then none at all."""
    gate = climb.gates["eu"]
    await climb.well("eu")
    gate.rate = TENTH
    climb.seen["slow"] = await climb.stands("eu", lambda one: one["backlog"] > 8)
    gate.rate = 0
    await climb.well("eu")
    gate.stall()
    began = climb.now
    climb.seen["hung"] = await climb.stands("eu", failing)
    climb.seen["after"] = climb.now - began
    gate.reset()
    gate.flow()
    await climb.well("eu")


def flapping(times: int, each: int) -> Act:
    """F27: gone and there again, so many times, for so many fragments of the encoder each."""

    async def flap(climb: Climb) -> None:
        gate = climb.gates["eu"]
        await climb.well("eu")
        began = climb.now
        for _ in range(times):
            gate.shut()
            await climb.delivers(each)
            await gate.reopen()
            await climb.delivers(each)
        await climb.well("eu")
        climb.seen["lasted"] = climb.now - began

    return flap


async def backup(climb: Climb) -> None:
    """F27: the principal is away for longer than its backup waits."""
    gate = climb.gates["eu"]
    await climb.well("eu")
    climb.seen["from"] = max(sent.index for sent in climb.channel.ledger.sent)
    gate.shut()
    await climb.stands("ap", lambda one: one["state"] == "streaming")
    await climb.delivers(6)
    climb.seen["to"] = max(sent.index for sent in climb.channel.ledger.sent) - 4
    await gate.reopen()
    await climb.well("eu")


async def overrun(climb: Climb) -> None:
    """F21: away for longer than the window is."""
    gate = climb.gates["eu"]
    await climb.well("eu")
    gate.shut()
    await climb.delivers(70)
    await gate.reopen()
    await climb.well("eu")
    await climb.delivers(4)
    lost = (await climb.stands("eu", lambda one: one["lost"] > 0))["lost"]
    await chain.until(lambda: sum(told_lost(climb)) >= lost, "all that was lost is told")


def told_lost(climb: Climb) -> list[int]:
    """The counts in the lines that tell of losses, which come some seconds apart."""
    lines = chain.lines(climb.hub, climb.name)
    return [line["count"] for line in lines if line.get("code") == "UPSTREAM_LOST"]


def ways(folder: Path) -> Mapping[str, Way]:
    """All of them. `folder`: where the secret is kept that the upstream `s403` gets to see."""
    secret(folder).write_text("first")
    answers: dict[str, Mapping[str, object]] = {f"s{at}": {} for at in (*REFUSED, *RETRIED)}
    answers["s403"] = {"token_file": str(secret(folder))}
    return {
        "down": Way(down, {"eu": {}}),
        "statuses": Way(statuses, answers),
        "early": Way(early, {name: {} for name in EARLY}),
        "slow": Way(slow, {"eu": {}}),
        "flapping": Way(flapping(4, 4), {"eu": {}}),
        "backup": Way(backup, {"eu": {}, "ap": {"backup_of": "eu"}}),
        "overrun": Way(overrun, {"eu": {}}, {"dvr_window": 10}),
    }


def secret(folder: Path) -> Path:
    """The file of the credentials."""
    return folder / "token"

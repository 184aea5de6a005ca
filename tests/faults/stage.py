"""Many scenes at once: each has a channel of one relay to itself, and all are played side by side.

A scene breaks something, waits until the relay has shown what it makes of that, and returns; its
channel's ledger, witness, verdicts and log lines are then judged by the tests. What goes wrong in a
scene fails the tests that ask for it, and no other.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.faults import legs
from tests.faults.legs import Channel

LIMIT = 90.0
"""Seconds within which anything that a scene waits for has to happen, on the busiest machine."""
SETTLED = frozenset(("won", "duplicate", "late", "partial", "suspect", "fill"))
"""Verdicts that are final: each whole fragment gets one of them, and once."""


@dataclass(slots=True)
class Scene:
    """A channel while it is played on."""

    channel: Channel
    made: Stamper
    relay: RelayProcess
    clip: Path
    folder: Path
    seen: dict[str, Any] = field(default_factory=dict)

    async def waits(self, condition: Callable[[], bool], what: str) -> None:
        """Until it holds. TimeoutError tells `what` was waited for."""
        try:
            async with asyncio.timeout(LIMIT):
                while not condition():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(f"{self.channel.name}: {what}") from None

    async def delivers(self, leg: str, count: int) -> None:
        """Wait until a leg has delivered so many more."""
        before = self.channel.ledger.count(leg)
        await self.waits(
            lambda: self.channel.ledger.count(leg) >= before + count, f"{leg} delivers {count}"
        )

    def lines(self) -> list[dict[str, Any]]:
        """The log's lines of this channel so far."""
        name = self.channel.name
        lines = [json.loads(line) for line in self.relay.text().splitlines() if line[:1] == "{"]
        return [
            line
            for line in lines
            if line.get("channel") == name or f"/{name}.isml" in line.get("path", "")
        ]

    def codes(self) -> Counter[str]:
        """How often each code word stands in them."""
        return Counter(line["code"] for line in self.lines() if "code" in line)


@dataclass(slots=True)
class Show:
    """What a scene has left. `verdicts` by (source, verdict), over all tracks."""

    scene: Scene
    verdicts: Counter[tuple[str, str]]
    gaps: Mapping[str, int]
    error: BaseException | None = None

    def settled(self, source: str) -> int:
        """How many fragments of a source have got their verdict."""
        return sum(
            count
            for (name, verdict), count in self.verdicts.items()
            if name == source and verdict in SETTLED
        )

    def of(self, source: str, verdict: str) -> int:
        return self.verdicts[source, verdict]


Play = Callable[[Scene], Awaitable[None]]


async def play(
    relay: RelayProcess,
    plays: Mapping[str, Play],
    made: Stamper,
    clip: Path,
    folder: Path,
) -> dict[str, Show]:
    """Play all scenes at once, each on the channel of its name."""
    scenes = {
        name: Scene(Channel.of(name, relay.port), made, relay, clip, folder) for name in plays
    }
    ends = await asyncio.gather(
        *(plays[name](scene) for name, scene in scenes.items()), return_exceptions=True
    )
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{relay.admin_url}/api/v1/status") as answer,
    ):
        told = (await answer.json())["channels"]
    shows = {}
    for (name, scene), end in zip(scenes.items(), ends, strict=True):
        verdicts: Counter[tuple[str, str]] = Counter()
        for source, stands in told[name]["sources"].items():
            for counts in stands["tracks"].values():
                verdicts.update({(source, verdict): counts[verdict] for verdict in SETTLED})
        gaps = {track["name"]: track["gaps"] for track in told[name]["tracks"]}
        error = end if isinstance(end, BaseException) else None
        shows[name] = Show(scene, verdicts, gaps, error)
    return shows


def settings(plays: Mapping[str, Play], more: Mapping[str, Mapping[str, object]]) -> dict[str, Any]:
    """The channels of these scenes, as a relay is configured. `more`: by scene."""
    return {name: {**legs.SETTINGS, **more.get(name, {})} for name in plays}

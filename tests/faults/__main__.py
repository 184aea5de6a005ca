"""The long run: `python -m tests.faults --kills 100 --seed 7`, and its figures.

Encoders are killed on several channels of one relay at once, then relays on several stores at once;
so many kills of each in all. The exit code is 1 when anything was lost, twice, or changed.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.e2e.relay_process import RelayProcess
from tests.faults import invariants, kills, legs
from tests.faults.kills import Outcome
from tests.faults.legs import Channel


async def encoders(folder: Path, count: int, seed: int, channels: int) -> Outcome:
    """`count` kills of encoders, spread over so many channels of one relay."""
    clip = legs.clip(folder)
    names = [f"news{at}" for at in range(channels)]
    total = Outcome()
    with RelayProcess(_made(folder / "one"), dict.fromkeys(names, legs.SETTINGS)) as relay:
        found = await asyncio.gather(
            *(
                kills.encoders(
                    Channel.of(name, relay.port), clip, _made(folder / name), share, seed + at
                )
                for at, (name, share) in enumerate(
                    zip(names, _shares(count, channels), strict=True)
                )
            )
        )
        for outcome in found:
            total.add(outcome)
        total.broken += invariants.quiet(relay.text())
    return total


async def relays(folder: Path, count: int, seed: int, processes: int) -> Outcome:
    """`count` kills of relays, spread over so many that run side by side."""
    made = legs.stamper(legs.clip(folder))
    total = Outcome()
    with ExitStack() as stack:
        running = [
            stack.enter_context(RelayProcess(_made(folder / f"relay{at}"), {"news": legs.SETTINGS}))
            for at in range(processes)
        ]
        found = await asyncio.gather(
            *(
                kills.relay(relay, Channel.of("news", relay.port), made, share, seed + at)
                for at, (relay, share) in enumerate(
                    zip(running, _shares(count, processes), strict=True)
                )
            )
        )
        for outcome in found:
            total.add(outcome)
        for relay in running:
            total.broken += invariants.quiet(relay.text())
    return total


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _shares(count: int, parts: int) -> Sequence[int]:
    return [count // parts + (at < count % parts) for at in range(parts)]


def main() -> int:
    """Run it and tell."""
    asked = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    asked.add_argument("--kills", type=int, default=100, help="of encoders, and as many of relays")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked.add_argument("--parallel", type=int, default=3, help="channels, and relays, at once")
    said = asked.parse_args()
    good = True
    for what, story in (("encoder", encoders), ("relay", relays)):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(story(Path(folder), said.kills, said.seed, said.parallel))
        good = good and not found.broken
        print(
            f"{what}: {found.kills} kills at random bytes, seed {said.seed}:"
            f" {found.delivered} fragments delivered, {found.published} published,"
            f" {len(found.broken)} faults, {time.monotonic() - began:.0f} s"
        )
        if found.starts:
            print(f"  ready again after {max(found.starts):.2f} s at most")
        for sentence in found.broken:
            print(f"  {sentence}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

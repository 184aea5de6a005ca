"""The long runs, and their figures.

    --kills 100 --seed 7         encoders are killed on several channels of one relay at once, then
                                 relays on several stores at once; so many kills of each in all
    --cuts 50 --seed 7           a slow link to an upstream is cut at random moments
    --outage 600 --channels 8    one of two upstreams is away for so many seconds
    --pairs 20 --seed 7          two faults at once, so many times
    --soak 1 --every 30          for so many hours, a trouble each 30 s; leaves build/soak.md

The exit code is 1 when anything was lost, twice, or changed.
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
from tests.faults import cuts, invariants, kills, legs, outage, pairs, soak, soak_report
from tests.faults.kills import Outcome
from tests.faults.legs import Channel

REPORT = Path("build/soak.md")


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


def kill(count: int, seed: int, parallel: int) -> bool:
    """Kill encoders, then relays, and tell; whether all went well."""
    good = True
    for what, story in (("encoder", encoders), ("relay", relays)):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(story(Path(folder), count, seed, parallel))
        good = good and not found.broken
        print(
            f"{what}: {found.kills} kills at random bytes, seed {seed}:"
            f" {found.delivered} fragments delivered, {found.published} published,"
            f" {len(found.broken)} faults, {time.monotonic() - began:.0f} s"
        )
        if found.starts:
            print(f"  ready again after {max(found.starts):.2f} s at most")
        for sentence in found.broken:
            print(f"  {sentence}")
    return good


def cut(count: int, seed: int, parallel: int) -> bool:
    """Cut a slow link, and tell; whether all went well."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(cuts.cuts(Path(folder), count, seed, parallel))
    print(
        f"cuts: {found.kills} of a slow link, seed {seed}: {found.delivered} fragments delivered,"
        f" {found.published} published upstream, {len(found.broken)} faults,"
        f" {time.monotonic() - began:.0f} s"
    )
    for sentence in found.broken:
        print(f"  {sentence}")
    return not found.broken


def away(seconds: float, channels: int) -> bool:
    """Take one of two upstreams away, and tell; whether all went well."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(outage.outage(Path(folder), seconds, channels))
    broken = found.broken + found.slow()
    print(
        f"outage: {channels} channels, one of two upstreams away for {seconds:.0f} s:"
        f" {found.delivered} fragments delivered, {len(broken)} faults,"
        f" {time.monotonic() - began:.0f} s"
    )
    print(
        f"  {found.missed:.0f} s were left to send, and sent in {found.lasted:.1f} s:"
        f" {found.speed:.1f} x real time; the other upstream was {found.lag:.1f} s behind at most"
    )
    print(f"  memory in MB, before, behind, at the end: {found.memory}")
    for sentence in broken:
        print(f"  {sentence}")
    return not broken


def paired(count: int, seed: int) -> bool:
    """Two faults at once, and tell; whether all went well."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(pairs.pairs(Path(folder), count, seed))
    print(
        f"pairs: {found.pairs} of two faults at once, seed {seed}: {found.delivered} fragments"
        f" delivered, {found.holes} holes as the oracle says, {len(found.broken)} faults,"
        f" {found.lasted:.0f} s"
    )
    for sentence in found.broken:
        print(f"  {sentence}")
    return not found.broken


def soaked(hours: float, every: float, seed: int) -> bool:
    """Soak, and leave a report; whether all went well."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(soak.soak(Path(folder), hours * 3600, every, seed))
    told = soak_report.report(found)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(told)
    print(told)
    return not found.faults + soak_report.leaks(found)


def main() -> int:
    """Run what was asked for, and tell."""
    asked = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("--kills", type=int, default=0, help="of encoders, and as many of relays")
    asked.add_argument("--parallel", type=int, default=3, help="channels, and relays, at once")
    asked.add_argument("--cuts", type=int, default=0, help="of a slow link")
    asked.add_argument("--outage", type=float, default=0, help="seconds that an upstream is away")
    asked.add_argument("--channels", type=int, default=8, help="of the outage")
    asked.add_argument("--pairs", type=int, default=0, help="of two faults at once")
    asked.add_argument("--soak", type=float, default=0, help="hours of one trouble after another")
    asked.add_argument("--every", type=float, default=30, help="seconds between two troubles")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    said = asked.parse_args()
    good = []
    if said.kills:
        good.append(kill(said.kills, said.seed, said.parallel))
    if said.cuts:
        good.append(cut(said.cuts, said.seed, said.parallel))
    if said.outage:
        good.append(away(said.outage, said.channels))
    if said.pairs:
        good.append(paired(said.pairs, said.seed))
    if said.soak:
        good.append(soaked(said.soak, said.every, said.seed))
    if not good:
        asked.error("say what is to be run")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

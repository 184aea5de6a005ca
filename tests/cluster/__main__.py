"""Faults in a cluster, one after the other, drawn by a seed.

    python -m tests.cluster --runs 50 --seed 7 [--only "leader killed"]

The exit code is 1 when anything was lost, twice, or changed.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.cluster import judge
from tests.cluster.faults import FAULTS
from tests.cluster.plant import plant


async def run(folder: Path, runs: int, seed: int, only: str = "") -> list[str]:
    """So many faults; what was broken."""
    broken: list[str] = []
    async with plant(folder, seed) as built:
        names = [only] if only else [n for n in FAULTS if built.lines or n != "relay cut off"]
        for at in range(runs):
            if at % len(names) == 0:
                built.rng.shuffle(names)  # each as often as the others
            name = names[at % len(names)]
            began = time.monotonic()
            told = await judge.suffered(built, FAULTS[name])
            seconds = time.monotonic() - began
            print(
                f"{at + 1:3}  {name:24} {seconds:5.1f} s  {'; '.join(told) or 'well'}", flush=True
            )
            broken += [f"run {at + 1}, {name}: {text}" for text in told]
            if any("not over" in text for text in told):
                break
        print(f"{judge.count(built)} segments were fetched from two relays")
        if pauses := judge.pauses(built):
            print(f"{len(pauses)} turns to forward, after {max(pauses):.1f} s at most")
    return broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", choices=["", *FAULTS])
    parser.add_argument("--keep", type=Path, help="leave logs and stores there")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cluster-") as made:
        folder = said.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        broken = asyncio.run(run(folder, said.runs, said.seed, said.only))
    for line in broken:
        print(line)
    print(f"seed {said.seed}: {'BROKEN' if broken else 'nothing was lost, twice, or changed'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

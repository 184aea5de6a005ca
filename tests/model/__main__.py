"""`python -m tests.model --schedules 200000 [--seed 7]`: other schedules than the tests try.

It prints the seed first. A failing schedule is printed as calls of the machine, ready to become a
regression test; to make it short takes minutes, which `--no-shrink` saves.

The same seed gives the same schedules on every machine, as long as the sources are the same:
Hypothesis mixes in constants that it finds in the modules of a project that happen to be loaded.
"""

import argparse
import random
import time

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Relay

LOT = 2_000
"""Schedules to a seed: a failure is found again by running its lot alone."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.model")
    parser.add_argument("--schedules", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--shrink", action=argparse.BooleanOptionalAction, default=True)
    asked = parser.parse_args()
    phases = [Phase.generate, *([Phase.shrink, Phase.explain] if asked.shrink else [])]
    began = time.monotonic()
    for lot in range(-(-asked.schedules // LOT)):
        number = asked.seed + lot
        count = min(LOT, asked.schedules - lot * LOT)
        print(f"seed {number}: {count} schedules", flush=True)  # noqa: T201
        schedules = settings(
            max_examples=count,
            stateful_step_count=asked.steps,
            database=None,
            deadline=None,
            phases=phases,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(seed(number)(Relay), settings=schedules)
    print(f"{asked.schedules} schedules in {time.monotonic() - began:.0f} s: nothing was broken")  # noqa: T201


if __name__ == "__main__":
    main()

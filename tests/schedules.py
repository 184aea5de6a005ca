"""`python -m tests.model`, `python -m tests.uplink`: schedules that the tests do not try.

It prints the seed first. A failing schedule is printed as calls of the machine, ready to become a
regression test; to make it short takes minutes, which `--no-shrink` saves.

The same seed gives the same schedules on every machine, as long as the sources are the same:
Hypothesis mixes in constants that it finds in the modules of a project that happen to be loaded.
"""

import argparse
import random
import time

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

LOT = 2_000
"""Schedules to a seed: a failure is found again by running its lot alone."""


def tried(name: str, steps: int, *machines: type[RuleBasedStateMachine]) -> None:
    """Try as many schedules as the command line says, of each machine. `steps`: unless it says."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}")
    parser.add_argument("--schedules", type=int, default=20_000, help="of each machine")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--shrink", action=argparse.BooleanOptionalAction, default=True)
    asked = parser.parse_args()
    phases = [Phase.generate, *([Phase.shrink, Phase.explain] if asked.shrink else [])]
    began = time.monotonic()
    for lot in range(-(-asked.schedules // LOT)):
        number, count = asked.seed + lot, min(LOT, asked.schedules - lot * LOT)
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
        for machine in machines:
            run_state_machine_as_test(seed(number)(machine), settings=schedules)
    print(f"{asked.schedules} schedules in {time.monotonic() - began:.0f} s: nothing was broken")  # noqa: T201

"""`python -m tests.uplink --schedules 20000 [--seed 7]`: other schedules than the tests try.

It prints the seed first. A failing schedule is printed as calls of the machine, ready to become a
regression test.
"""

import argparse
import random
import time

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.uplink.machine import Forwarding
from tests.uplink.signalling import Signalling

LOT = 1_000
MACHINES: tuple[type[RuleBasedStateMachine], ...] = (Forwarding, Signalling)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.uplink")
    parser.add_argument("--schedules", type=int, default=20_000, help="of each machine")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--shrink", action=argparse.BooleanOptionalAction, default=False)
    asked = parser.parse_args()
    phases = [Phase.generate, *([Phase.shrink] if asked.shrink else [])]
    began = time.monotonic()
    for lot in range(-(-asked.schedules // LOT)):
        number, count = asked.seed + lot, min(LOT, asked.schedules - lot * LOT)
        print(f"seed {number}: {count} schedules of each", flush=True)  # noqa: T201
        schedules = settings(
            max_examples=count,
            stateful_step_count=asked.steps,
            database=None,
            deadline=None,
            phases=phases,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        for machine in MACHINES:
            run_state_machine_as_test(seed(number)(machine), settings=schedules)
    print(f"{asked.schedules} schedules in {time.monotonic() - began:.0f} s: nothing was broken")  # noqa: T201


if __name__ == "__main__":
    main()

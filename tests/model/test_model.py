"""Schedules of all that may happen to a channel, the same ones on every run.

`python -m tests.model --schedules 200000` tries others.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Relay

SCHEDULES = settings(
    max_examples=2_000,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.requirement("RED-2a", "RED-2b", "RED-2c")
@pytest.mark.timeout(600)
def test_no_schedule_breaks_what_must_hold() -> None:
    run_state_machine_as_test(Relay, settings=SCHEDULES)

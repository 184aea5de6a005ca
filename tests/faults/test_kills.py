"""F01, F29: kill -9 of an encoder, and of the relay, at a random byte; ten times each.

`python -m tests.faults --kills 100` does the same a hundred times. `FAULTS_SEED` repeats a run.
"""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.faults.__main__ import encoders, relays

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

KILLS = 10
PARALLEL = 3


def _seed() -> int:
    seed = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"\nFAULTS_SEED={seed}")  # noqa: T201 - to repeat it
    return seed


@pytest.mark.fault("F01")
def test_encoders_that_are_killed_cost_nothing_while_another_goes_on(tmp_path: Path) -> None:
    found = asyncio.run(encoders(tmp_path, KILLS, _seed(), PARALLEL))
    assert found.broken == []
    assert found.kills == KILLS
    assert found.published > 30


@pytest.mark.fault("F29")
def test_a_relay_that_is_killed_loses_and_repeats_and_changes_nothing(tmp_path: Path) -> None:
    found = asyncio.run(relays(tmp_path, KILLS, _seed(), PARALLEL))
    assert found.broken == []
    assert found.kills == len(found.starts) == KILLS
    assert found.published > 30

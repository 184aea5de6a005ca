"""F20, F24: a slow link that is cut at random moments, and an upstream that is away for a while.

`python -m tests.faults --cuts 50` and `--outage 600 --channels 8` do the same for longer.
`FAULTS_SEED` repeats a run.
"""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.faults.cuts import cuts
from tests.faults.outage import outage

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CUTS = 4


@pytest.mark.fault("F24", "F25")
def test_a_slow_link_that_is_cut_loses_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"\nFAULTS_SEED={seed}")  # noqa: T201 - to repeat it
    found = asyncio.run(cuts(tmp_path, CUTS, seed, CUTS, longest=3))
    assert found.broken == []
    assert found.kills == CUTS
    assert found.published >= CUTS


@pytest.mark.long
@pytest.mark.fault("F20")
def test_what_an_upstream_missed_goes_up_faster_than_it_plays(tmp_path: Path) -> None:
    found = asyncio.run(outage(tmp_path, 30, 3))
    assert found.broken + found.slow() == []
    assert found.missed > 30

"""F20: an upstream that is away for a while. `--outage 600 --channels 8` does it for longer."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.outage import outage

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.mark.long
@pytest.mark.fault("F20")
def test_what_an_upstream_missed_goes_up_faster_than_it_plays(tmp_path: Path) -> None:
    found = asyncio.run(outage(tmp_path, 30, 3))
    assert found.broken + found.slow() == []
    assert found.missed > 30

"""Schedules of all that may happen to a channel, the same ones on every run.

They run in a Python of their own: which schedules a seed stands for depends on what else is loaded.
A failing one is printed as it was found: `python -m tests.model` with the seed that it names, and
as many schedules and steps, makes it short. With other seeds it tries other schedules.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCHEDULES = ("--seed", "7", "--schedules", "2000", "--steps", "20", "--no-shrink")


@pytest.mark.requirement("RED-2a", "RED-2b", "RED-2c")
@pytest.mark.fault("F42")
@pytest.mark.timeout(600)
def test_no_schedule_breaks_what_must_hold() -> None:
    command = [sys.executable, "-W", "error", "-m", "tests.model", *SCHEDULES]
    tried = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "nothing was broken" in tried.stdout

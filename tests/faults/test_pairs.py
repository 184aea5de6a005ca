"""F42: two faults at once; what is lost is what the oracle says. `--pairs 300` does more of them.

And the oracle itself: what counts as late, and what a soak makes of its samples.
"""

import asyncio
import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from relay.encoder.stamp import Stamper
from tests.faults.ledger import Ledger
from tests.faults.legs import D
from tests.faults.pairs import lately, pairs
from tests.faults.soak import Happened, Soaked
from tests.faults.soak_report import leaks, report
from tests.faults.test_invariants import TRACK, run
from tests.faults.weights import Life, Weight

PAIRS = 5


@pytest.mark.e2e
@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.fault("F42")
def test_two_faults_at_once_cost_what_the_oracle_says(tmp_path: Path) -> None:
    seed = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"\nFAULTS_SEED={seed}")  # noqa: T201 - to repeat it
    found = asyncio.run(pairs(tmp_path, PAIRS, seed))
    assert found.broken == []
    assert found.pairs == PAIRS


def test_late_is_what_came_after_the_patience_for_it(made: Stamper) -> None:
    ledger, _ = run(made)
    assert lately(ledger, TRACK) == set()
    one = min(sent.index for sent in ledger.sent) + 1
    waited = [replace(s, at=s.at + 100) if s.index == one else s for s in ledger.sent]
    assert lately(Ledger(D, waited), TRACK) == {one}
    first = next(s for s in ledger.sent if s.index == one and s.fragment.track == TRACK)
    assert lately(Ledger(D, [*waited, first]), TRACK) == set(), "the other encoder was in time"


def _life(rise: float, files: int = 10) -> Life:
    """An hour of samples; `rise` in MB over it."""
    return Life(
        1,
        [
            Weight(
                10.0 * at, int((70 + rise * at / 360) * (1 << 20)), 10 + (at > 300) * files, 20, 0
            )
            for at in range(360)
        ],
    )


def _soaked(life: Life) -> Soaked:
    found = Soaked(7, 30, 3600, [Happened("crowd", "100 at us", 0, 4)], delivered=5)
    found.scales.lives = {"two": [_life(0, 0)], "us": [life]}
    return found


def test_what_grows_is_told() -> None:
    assert leaks(_soaked(_life(0, 0))) == []
    assert any("MB an hour" in text for text in leaks(_soaked(_life(6, 0))))
    assert any("10 files became 13" in text for text in leaks(_soaked(_life(0, 3))))
    assert _life(6).slope(600) == pytest.approx(6, abs=0.1)


def test_a_report_has_its_figures_and_what_was_broken() -> None:
    found = _soaked(_life(0, 0))
    assert "1 troubles, one each 0.0 s; 0 invariants broken." in report(found)
    assert "| us | 1 | 70.0, 70.0 | 70.0 | +0.00 | 10, 10 | 20, 20 | 0 |" in report(found)
    rising = report(_soaked(_life(10, 0)))
    assert "- us: 70.5, 71.5, 72.5, 73.5, 74.5, 75.5, 76.5, 77.5, 78.5, 79.5" in rising
    found.broken.append("us: I1: something is lost")
    assert "- us: I1: something is lost" in report(found)

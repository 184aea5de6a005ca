"""F01, F24, F29, F30, F31, F32, F39: processes and links that are killed, cut, ended, starved.

Kills of an encoder, and of the relay, at a random byte, six times each, or ten; a slow link that is
cut at random moments; a hub that is told to reload and to end; a relay without a processor. All of
that happens at the same time, to relays of its own. `FAULTS_SEED` repeats a run; for longer ones
`python -m tests.faults` has `--kills 100` and `--cuts 50`.
"""

import asyncio
import os
import random
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

from relay.encoder.stamp import Stamper
from tests.e2e.together import together
from tests.faults.__main__ import encoders, relays
from tests.faults.cuts import cuts
from tests.faults.kills import Outcome
from tests.faults.restarts import in_turn, told_to_end
from tests.faults.starved import starved

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

KILLS = 10 if os.environ.get("LONG") else 6
PARALLEL = 3
CUTS = 4
Told = Mapping[str, "Future[Outcome]"]


def _seed() -> int:
    seed = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"\nFAULTS_SEED={seed}")  # noqa: T201 - to repeat it
    return seed


@pytest.fixture(scope="module")
def told(made: Stamper, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """All stories, each in a folder of its own."""
    seed = _seed()

    def ended(folder: Path) -> Outcome:
        told_to_end(made, folder)
        return Outcome()

    def turned(folder: Path) -> Outcome:
        in_turn(made, folder)
        return Outcome()

    def starving(folder: Path) -> Outcome:
        starved(made, clip, folder)
        return Outcome()

    stories: Mapping[str, Callable[[Path], Outcome]] = {
        "encoders": lambda folder: asyncio.run(encoders(folder, KILLS, seed, PARALLEL)),
        "relays": lambda folder: asyncio.run(relays(folder, KILLS, seed, PARALLEL)),
        "cuts": lambda folder: asyncio.run(cuts(folder, CUTS, seed, CUTS, longest=3)),
        "ended": ended,
        "turned": turned,
        "starved": starving,
    }
    folders = {name: tmp_path_factory.mktemp(name) for name in stories}
    return together({name: lambda n=name: stories[n](folders[n]) for name in stories})  # type: ignore[misc]


@pytest.mark.fault("F01")
def test_encoders_that_are_killed_cost_nothing_while_another_goes_on(told: Told) -> None:
    found = told["encoders"].result()
    assert found.broken == []
    assert found.kills == KILLS
    assert found.published > 30


@pytest.mark.fault("F29")
def test_a_relay_that_is_killed_loses_and_repeats_and_changes_nothing(told: Told) -> None:
    found = told["relays"].result()
    assert found.broken == []
    assert found.kills == len(found.starts) == KILLS
    assert found.published > 30


@pytest.mark.fault("F24", "F25")
def test_a_slow_link_that_is_cut_loses_nothing(told: Told) -> None:
    found = told["cuts"].result()
    assert found.broken == []
    assert found.kills == CUTS
    assert found.published >= CUTS


@pytest.mark.fault("F30", "F32")
def test_a_hub_drops_nothing_when_told_to_reload_and_ends_in_order_when_told_to_end(
    told: Told,
) -> None:
    assert told["ended"].result().broken == []


@pytest.mark.fault("F39")
def test_a_starved_relay_catches_up_and_loses_nothing(told: Told) -> None:
    assert told["starved"].result().broken == []


@pytest.mark.fault("F31")
def test_two_hubs_are_restarted_in_turn_and_the_upstream_misses_nothing(told: Told) -> None:
    assert told["turned"].result().broken == []

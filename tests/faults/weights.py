"""What processes hold, sample by sample, and whether that grows.

A *life* is one process: a relay that was started again begins another. Of a life that is long
enough the slope of its memory is the least-squares line through what was sampled after a warm-up.
"""

import re
from dataclasses import dataclass, field
from statistics import linear_regression, median

import aiohttp

from tests.e2e.relay_process import RelayProcess
from tests.faults.invariants import TOLD, Footprint

HOUR = 3600.0
MB = 1 << 20
LAG = re.compile(r"^relay_event_loop_lag_seconds ([\d.e+-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Weight:
    """One sample. `at` in seconds; `memory` in bytes; `lag` in seconds, the worst of the last."""

    at: float
    memory: int
    files: int
    tasks: int
    lag: float


@dataclass(slots=True)
class Life:
    """All samples of one process."""

    pid: int
    samples: list[Weight] = field(default_factory=list)

    def after(self, warm: float) -> list[Weight]:
        """The samples from so many seconds after its first one on."""
        return [one for one in self.samples if one.at >= self.samples[0].at + warm]

    def slope(self, warm: float) -> float:
        """MB an hour."""
        found = self.after(warm)
        line = linear_regression([one.at for one in found], [one.memory for one in found])
        return line.slope * HOUR / MB

    def ends(self, warm: float, of: str) -> tuple[float, float]:
        """The median of the first quarter behind the warm-up, and of the last one."""
        found = [getattr(one, of) for one in self.after(warm)]
        quarter = max(1, len(found) // 4)
        return median(found[:quarter]), median(found[-quarter:])


@dataclass(slots=True)
class Scales:
    """Weighs relays: lives by name, the newest last."""

    lives: dict[str, list[Life]] = field(default_factory=dict)

    async def weigh(self, name: str, relay: RelayProcess, at: float) -> None:
        """One more sample, if it answers."""
        if not relay.running:
            return
        pid = relay.pid
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(f"{relay.admin_url}/metrics") as answer,
            ):
                text = await answer.text()
            held = Footprint.of(pid)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return  # it is being killed, stopped or started
        tasks, lag = TOLD.search(text), LAG.search(text)
        assert tasks is not None
        assert lag is not None
        lives = self.lives.setdefault(name, [])
        if not lives or lives[-1].pid != pid:
            lives.append(Life(pid))
        weight = Weight(at, held.memory, held.files, int(tasks[1]), float(lag[1]))
        lives[-1].samples.append(weight)

"""What a soak has shown, as Markdown; and what it says of memory, descriptors and tasks.

The processes that live from beginning to end are judged: no more memory in the last quarter than
five parts in a hundred above the first one behind the warm-up, two descriptors, two tasks. The
slope is told, and judged where it was measured for long enough to mean something.
"""

from collections import defaultdict
from statistics import median

from tests.faults.plant import LASTING
from tests.faults.soak import Soaked
from tests.faults.weights import HOUR, MB, Life

WARM = 600.0
"""Seconds of warm-up; of a short run a quarter."""
LONG = 3000.0
"""Seconds of a run whose slope is judged."""
SHARE = 0.05
SPARE = 2.0
"""Descriptors, and tasks."""
STEEPEST = 4.0
"""MB an hour. An hour sees the allocator's steps, so this is no finer than they are."""


def warm(found: Soaked) -> float:
    """Seconds that count as warm-up."""
    return min(WARM, found.lasted / 4)


def leaks(found: Soaked) -> list[str]:
    """What has grown, as sentences."""
    broken = []
    for name in LASTING:
        lives = found.scales.lives.get(name, [])
        if len(lives) != 1:
            broken.append(f"I10: {name} had {len(lives)} lives")
            continue
        (life,) = lives
        early, late = life.ends(warm(found), "memory")
        if late > early * (1 + SHARE):
            broken.append(f"I10: {name}: {early / MB:.1f} MB became {late / MB:.1f} MB")
        if found.lasted >= LONG and (slope := life.slope(warm(found))) > STEEPEST:
            broken.append(f"I10: {name}: memory rises by {slope:.1f} MB an hour")
        for of in ("files", "tasks"):
            early, late = life.ends(warm(found), of)
            if late > early + SPARE:
                broken.append(f"I10: {name}: {early:.0f} {of} became {late:.0f}")
    return broken


def report(found: Soaked) -> str:
    """The whole of it."""
    faults = found.faults + leaks(found)
    begins = [one.began for one in found.happened]
    pace = (begins[-1] - begins[0]) / (len(begins) - 1) if len(begins) > 1 else 0
    lines = [
        "# Soak",
        "",
        (
            f"{found.lasted / 60:.1f} minutes, seed {found.seed}: {len(found.happened)} troubles,"
            f" one each {pace:.1f} s; {len(faults)} invariants broken."
        ),
        "",
        f"- {found.delivered} fragments delivered by encoders (both, to both relays)",
        f"- {found.published} segments seen by HLS players at four relays, each held against them",
        f"- {found.fetched} answers to DASH and Smooth players, every one a 200"
        if not any(text.startswith("players") for text in found.broken)
        else f"- {found.fetched} answers to DASH and Smooth players, of which some were bad",
        *(
            f"- log of {name}: {size / found.lasted * HOUR / 1e6:.2f} MB an hour"
            for name, size in found.logged.items()
        ),
        "",
        "## Troubles",
        "",
        "| trouble | times | seconds until all was well: median | most | broken |",
        "|---|---|---|---|---|",
        *_troubles(found),
        "",
        "## What the processes hold",
        "",
        (
            f"Behind a warm-up of {warm(found):.0f} s. `two` and `us` live from beginning to end;"
            " `one` and `eu` are killed and started again: theirs are those of the longest life."
        ),
        "",
        (
            "| relay | lives | MB first, last quarter | most MB | MB an hour | descriptors | tasks"
            " | worst lag of its loop, ms |"
        ),
        "|---|---|---|---|---|---|---|---|",
        *_weights(found),
        "",
        "MB in each tenth of the run, from beginning to end:",
        "",
        *(
            f"- {name}: {', '.join(f'{mb:.1f}' for mb in tenths(found.scales.lives[name][0]))}"
            for name in LASTING
            if found.scales.lives.get(name)
        ),
        "",
    ]
    if faults:
        lines += ["## Broken", "", *(f"- {text}" for text in faults[:200]), ""]
    return "\n".join(lines)


def tenths(life: Life) -> list[float]:
    """The median memory, in MB, of each tenth of its samples."""
    count = len(life.samples)
    parts = (life.samples[count * n // 10 : count * (n + 1) // 10] for n in range(10))
    return [median(one.memory for one in part) / MB for part in parts if part]


def _troubles(found: Soaked) -> list[str]:
    kinds = defaultdict(list)
    for one in found.happened:
        kinds[one.kind].append(one)
    return [
        f"| {kind} | {len(all_)} | {median(one.over for one in all_):.1f}"
        f" | {max(one.over for one in all_):.1f} | {sum(len(one.broken) for one in all_)} |"
        for kind, all_ in sorted(kinds.items())
    ]


def _weights(found: Soaked) -> list[str]:
    return [_weight(name, lives, warm(found)) for name, lives in sorted(found.scales.lives.items())]


def _weight(name: str, lives: list[Life], behind: float) -> str:
    life = max(lives, key=lambda one: one.samples[-1].at - one.samples[0].at)
    if len(life.after(behind)) < 4:
        behind = 0
    early, late = life.ends(behind, "memory")
    slope = f"{life.slope(behind):+.2f}" if name in LASTING else "–"
    most = max(one.memory for each in lives for one in each.samples)
    files, tasks = ("{:.0f}, {:.0f}".format(*life.ends(behind, of)) for of in ("files", "tasks"))
    lag = max(one.lag for each in lives for one in each.samples)
    return (
        f"| {name} | {len(lives)} | {early / MB:.1f}, {late / MB:.1f} | {most / MB:.1f} | {slope}"
        f" | {files} | {tasks} | {1000 * lag:.0f} |"
    )

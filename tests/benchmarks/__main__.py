"""`python -m tests.benchmarks [NAME ..] [--quick] [ROUNDS]`: some of the benchmarks, or all.

Each prints its table and leaves its figures in build/bench.json. `storm`, `playlist` and `mpd` have
arguments of their own: `python -m tests.benchmarks storm 8 idle`.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import growth, ingest, latency, mpd, playback, playlist, reach, report, storm
from tests.benchmarks.process import LOADING
from tests.benchmarks.scale import FULL, LEAST, QUICK, Result, Scale

Benchmark = Callable[[Scale, Path], Result]
RATIOS: dict[str, Benchmark] = {
    "ingest": ingest.run,
    "live": ingest.live,
    "active-active": ingest.twice,
    "latency": latency.listed,
    "reach": reach.reached,
    "playback": playback.segments,
    "small": playback.small,
    "tls": ingest.tls,
    "growth": growth.windows,
    "day": growth.day,
    "fairness": latency.fairness,
    "outage": latency.outage,
    "start": growth.start,
}
OTHERS = {"playlist": playlist.main, "mpd": mpd.main, "storm": storm.main}
SCALES = {"--quick": QUICK, "--least": LEAST}


def measured(names: list[str], scale: Scale) -> None:
    """Run them one after the other, on one core, beside what they measure on another."""
    os.sched_setaffinity(0, LOADING)
    for name in names:
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            result = RATIOS[name](scale, Path(folder))
        print(f"\n{name}: medians of {scale.rounds} rounds")
        report.show(result.figures, result.absent)
        report.keep(result.figures)


def main(said: list[str]) -> int:
    """The exit code."""
    if {*said} & {"-h", "--help"}:
        about = sys.modules[OTHERS[said[0]].__module__].__doc__ if said[0] in OTHERS else __doc__
        print(about, f"\nThere is {', '.join([*RATIOS, *OTHERS])}.")
        return 0
    if said[:1] and said[0] in OTHERS:
        return OTHERS[said[0]](said[1:])
    scale, names = FULL, []
    for word in said:
        if word in SCALES:
            scale = SCALES[word]
        elif word.isdigit():
            scale = replace(scale, rounds=int(word))
        else:
            names.append(word)
    unknown = {*names} - {*RATIOS}
    if unknown:
        print(f"There is {', '.join([*RATIOS, *OTHERS])}; not {', '.join(unknown)}.")
        return 2
    measured(names or [*RATIOS], scale)
    if not names:
        return max(OTHERS[name]([]) for name in ("playlist", "mpd"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m tests.benchmarks [NAME [ARGUMENTS]]`: one of the benchmarks, or all that are quick."""

import sys

from tests.benchmarks import mpd, playlist, storm

QUICK = {"playlist": playlist.main, "mpd": mpd.main}
ALL = {**QUICK, "storm": storm.main}

if __name__ == "__main__":
    chosen = sys.argv[1:2] or [*QUICK]
    if not {*chosen} <= {*ALL}:
        sys.exit(f"There is {', '.join(ALL)}; not {chosen[0]}.")
    sys.exit(max(ALL[name](sys.argv[2:]) for name in chosen))

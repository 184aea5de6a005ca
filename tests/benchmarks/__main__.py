"""`python -m tests.benchmarks [NAME [ARGUMENTS]]`: one of the benchmarks, or all that are quick."""

import sys

from tests.benchmarks import mpd, playlist

QUICK = {"playlist": playlist.main, "mpd": mpd.main}

if __name__ == "__main__":
    chosen = sys.argv[1:2] or [*QUICK]
    if not {*chosen} <= {*QUICK}:
        sys.exit(f"There is {', '.join(QUICK)}; not {chosen[0]}.")
    sys.exit(max(QUICK[name](sys.argv[2:]) for name in chosen))

"""Whether a channel would survive the loss of an encoder now, in one word.

PROTECTED when every track that lives has two sources, EXPOSED when some track has one, DOWN when
there is none. A source counts while its newest usable copy of the track is no older than two
fragments and the patience: one that sends what cannot be published protects nobody. Sans-IO.
"""

from relay.diagnosis.tally import Tally
from relay.numbering import Grid

PROTECTED, EXPOSED, DOWN = "PROTECTED", "EXPOSED", "DOWN"


def alive_since(grid: Grid, patience: int, utc: int) -> int:
    """Whose newest copy came before that is not alive now; ms since 1970."""
    return utc - int(2 * grid.D * 1000) - patience


def protection(live: list[int]) -> str:
    """The protection of a channel whose living tracks have so many sources each."""
    copies = min(live, default=0)
    return PROTECTED if copies > 1 else EXPOSED if copies else DOWN


def copies_of(tally: Tally, since: int) -> dict[str, set[str]]:
    """The sources that deliver each track that lives: with a good copy since then (ms)."""
    found: dict[str, set[str]] = {}
    for (source, track), arrival in tally.good.items():
        if arrival >= since:
            found.setdefault(track, set()).add(source)
    return found

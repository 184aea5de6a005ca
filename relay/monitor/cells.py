"""The timeline: what became of each index of about the last minute, by track, in one word.

A source's cell is the outcome of its copy, or

    waiting   it is the newest index, and the source is alive: its copy is on its way
    missing   the source is alive, or has come back since, and did not deliver it
    refused   as missing or silent, and the source was refused at that time
    silent    the source is not alive
    (none)    before the source came

A merged cell is "whole", "gap", or "break": whole, after a discontinuity.
"""

from collections.abc import Collection, Mapping
from fractions import Fraction
from math import ceil

from relay.diagnosis.tally import RECENT, Tally
from relay.presentation import Presentation

SECONDS = 60
FEWEST, MOST = 10, 60
"""Columns, whatever the length of a fragment. `RECENT` outcomes are remembered."""

Cells = dict[str, str]
"""Words by index; a name of JSON is text."""

assert MOST <= RECENT  # noqa: S101 - else the oldest columns would be empty for sources only


def columns(D: Fraction) -> int:  # noqa: N803 - the design's name
    """How many indexes of `D` seconds are shown."""
    return min(max(ceil(SECONDS / D), FEWEST), MOST)


def merged(shown: Presentation, newest: int) -> dict[str, Cells]:
    """The result's cells by track."""
    wide = columns(shown.grid.D)
    return {
        rendition.name: {
            str(s.index): "gap" if s.gap else "break" if s.discontinuity else "whole"
            for s in rendition.segments[-wide:]
            if newest - wide < s.index <= newest
        }
        for rendition in shown.renditions
    }


def sent(
    tally: Tally,
    result: Mapping[str, Cells],
    *,
    newest: int,
    wide: int,
    since: int,
    refused: Mapping[str, Collection[int]],
) -> dict[str, dict[str, Cells]]:
    """Each source's cells by track.

    `result`: of `merged`; `since`: ms, a source whose newest copy came before is not alive;
    `refused`: the indexes at which a source was, if any.
    """
    found: dict[str, dict[str, Cells]] = {}
    for (source, track), recent in tally.recent.items():
        alive = tally.last[source, track] >= since
        cells = _cells(recent, result.get(track, {}), newest, wide, alive)
        for at in refused.get(source, ()):
            if cells.get(str(at)) in ("missing", "silent"):
                cells[str(at)] = "refused"
        if cells:
            found.setdefault(source, {})[track] = cells
    return found


def _cells(
    recent: Mapping[int, str], result: Mapping[str, str], newest: int, wide: int, alive: bool
) -> Cells:
    """A source's cells on a track: what it delivered, and what it did not."""
    first, last = min(recent), max(recent)
    cells: Cells = {}
    for index in range(max(first, newest - wide + 1), newest + 1):
        at = str(index)
        if index in recent:
            cells[at] = recent[index]
        elif index == newest and alive:
            cells[at] = "waiting"
        elif at in result:
            cells[at] = "missing" if alive or index < last else "silent"
    return cells

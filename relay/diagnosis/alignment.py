"""Whether the video renditions are cut at the same times (ENC-4, TIME-3): a player changes between
them at a boundary, and where boundaries differ it stumbles.

A rendition is held against the first one, fragment by fragment of the same index, in exact seconds,
so that timescales may differ. What is compared is when the first sample is *shown*: encoders of one
ladder reorder pictures differently, and their decode times may then differ by some frames. Half a
frame is rounding. One index is an accident: `CONVINCING` in a row, newest first, decide.
"""

from collections.abc import Mapping
from fractions import Fraction

from relay.media import Kind
from relay.presentation import Presentation, Rendition

CONVINCING = 3
LOOK = 8
"""Newest segments in which they are looked for."""
HALF_FRAME = Fraction(1, 100)
"""Seconds, where the frame rate is not known."""


def misaligned(
    shown: Presentation, offsets: Mapping[str, int], changed: str = ""
) -> dict[str, tuple[str, Fraction]]:
    """By rendition: the one it was held against, and how many seconds later it is cut, 0 if equal.

    `offsets`: composition offset of the first sample by track, in its ticks. Renditions of which
    nothing is sure are left out, and, when only `changed` has a new fragment, those that it says
    nothing about: with a hundred renditions all of them would be compared a hundred times.
    """
    renditions = shown.of(Kind.VIDEO)
    found: dict[str, tuple[str, Fraction]] = {}
    for rendition in renditions[1:]:
        if changed not in ("", rendition.name, renditions[0].name):
            continue
        by = _missed(rendition, renditions[0], offsets)
        if by is not None:
            found[rendition.name] = (renditions[0].name, by)
    return found


def _missed(one: Rendition, best: Rendition, offsets: Mapping[str, int]) -> Fraction | None:
    """Seconds by which `one` is cut later than `best`; None while nothing is sure."""
    rates = [rendition.frame_rate for rendition in (one, best) if rendition.frame_rate]
    slack = 1 / (2 * max(rates)) if rates else HALF_FRAME
    missed: list[Fraction] = []
    for segment in reversed(one.segments[-LOOK:]):
        other = best.find(segment.index)
        if other is None or segment.gap or other.gap or segment.run != other.run:
            continue
        begins = one.seconds(segment.time + offsets.get(one.name, 0))
        missed.append(begins - best.seconds(other.time + offsets.get(best.name, 0)))
        if len(missed) == CONVINCING:
            break
    if len(missed) < CONVINCING:
        return None
    off = [abs(by) > slack for by in missed]
    if all(off):
        return missed[0]
    return None if any(off) else Fraction(0)

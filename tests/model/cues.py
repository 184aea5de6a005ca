"""The oracle of sparse events: each is seen once, in order, as soon as its parent got there."""

from fractions import Fraction
from itertools import pairwise

from relay.media import Copy, Track
from relay.sparse import linger
from tests.model.house import House


def floor(house: House, sparse: Track) -> int:
    """The lowest index that is kept: some way behind the window of its parent."""
    lines = house.view.timelines
    parents = [r for r in house.presentation.renditions if r.track.key.name == sparse.parent]
    floors = (lines[parent.name].floor for parent in parents if parent.name in lines)
    return max(max(floors, default=0) - linger(house.presentation), 0)


def check_cues(house: House, sparse: str) -> None:
    """What is stored of the sparse track, is kept and has been reached can be seen."""
    shown = house.presentation
    cues = shown.rendition(sparse)
    if cues is None:
        return
    reached = max(
        (
            rendition.seconds(rendition.segments[-1].time)
            for rendition in shown.renditions
            if rendition.track.key.name == cues.track.parent and rendition.segments
        ),
        default=None,
    )
    times = [event.time for event in shown.events.get(sparse, ())]
    assert all(before < after for before, after in pairwise(times)), f"out of order: {times}"
    lowest = floor(house, cues.track)
    stored = [
        member.time
        for member in house.store.values()
        if isinstance(member, Copy) and member.event and member.index >= lowest
    ]
    due = [
        time
        for time in stored
        if reached is not None and Fraction(time, cues.track.timescale) <= reached
    ]
    assert times == sorted(due), f"{times} can be seen of {sorted(due)}"

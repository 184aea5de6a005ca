"""The oracle of sparse events: each is seen once, in order, as soon as its parent got there."""

from fractions import Fraction
from itertools import pairwise

from relay.media import Copy
from tests.model.house import House


def check_cues(house: House, sparse: str) -> None:
    """What is stored of the sparse track, is inside the window and has been reached can be seen."""
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
    floor = house.view._signals._floor
    stored = [
        member.time
        for member in house.store.values()
        if isinstance(member, Copy) and member.event and member.index >= floor
    ]
    due = [
        time
        for time in stored
        if reached is not None and Fraction(time, cues.track.timescale) <= reached
    ]
    assert times == sorted(due), f"{times} can be seen of {sorted(due)}"

"""Where gaps lie: the numbers that nobody filled, and how they share the time between.

Numbers are dense, so each has a record, and none is longer or shorter than what its neighbours
leave: a gap that does not fit would be a break. Times in ticks.
"""

from collections.abc import Iterator, Mapping

from relay.media import Copy, Gap


def gaps(first: int, end: int, known: Mapping[int, Copy | Gap]) -> Iterator[tuple[int, int, int]]:
    """Index, time and duration of each from `first` to the last of `known` that is not in it.

    `end`: where what is before them ends. `known`: members by index, one or more.
    """
    for index, member in sorted(known.items()):
        length, count = max(0, member.time - end), index - first
        edges = [end + length * at // max(1, count) for at in range(count + 1)]
        for at in range(count):
            yield first + at, edges[at], edges[at + 1] - edges[at]
        first, end = index + 1, member.end

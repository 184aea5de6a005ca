"""How much later than the copy that won each source's copies come: the margin of its redundancy.

0 for a copy that won. A source that comes seconds after the other one is no help against a loss
that is noticed within `patience`. Cumulative, as a histogram of Prometheus wants it. Sans-IO.
Strangers name sources, so what is remembered is bounded; the one that was silent the longest is
forgotten, and begins anew.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

BOUNDS = (10, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
"""Upper bounds of the buckets, in ms, inclusive; beyond the last there is one more."""
MOST_KEYS = 1_024


@dataclass(slots=True)
class Histogram:
    """One source's track. `counts` by bucket, each copy in one; `total` of all, in ms."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: int = 0


@dataclass(slots=True)
class Lateness:
    """The histograms of a channel, by (source, track name)."""

    histograms: dict[tuple[str, str], Histogram] = field(default_factory=dict)

    def took(self, source: str, track: str, late: int) -> None:
        """A copy came `late` ms after the one that won; one that was first and lost: not late."""
        late = max(0, late)
        known = self.histograms.pop((source, track), None) or Histogram()
        self.histograms[source, track] = known
        if len(self.histograms) > MOST_KEYS:
            del self.histograms[next(iter(self.histograms))]
        known.counts[bisect_left(BOUNDS, late)] += 1
        known.total += late

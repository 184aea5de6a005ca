"""The last five minutes of a channel in numbers, and what only time can tell of it.

    bitrate   what only counts bytes, as bit/s: the slope of the counter over the last `SLOPE_MS`,
              by least squares. Fragments come in lumps; the difference of two ends would jump by a
              whole fragment.
    since     when the channel's state or protection became what it is
    series    a sample every `EVERY_MS` of each living source's lateness, drift and bitrate, and of
              each upstream's backlog and bitrate: what the page's plots begin with

Sans-IO: it is told of each look at the board. What it keeps is bounded by time, and by what the
board shows, and small, since strangers are on it, too; a counter that fell (a channel that was
reset) begins anew.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

EVERY_MS = 2_000
SAMPLES = 150
SLOPE_MS = 16_000
STEP_MS = 500
"""The least time between two points of a slope."""

_PLOTTED = {
    "sources": ("lateness", "drift", "bitrate"),
    "upstreams": ("seconds", "bitrate"),
}

_Sample = dict[str, dict[str, tuple[float | None, ...]]]
"""By kind and name, what is plotted of it."""

Counter = tuple[str, str]
"""What counts bytes: "sources" or "upstreams", and which."""


class History:
    """One channel's."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, _Sample]] = deque(maxlen=SAMPLES)
        self._counts: dict[Counter, list[tuple[int, int]]] = {}
        self._rates: dict[Counter, int] = {}
        self._stands: tuple[str, str] = ("", "")
        self._since = 0

    def took(self, utc: int, facts: dict[str, Any], sizes: Mapping[Counter, int]) -> None:
        """One look at the board: `facts`, which are completed. `utc` in ms; `sizes` in bytes."""
        stands = (facts["state"], facts["protection"])
        if stands != self._stands:
            self._stands, self._since = stands, utc
        facts["since"] = self._since
        live = {key: size for key, size in sizes.items() if _lives(facts[key[0]].get(key[1], {}))}
        self._counts = {key: self._counted(key, utc, size) for key, size in live.items()}
        if self._samples and utc < self._samples[-1][0]:
            self._samples.clear()  # the clock was set back, and plots only go on
        due = not self._samples or utc - self._samples[-1][0] >= EVERY_MS
        if due:  # not at every look, or the page would be told of little else
            self._rates = {key: _slope(points) for key, points in self._counts.items()}
        for kind, name in sizes:
            if name in facts[kind]:
                facts[kind][name]["bitrate"] = self._rates.get((kind, name), 0)
        if due:
            self._samples.append((utc, _sample(facts)))

    def series(self) -> dict[str, Any]:
        """`at`: ms since 1970, oldest first; then lists as long, null where nothing was known.

        {"at": [], "sources": {name: {"lateness": ms, "drift": ms, "bitrate": bit/s}},
        "upstreams": {name: {"seconds": s, "bitrate": bit/s}}}
        """
        found: dict[str, Any] = {"at": [at for at, _ in self._samples]}
        for kind, whats in _PLOTTED.items():
            samples = [sample[kind] for _, sample in self._samples]
            names = dict.fromkeys(name for sample in samples for name in sample)
            found[kind] = {name: _columns(name, whats, samples) for name in names}
        return found

    def _counted(self, key: Counter, utc: int, size: int) -> list[tuple[int, int]]:
        points = self._counts.get(key, [])
        if points and (size < points[-1][1] or utc < points[-1][0]):
            points.clear()
        if not points or utc - points[-1][0] >= STEP_MS:
            points.append((utc, size))
        return [point for point in points if utc - point[0] <= SLOPE_MS]


def _lives(said: Mapping[str, Any]) -> bool:
    return bool(said.get("alive", True))  # an upstream always does


def _sample(facts: Mapping[str, Any]) -> _Sample:
    return {
        kind: {
            name: tuple(said.get(what) for what in whats)
            for name, said in facts[kind].items()
            if _lives(said)
        }
        for kind, whats in _PLOTTED.items()
    }


def _columns(
    name: str, whats: Sequence[str], samples: Sequence[Mapping[str, tuple[float | None, ...]]]
) -> dict[str, list[float | None]]:
    """What is known of one, each figure for itself."""
    nothing = (None,) * len(whats)
    rows = [sample.get(name, nothing) for sample in samples]
    columns = zip(whats, zip(*rows, strict=True), strict=True)
    return {what: list(column) for what, column in columns if any(x is not None for x in column)}


def _slope(points: Sequence[tuple[int, int]]) -> int:
    """Bit/s; 0 until there are two points."""
    count = len(points)
    began = points[0][0]
    ats = [at - began for at, _ in points]
    spread = count * sum(at * at for at in ats) - sum(ats) ** 2
    if not spread:
        return 0
    first = points[0][1]
    sizes = [size - first for _, size in points]
    both = count * sum(at * size for at, size in zip(ats, sizes, strict=True))
    return max(0, 8000 * (both - sum(ats) * sum(sizes)) // spread)

"""How much of what strangers do wrong is written down: an attack must not fill the disk by its log.

Each key, an address for example, has a line a second, and all keys together `RATE` a second, after
a burst of `BURST`. What is left out is counted, and the next line says how many there were; the
counters of the metrics miss nothing. With lines of 400 bytes, ten hours of any attack are under
100 MB. Sans-IO; `now` in ms.
"""

from dataclasses import dataclass, field

EVERY_MS = 1_000
RATE = 5
BURST = 50
MOST_KEYS = 1_024


@dataclass(slots=True)
class Throttle:
    """Decides line by line."""

    left_out: int = 0
    """How many were, since the last line that was not."""
    _last: dict[str, int] = field(default_factory=dict)  # the newest at its end
    _budget: int = BURST * EVERY_MS
    _at: int | None = None

    def passes(self, key: str, now: int) -> bool:
        """There may be a line about `key` now. If so, say `left_out`, and call `told`."""
        self._budget += RATE * (now - (now if self._at is None else self._at))
        self._budget = min(self._budget, BURST * EVERY_MS)
        self._at = now
        last = self._last.get(key)
        if self._budget < EVERY_MS or (last is not None and now - last < EVERY_MS):
            self.left_out += 1
            return False
        self._budget -= EVERY_MS
        self._last.pop(key, None)
        self._last[key] = now
        if len(self._last) > MOST_KEYS:
            del self._last[next(iter(self._last))]
        return True

    def told(self) -> dict[str, int]:
        """What the line says of those before it; they are forgotten."""
        found, self.left_out = self.left_out, 0
        return {"left_out": found} if found else {}

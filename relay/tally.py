"""What became of each sender's copies: counters, and the moments worth a line in the log.

A line is for a change, never for a fragment: a source that begins to be late, suspect or different
says so once, and once more when it is well again. Sources are named by strangers, so their number
is bounded: beyond that they count as "other".
"""

from collections import Counter
from dataclasses import dataclass, field

from relay.media import Copy, Verdict

MOST_SOURCES = 64
OTHER = "other"

_WELL = frozenset((Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.HELD))


@dataclass(frozen=True, slots=True)
class Change:
    """A source's standing on a track changed. `state`: "well", "differs" or a verdict's word."""

    source: str
    track: str
    index: int
    state: str
    detail: str = ""


@dataclass(slots=True)
class Tally:
    """Counters of one channel. `counts` by (source, track, verdict); `last` arrival in ms."""

    counts: Counter[tuple[str, str, Verdict]] = field(default_factory=Counter)
    differing: Counter[tuple[str, str]] = field(default_factory=Counter)
    last: dict[tuple[str, str], int] = field(default_factory=dict)
    _states: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, copy: Copy, verdict: Verdict, differs: str | None = None) -> Change | None:
        """A copy got its verdict; `differs` says how a duplicate is unlike the one that won."""
        source = self._bounded(copy.source)
        key = (source, copy.track)
        self.counts[source, copy.track, verdict] += 1
        self.last[key] = copy.arrival
        if differs:
            self.differing[key] += 1
        state = "differs" if differs else "well" if verdict in _WELL else str(verdict)
        if state == self._states.get(key, "well"):
            return None
        self._states[key] = state
        return Change(source, copy.track, copy.index, state, differs or "")

    def sources(self) -> list[str]:
        """The sources seen so far, sorted."""
        return sorted({source for source, _ in self.last})

    def _bounded(self, source: str) -> str:
        known = {name for name, _ in self.last}
        return source if source in known or len(known) < MOST_SOURCES else OTHER

"""What became of each sender's copies: counters, the recent past, and what is worth a log line.

A line is for a change, never for a fragment: a source that begins to be late, suspect or different
says so once, and once more when it is well again. Sources are named by strangers, so their number
is bounded: beyond that they count as "other".

A source is *behind* while it sends what was published long ago: from a buffer after an outage, or
by a clock that went back. Which of the two it is, and what follows, `relay.runs` decides.
"""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from relay.media import Copy, Verdict

MOST_SOURCES = 64
OTHER = "other"
RECENT = 64
"""Indexes per source and track whose outcome is remembered."""
FAR_BEHIND = 8
"""Indexes behind the live edge beyond which a copy protects nobody."""

DIFFERS = "differs"
BEHIND = "behind"
WELL = "well"

_WELL = frozenset((Verdict.ACCEPTED, Verdict.DUPLICATE))
_PAST = frozenset((Verdict.DUPLICATE, Verdict.LATE, Verdict.FILL))
_SENTENCES = {
    WELL: "as it should be again",
    "late": "came after its place was past",
    "fill": "came after its place had been given up: kept, but not shown",
    "flood": "too many events at once: the excess is dropped",
    "partial": "broke off in the middle of it",
    "suspect": "its time is so far ahead that it waits for others to agree",
}
_OUTCOMES = ("won", DIFFERS, "partial", "duplicate", "fill", "held", "late", "flood")
"""The words of `recent`, strongest first: a resent copy of what had won has still won."""


@dataclass(frozen=True, slots=True)
class Change:
    """A source's standing on a track changed. `state`: "well", "differs", "behind" or a verdict.

    `behind`: indexes between its copy and the live edge.
    """

    source: str
    track: str
    index: int
    state: str
    detail: str = ""
    behind: int = 0

    @property
    def code(self) -> str:
        """Its code word in log and journal."""
        return f"SOURCE_{self.state.upper()}"

    def sentence(self, D: Fraction) -> str:  # noqa: N803 - the design's name
        """What happened. `D` in seconds."""
        about = f"{self.source}, {self.track}, fragment {self.index}"
        if self.state == BEHIND:
            seconds = round(self.behind * D)
            return f"{self.source} is {seconds} s behind: it sends what was published long ago"
        if self.state == DIFFERS:
            return f"{about}: unlike the published copy, so no spare: {self.detail}"
        return f"{about}: {_SENTENCES[self.state]}"


@dataclass(slots=True)
class Tally:
    """Counters of one channel. `counts` by (source, track, verdict); `last` arrival in ms.

    sizes    bytes of the copies that came, those that were held counted once
    good     arrival in ms of the last copy that was, or could have been published in its place
    recent   outcome by index: "won", "differs", "partial", "duplicate", "held", "late"
    """

    counts: Counter[tuple[str, str, Verdict]] = field(default_factory=Counter)
    differing: Counter[tuple[str, str]] = field(default_factory=Counter)
    sizes: Counter[tuple[str, str]] = field(default_factory=Counter)
    last: dict[tuple[str, str], int] = field(default_factory=dict)
    good: dict[tuple[str, str], int] = field(default_factory=dict)
    recent: dict[tuple[str, str], dict[int, str]] = field(default_factory=dict)
    _states: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(
        self, copy: Copy, verdict: Verdict, differs: str | None = None, behind: int = 0
    ) -> Change | None:
        """A copy got its verdict; `differs` says how a duplicate is unlike the one that won.

        `behind`: how many indexes it lies behind the live edge.
        """
        source = self._bounded(copy.source)
        key = (source, copy.track)
        state = DIFFERS if differs else WELL if verdict in _WELL else str(verdict)
        if verdict in _PAST and behind > FAR_BEHIND:
            state = BEHIND
        self.counts[source, copy.track, verdict] += 1
        self.last[key] = copy.arrival
        if verdict is Verdict.HELD:  # what becomes of it is told when that is known
            self._remember(key, copy.index, _outcome(verdict))
            return None
        self.sizes[key] += copy.size
        if differs:
            self.differing[key] += 1
        if state == WELL or verdict is Verdict.PARTIAL:
            self.good[key] = copy.arrival
        if verdict is not Verdict.SUSPECT:  # that has no place on the timeline
            self._remember(key, copy.index, DIFFERS if differs else _outcome(verdict))
        known = self.state(source) == BEHIND
        before = self._states.get(key, WELL)
        self._states[key] = state
        if state == before or (known and BEHIND in (state, before) and self._still(source, state)):
            return None
        return Change(source, copy.track, copy.index, state, differs or "", behind)

    def sources(self) -> list[str]:
        """The sources seen so far, sorted."""
        return sorted({source for source, _ in self.last})

    def state(self, source: str, track: str = "") -> str:
        """How a source stands: "well", or what is wrong on the first track that is not.

        With a `track`: how it stands on that one.
        """
        if track:
            return self._states.get((source, track), WELL)
        states = [state for (name, _), state in self._states.items() if name == source]
        if BEHIND in states:
            return BEHIND
        return next((state for state in states if state != WELL), WELL)

    def _still(self, source: str, state: str) -> bool:
        """Its clock is one: one line when it falls behind, one when no track is."""
        return state == BEHIND or self.state(source) == BEHIND

    def _remember(self, key: tuple[str, str], index: int, outcome: str) -> None:
        recent = self.recent.setdefault(key, {})
        known = recent.get(index, outcome)
        recent[index] = min(known, outcome, key=_OUTCOMES.index)
        if len(recent) > RECENT:
            del recent[min(recent)]

    def _bounded(self, source: str) -> str:
        known = {name for name, _ in self.last}
        return source if source in known or len(known) < MOST_SOURCES else OTHER


def _outcome(verdict: Verdict) -> str:
    return "won" if verdict is Verdict.ACCEPTED else str(verdict)

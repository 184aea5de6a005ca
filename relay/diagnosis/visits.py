"""How each source comes and goes: how often it has, how it left last, and when it was refused.

A visit is a POST. What it was refused for says more than that the connection then ended, so the
end of a POST does not replace a refusal of the same visit. Strangers name sources: of more than
`MOST_VISITORS`, the one that came longest ago is forgotten. Sans-IO; times in ms since 1970.
"""

from dataclasses import dataclass, field

MOST_VISITORS = 64
MOST_REFUSALS = 8
"""Times of refusals that are remembered of each source, for its row of the timeline."""


@dataclass(slots=True)
class Visitor:
    """One source.

    posts    POSTs that it has begun
    reason   how the last one that is over went, or why it was refused; "" before
    left     when that was, 0 before
    refused  when it was refused, newest last
    """

    posts: int = 0
    reason: str = ""
    left: int = 0
    refused: tuple[int, ...] = ()
    _told: bool = False


@dataclass(slots=True)
class Visits:
    """The visitors of one channel by source, the one that came last at the end."""

    visitors: dict[str, Visitor] = field(default_factory=dict)

    def began(self, source: str) -> None:
        """A POST of it has begun."""
        visitor = self._touch(source)
        visitor.posts += 1
        visitor._told = False

    def ended(self, source: str, utc: int, how: str) -> None:
        """It left, in words, and nothing of it is open."""
        visitor = self._touch(source)
        if not visitor._told:
            visitor.reason, visitor.left = how, utc
        visitor._told = False

    def refused(self, source: str, utc: int, why: str) -> None:
        """A POST of it was refused, in words."""
        visitor = self._touch(source)
        visitor.reason, visitor.left, visitor._told = why, utc, True
        visitor.refused = (*visitor.refused, utc)[-MOST_REFUSALS:]

    def _touch(self, source: str) -> Visitor:
        visitor = self.visitors.pop(source, None) or Visitor()
        self.visitors[source] = visitor
        if len(self.visitors) > MOST_VISITORS:
            del self.visitors[next(iter(self.visitors))]
        return visitor

"""The oracle of whole cells: how much of each a source has delivered, within one POST."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.model.encoder import Sent
from tests.model.programme import Line


@dataclass(slots=True)
class Headway:
    """What each source has begun: (source, track, cell)."""

    lines: Mapping[str, Line]
    _begun: set[tuple[str, str, int]] = field(default_factory=set)
    _come: dict[tuple[str, str, int], int] = field(default_factory=dict)
    _tails: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def whole(self, sent: Sent, *, honest: bool) -> bool:
        """With this the source has delivered all of the cell; never with a damaged time."""
        line, span = self.lines[sent.span.track], sent.span
        key = span.source, span.track, sent.cell
        self._begun.add(key)
        if not honest:
            return False
        began, fragment = span.first == line.cut(sent.cell), sent.fragment
        # The last eighth of the cell before is part of this copy, and a drift between is a hole.
        tail = self._tails.get(key, fragment.time)
        half = fragment.duration // (2 * fragment.sample_count)
        joins = abs(fragment.time - tail) <= half
        if (began and joins) or self._come.get(key) == span.first:
            self._come[key] = span.stop
        if not began and self.last_eighth(sent):
            self._tails[span.source, span.track, sent.cell + 1] = fragment.end
        return self._come.get(key) == line.cut(sent.cell + 1)

    def last_eighth(self, sent: Sent) -> bool:
        """It lies in the last eighth of its cell, which may be part of the next copy."""
        line = self.lines[sent.span.track]
        first, stop = line.cut(sent.cell), line.cut(sent.cell + 1)
        return 8 * (stop - sent.span.first) <= stop - first + 8

    def broken(self, source: str) -> list[tuple[str, int]]:
        """A source's POSTs are over: the track and cell of what it had begun, which is no more."""
        over = [begun for begun in self._begun if begun[0] == source]
        for begun in over:
            self._begun.discard(begun)
            self._come.pop(begun, None)
        return [(track, cell) for _, track, cell in over]

    def crashed(self) -> None:
        """The house has: what was not stored may be lost."""
        self._come.clear()
        self._begun.clear()

"""The oracle of promises: when a whole copy has to be published, by what is known as it is sent."""

from dataclasses import dataclass

from relay.arrival import Sender
from relay.runs import LEAP, RESENT, SILENCE
from relay.timeline.moment import Moment
from tests.model.changes import Changes
from tests.model.encoder import Sent
from tests.model.house import House
from tests.model.programme import Line


@dataclass(frozen=True, slots=True)
class Promises:
    """What a house owes to a fragment that is about to be sent."""

    house: House
    lines: dict[str, Line]
    changes: Changes

    def old(self, sent: Sent, stream: str) -> bool:
        """So far behind that it may be a clock that went back: no promise."""
        runs, span = self.house.point._runs, sent.span
        lane = Sender(span.source, stream), span.track
        if runs is None or runs.edge is None:
            return False
        index = self._index(sent.cell)
        newest = runs._newest.get(lane, runs.edge)
        return index < newest - RESENT or (lane in runs._back and index <= newest)

    def leaps(self, sent: Sent) -> bool:
        """Under new settings it is ahead of all tracks: alone it says not when those begin."""
        runs, span = self.house.point._runs, sent.span
        if runs is None or runs.edge is None:
            return False
        since = self.house.now - SILENCE * runs.D * 1000
        ahead = self._index(sent.cell) > runs.edge + LEAP
        changed = self.changes.variants()[span.track] != span.variant
        return changed and ahead and any(at > since for at in runs._alive.values())

    def turns(self, sent: Sent, stream: str) -> bool:
        """Its last one was so far behind that it has waited; with that the line goes on, now."""
        runs, line = self.house.point._runs, self.house.timeline(sent.span.track)
        lane = Sender(sent.span.source, stream), sent.span.track
        back = runs is not None and lane in runs._back
        return back and line is not None and line._leaps(self._index(sent.cell))

    def joins(self, sent: Sent) -> bool:
        """It is all of the cell that is next, and joins what is before it."""
        line, span = self.house.timeline(sent.span.track), sent.span
        own = self.lines[span.track]
        return (
            self.house.point.grid is not None
            and line is not None
            and bool(line.placed)
            and line.next == self._index(sent.cell)
            and abs(sent.fragment.time - line.end) <= own.frame * own.track.timescale / 2
            and (span.first, span.stop) == (own.cut(sent.cell), own.cut(sent.cell + 1))
        )

    def near(self, sent: Sent, honest: set[tuple[str, str, int]]) -> bool:
        """Inside the window and not further ahead than one sender is believed."""
        index = self._index(sent.cell)
        view, line = self.house.view, self.house.timeline(sent.span.track)
        if self.house.point.grid is None:
            first = min((at for _, _, at in honest), default=index)
            return index <= first + view._reach // 2
        if line is not None and line.next is not None:
            now, utc = self.house.now, self.house.utc + self.house.now
            line._moment = None if view.presentation.grid.epoch else Moment(now, utc)
            leaps = line._doubted(sent.copy(index), now)
            return line.next <= index < line.next + line.reach and not leaps
        return view.edge is None or index <= view.edge + view._reach

    def _index(self, cell: int) -> int:
        return cell + self.house.rules.base

"""Every buffer that a sender can drive keeps its limit."""

from relay.gathering import MOST_OPEN
from relay.timeline.held import MOST_HELD
from relay.timeline.suspects import MOST_SUSPECTS
from tests.model.house import House


def check_bounds(house: House, sources: int) -> None:
    """After every step. `sources`: how many there are."""
    for gathering in house.point._gatherings._by.values():
        assert len(gathering._open) <= MOST_OPEN
    for line in house.view.timelines.values():
        assert len(line.placed) <= line.depth
        assert len(line._ahead) <= 4 * line.reach
        assert len(line._held) <= MOST_HELD + MOST_SUSPECTS
        assert len(list(line._suspects)) <= MOST_SUSPECTS * sources
        if line.placed and line.next is not None:
            assert line.placed.indexes == range(line.next - len(line.placed), line.next)

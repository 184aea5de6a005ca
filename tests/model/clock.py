"""The oracle of clocks: who is ahead of his time, and is not believed while nothing has a line."""

from fractions import Fraction

from tests.model.encoder import Sent
from tests.model.house import House

AHEAD = 5_000
"""ms by which an encoder's clock may be ahead of the relay's."""


def ahead(house: House, sent: Sent) -> Fraction:
    """By how many ms the clock of its encoder is ahead of the relay's."""
    end = Fraction(sent.fragment.end, sent.fragment.track.timescale)
    return end * 1000 - house.utc - house.now


def early(house: House, sent: Sent) -> bool:
    """Nothing has a line yet, and none begins ahead of its time."""
    return house.view.edge is None and ahead(house, sent) > AHEAD

"""What the rest of the house must hear of, when the store has taken something.

The view returns it, and whoever carries the river hands it on: the publishing point learns what was
decided, the operator what happened. Each is told once for each member that the store has.
"""

from dataclasses import dataclass

from relay.headers import Change
from relay.media import Header, Pin
from relay.numbering import Grid
from relay.runs import Run


@dataclass(frozen=True, slots=True)
class HeaderPinned:
    """A stream's header is decided."""

    stream: str
    header: Header


@dataclass(frozen=True, slots=True)
class GridPinned:
    """The grid is decided: fragments can be numbered."""

    grid: Grid


@dataclass(frozen=True, slots=True)
class Holes:
    """`count` indexes from `first` on stay empty."""

    track: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A track's bandwidth, which its header leaves out: to be pinned."""

    pin: Pin


@dataclass(frozen=True, slots=True)
class Begun(Measured):
    """A track's timeline has begun: where, is to be pinned."""


@dataclass(frozen=True, slots=True)
class RunPinned:
    """A new run has begun: an encoder's clock was restarted."""

    run: Run


@dataclass(frozen=True, slots=True)
class Changed:
    """A header has changed: what its tracks are from an index on."""

    change: Change
    header: Header


News = HeaderPinned | GridPinned | Holes | Measured | RunPinned | Changed

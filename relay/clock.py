"""The two clocks of the house, handed in wherever time counts."""

from typing import Protocol


class Clock(Protocol):
    """Milliseconds: `now` only rises, `utc` counts from 1970."""

    def now(self) -> int:
        """For waiting and for pace."""
        ...

    def utc(self) -> int:
        """For what people and encoders call the time."""
        ...

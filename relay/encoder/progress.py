"""What people see of a stream of `relay push`."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What a stream is at."""

    PROBING = "probing"
    WAITING = "waiting"
    READY = "ready"
    LIVE = "live"
    FINISHING = "finishing"
    ENDED = "ended"


@dataclass(slots=True)
class Progress:
    """What people see of a stream."""

    state: State = State.PROBING
    fragments: int = 0
    resent: int = 0
    size: int = 0
    posts: int = 0
    answer: str = ""
    skipped: int = 0

"""The words between a plan and its sender: steps, answers, and what people see of a stream."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Answer:
    """A final status. `text` says more, for people."""

    status: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """Send an empty POST; then `probed`."""


@dataclass(frozen=True, slots=True)
class Open:
    """Begin the POST of the media; call `step` for its body; then `closed`."""


@dataclass(frozen=True, slots=True)
class Send:
    """The next bytes of the body."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again at `until`, or when something happens."""

    until: int


@dataclass(frozen=True, slots=True)
class Finish:
    """End the body with its last chunk and wait for the answer; then `closed`."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Break the connection (a fault); then `closed`."""


@dataclass(frozen=True, slots=True)
class End:
    """There is nothing more to do. `clean`: the last POST was answered 200."""

    clean: bool


Step = Probe | Open | Send | Wait | Finish | Cut | End


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

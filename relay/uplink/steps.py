"""The words between what has to be sent (`Duties`, pure) and who carries it (`relay.courier`).

The courier asks `step` what to do, does it, and says what came of it. All times are ms of one
clock, the courier's; sizes count bytes of the body of the POST that is open.
"""

from dataclasses import dataclass
from typing import Protocol

from relay.media import Buffer


@dataclass(frozen=True, slots=True)
class Answer:
    """A final status. `text` says more, for people; `after`: Retry-After in ms, 0 if not said."""

    status: int
    text: str = ""
    after: int = 0

    def __str__(self) -> str:
        return f"{self.status} {self.text}".rstrip()


@dataclass(frozen=True, slots=True)
class Probe:
    """Send an empty POST; then `probed`."""


@dataclass(frozen=True, slots=True)
class Open:
    """Begin the POST of the media; call `step` for its body; then `closed`."""


@dataclass(frozen=True, slots=True)
class Short:
    """A POST of known length, with this body; then `closed`."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Send:
    """The next bytes of the body."""

    data: Buffer


@dataclass(frozen=True, slots=True)
class Fetch:
    """Have the bytes of a stored copy brought; then ask again. `time`: of a sparse track's."""

    track: str
    run: int
    index: int
    time: int | None = None


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


Step = Probe | Open | Short | Send | Fetch | Wait | Finish | Cut | End


class Duties(Protocol):
    """What one stream owes to one receiver, whoever has the media."""

    @property
    def send_timeout(self) -> int:
        """ms without an acknowledgement, while bytes wait, after which a POST is given up."""
        ...

    @property
    def handed(self) -> int:
        """Bytes of the open POST that `step` has given out."""
        ...

    def stop(self) -> None:
        """End cleanly, soon."""
        ...

    def step(self, now: int) -> Step:
        """What to do next."""
        ...

    def probed(self, answer: Answer | None, now: int, why: str = "") -> None:
        """What the probe brought; None: no answer, and `why`."""
        ...

    def acknowledged(self, delivered: int, now: int) -> None:
        """So many bytes of the open POST are the peer's kernel's: a lower bound, which rises."""
        ...

    def closed(self, answer: Answer | None, now: int, delivered: int, why: str = "") -> None:
        """The POST is over, `delivered` bytes of it acknowledged; None: no answer, and `why`."""
        ...

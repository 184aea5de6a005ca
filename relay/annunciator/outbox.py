"""What waits to be told to one receiver, and when it is tried: in order, one at a time, bounded.

    put      one more; of more than `MOST_WAITING` the oldest that is not under way is lost
    due      what to send now, if it is time; the same one until `taken` or `failed`
    failed   it is tried again after a wait that doubles; after `MOST_ATTEMPTS` it is given up

So a receiver that is away for minutes hears everything, in order, when it is back; one that refuses
for good loses message by message, and is counted. Sans-IO; times are in ms of one clock.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from relay.uplink.backoff import Backoff

MOST_WAITING = 256
MOST_ATTEMPTS = 12
"""About seven minutes of one message."""
FIRST_WAIT, LONGEST_WAIT = 1_000, 60_000


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell. `number` is unique."""

    number: str
    body: bytes


@dataclass(slots=True)
class Outbox:
    """The queue of one receiver. `jitter(k)` is a random number below k.

    sent   taken by the receiver;  failed  attempts;  lost  given up, or pushed out by newer ones
    """

    jitter: Callable[[int], int] = lambda _: 0
    sent: int = 0
    failed: int = 0
    lost: int = 0
    _waiting: deque[Message] = field(default_factory=deque)
    _backoff: Backoff = field(init=False)
    _attempts: int = 0
    _under_way: bool = False
    _next: int = 0

    def __post_init__(self) -> None:
        self._backoff = Backoff(FIRST_WAIT, LONGEST_WAIT, self.jitter)

    @property
    def waiting(self) -> int:
        """How many messages wait, with the one under way."""
        return len(self._waiting)

    @property
    def failing(self) -> bool:
        """The last attempt failed."""
        return self._attempts > 0

    def put(self, message: Message) -> None:
        """One more to tell."""
        if len(self._waiting) >= MOST_WAITING:
            del self._waiting[1 if self._under_way else 0]
            self.lost += 1
        self._waiting.append(message)

    def deadline(self) -> int | None:
        """When to ask again; None: not before something is put."""
        return self._next if self._waiting else None

    def due(self, now: int) -> Message | None:
        """What to send now. Every one needs its `taken` or `did_not`."""
        if not self._waiting or now < self._next:
            return None
        self._under_way = True
        return self._waiting[0]

    def taken(self) -> None:
        """The receiver has it."""
        self._done()
        self.sent += 1
        self._next = 0

    def did_not(self, now: int, asked: int = 0) -> None:
        """The attempt failed. `asked`: ms that the answer's Retry-After said."""
        self.failed += 1
        self._attempts += 1
        self._next = now + self._backoff.wait(asked)
        self._under_way = False
        if self._attempts >= MOST_ATTEMPTS:
            attempts = self._attempts
            self._done()
            self.lost += 1
            self._attempts = attempts - 1  # the receiver is no better: the next one has one try
            self._backoff.attempts = attempts

    def _done(self) -> None:
        self._waiting.popleft()
        self._under_way = False
        self._attempts = 0
        self._backoff.well()

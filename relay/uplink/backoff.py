"""When to try again: doubling waits with jitter, without end (SVC-4: unlimited retries)."""

from collections.abc import Callable
from dataclasses import dataclass

MOST_DOUBLINGS = 10
LONGEST_ASKED = 300_000
"""The longest Retry-After that is obeyed, in ms: the other end is a stranger."""


@dataclass(slots=True)
class Backoff:
    """The waits of one stream, in ms: half of a doubling length for sure, the rest by chance.

    `jitter(k)` is a random number below k, handed in.
    """

    first: int
    longest: int
    jitter: Callable[[int], int] = lambda _: 0
    attempts: int = 0

    def wait(self, asked: int = 0) -> int:
        """The wait before the next attempt. `asked`: what the answer's Retry-After said."""
        length = min(self.first << min(self.attempts, MOST_DOUBLINGS), self.longest)
        self.attempts += 1
        wait = length // 2 + self.jitter(length // 2 + 1)
        return max(wait, min(asked, LONGEST_ASKED))

    def well(self) -> None:
        """It went well for a while: the next failure is a first one."""
        self.attempts = 0

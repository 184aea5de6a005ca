"""The states of one stream's connection to one receiver, in an operator's words.

    connecting    about to probe, or to send what follows a probe that was answered 200
    probing       the empty POST is out
    streaming     the POST is open and the receiver takes what there is
    catching_up   the same, and more than a few fragments are left to send
    retrying      the last attempt failed: the next one comes after a wait
    refused       the same, and the receiver's answer says that it does not want this
    paused        nothing to send, or not wanted now
    standby       another relay of the cluster sends to it

Attempts have no limit (SVC-4). A wait is doubled until a POST has lasted for a while.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from relay.uplink.backoff import Backoff
from relay.uplink.steps import Answer

FIRST_WAIT, LONGEST_WAIT = 2_000, 30_000
"""ms; half of a wait is by chance, so the first is 1 to 2 s and the longest 15 to 30 s."""
SETTLED = 5_000
"""ms after which a POST that is taken makes up for the failures before it."""
MOST_CATCHING = 3
"""Fragments of one track that may be left to send before a stream is said to catch up."""
_COME_AGAIN = frozenset((408, 425, 429))


class State(StrEnum):
    """What a stream is at."""

    CONNECTING = "connecting"
    PROBING = "probing"
    STREAMING = "streaming"
    CATCHING_UP = "catching_up"
    RETRYING = "retrying"
    REFUSED = "refused"
    PAUSED = "paused"
    STANDBY = "standby"


class Phase(StrEnum):
    """Where a stream is in its round."""

    REST = "rest"
    PROBE = "probe"
    READY = "ready"
    OPEN = "open"
    FINISH = "finish"
    WAIT = "wait"
    END = "end"


@dataclass(slots=True)
class Attempt:
    """The connection of one stream. Times in ms.

    retries   how many attempts have failed
    failing   since the last failure no POST has settled
    reason    what the receiver, or the network, said to it
    answers   how often the receiver answered with which status, probes included
    """

    backoff: Backoff = field(default_factory=lambda: Backoff(FIRST_WAIT, LONGEST_WAIT))
    phase: Phase = Phase.REST
    reason: str = ""
    retries: int = 0
    posts: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    failing: bool = False
    clean: bool = True
    until: int = 0
    _refused: bool = False
    _taken: bool = False
    _opened: int = 0

    def state(self, backlog: int) -> State:
        """The word for it. `backlog`: fragments of one track that are left to send."""
        match self.phase:
            case Phase.PROBE:
                return State.PROBING
            case Phase.READY:
                return State.CONNECTING
            case Phase.OPEN if not self._taken:
                return State.CONNECTING
            case Phase.OPEN:
                return State.CATCHING_UP if backlog > MOST_CATCHING else State.STREAMING
            case Phase.FINISH:
                return State.STREAMING
            case Phase.WAIT:
                return State.REFUSED if self._refused else State.RETRYING
            case Phase.REST | Phase.END:
                return State.PAUSED

    @property
    def again(self) -> int:
        """When the next one comes; 0: it waits for nothing."""
        return self.until if self.phase is Phase.WAIT else 0

    def probed(self, answer: Answer | None, now: int, why: str) -> None:
        """What the probe brought; media only after 200 (HTTP-2)."""
        if answer is not None and answer.status == 200:
            self.phase = Phase.READY
            self.answers["200"] += 1
        else:
            self.failed(answer, now, why or "no connection")

    def opened(self, now: int) -> None:
        """A POST begins."""
        self.phase, self._opened, self._taken = Phase.OPEN, now, False
        self.posts += 1

    def taken(self, now: int) -> None:
        """The receiver has acknowledged some of the POST."""
        self._taken = True
        if now - self._opened >= SETTLED:
            self.settled()

    def settled(self) -> None:
        """All is well."""
        self.failing = self._refused = False
        self.reason = ""
        self.backoff.well()

    def ended(self, answer: Answer, now: int) -> bool:
        """The POST was ended by us and answered; whether that was a clean end."""
        if answer.status // 100 != 2:
            self.failed(answer, now, "")
            return False
        self.phase, self.clean = Phase.REST, True
        self.answers[str(answer.status)] += 1
        self.settled()
        return True

    def failed(self, answer: Answer | None, now: int, why: str) -> None:
        """The attempt is over, and not as it should be: back off."""
        if answer is not None:
            self.answers[str(answer.status)] += 1
        early = answer is not None and answer.status // 100 == 2
        said = str(answer) if answer is not None else why or "connection lost"
        self.reason = f"{said} before the end of the POST" if early else said
        self._refused = (
            answer is not None
            and answer.status // 100 in (3, 4)
            and answer.status not in _COME_AGAIN
        )
        self.phase, self.clean, self.failing = Phase.WAIT, False, True
        self.retries += 1
        self.until = now + self.backoff.wait(answer.after if answer is not None else 0)

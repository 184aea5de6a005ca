"""How a stream, or all that go to one receiver, stand: plain values for people and monitors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from relay.uplink.attempt import State

_GRAVEST = (
    State.REFUSED,
    State.RETRYING,
    State.PROBING,
    State.CONNECTING,
    State.CATCHING_UP,
    State.STREAMING,
    State.PAUSED,
    State.STANDBY,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Fragments unless something else is said.

    reason       what went wrong last, in words
    sent         acknowledged by the receiver's kernel, each counted once
    lost         left the window before they could go up
    gaps         nobody had them
    retries      attempts that failed
    backlog      left to send;  seconds  the same, on the track that has most
    failing      since the last failure no POST has settled
    again        when it is tried again, in ms of the uplink's clock, and since 1970 where people
                 read it; 0: it does not wait
    answers      how often the receiver answered with which status, probes included
    holder       which relay of the cluster sends to it; "": nobody that is known, or no cluster
    """

    state: State = State.PAUSED
    reason: str = ""
    sent: int = 0
    size: int = 0
    lost: int = 0
    gaps: int = 0
    retries: int = 0
    posts: int = 0
    backlog: int = 0
    seconds: float = 0.0
    failing: bool = False
    again: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)
    holder: str = ""


def together(standings: Sequence[Standing]) -> Standing:
    """Several streams as one: the gravest state with its reason, and sums."""
    if not standings:
        return Standing(reason="no stream yet")
    worst = min(standings, key=lambda one: _GRAVEST.index(one.state))
    return Standing(
        worst.state,
        worst.reason or next((one.reason for one in standings if one.reason), ""),
        sum(one.sent for one in standings),
        sum(one.size for one in standings),
        sum(one.lost for one in standings),
        sum(one.gaps for one in standings),
        sum(one.retries for one in standings),
        sum(one.posts for one in standings),
        sum(one.backlog for one in standings),
        max(one.seconds for one in standings),
        any(one.failing for one in standings),
        min((one.again for one in standings if one.again), default=0),
        dict(sum((Counter(one.answers) for one in standings), Counter())),
    )

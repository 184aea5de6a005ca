"""What an operator is told of an upstream: one line for each change that matters."""

import time

from relay.channel import Channel
from relay.uplink.attempt import State
from relay.uplink.standing import Standing

MOST_LOST_LINES = 10.0
"""Seconds between two lines about what was lost."""


class Report:
    """Of one upstream of a channel."""

    def __init__(self, channel: Channel, name: str) -> None:
        self._channel = channel
        self._name = name
        self._told = State.PAUSED
        self._lost = 0
        self._lost_told = 0.0

    def tell(self, standing: Standing, *, held: bool) -> None:
        """It stands so now. `held`: an operator has paused it, and that was told."""
        state = standing.state if standing.state in _SENTENCES else self._told
        if state is State.STANDBY and not standing.holder:
            state = self._told  # until it is known who sends
        if state is State.STREAMING and self._told is State.CATCHING_UP and standing.backlog:
            state = self._told  # until it has all: near the edge the two take turns
        if held and state is State.PAUSED:
            self._told = state
        elif state is not self._told:
            self._told = state
            grave = state in (State.RETRYING, State.REFUSED)
            why = f": {standing.reason}" if grave or state is State.STANDBY else ""
            text = f"{self._name}: {_SENTENCES[state]}{why}"
            code = f"UPSTREAM_{state.upper()}"
            self._channel.tell(code, text, grave=grave, upstream=self._name)
        now = time.monotonic()
        if standing.lost > self._lost and now - self._lost_told >= MOST_LOST_LINES:
            count = standing.lost - self._lost
            self._lost, self._lost_told = standing.lost, now
            text = (
                f"{self._name}: {count} fragments are lost to it: they left the window, or the"
                " store"
            )
            self._channel.tell("UPSTREAM_LOST", text, grave=True, upstream=self._name, count=count)


_SENTENCES = {
    State.STREAMING: "takes what there is",
    State.CATCHING_UP: "catches up",
    State.RETRYING: "does not take it; tried again without end",
    State.REFUSED: "refuses",
    State.PAUSED: "has nothing to take",
    State.STANDBY: "stands by",
}

"""Where the schedules of regression tests begin: two encoders, and the relay on air."""

from typing import Any

from tests.model.machine import Relay
from tests.model.setting import Setting

A, B = 0, 1
TRACK = 0


def began(**setting: Any) -> Relay:
    relay = Relay()
    relay.begin(setting=Setting(**setting))
    return relay


def on_air(**setting: Any) -> Relay:
    """Two encoders have sent the same three cells."""
    relay = began(**setting)
    relay.deliver_together(cells=3, lag=0)
    return relay


def index(relay: Relay, track: str) -> int:
    line = relay.house.timeline(track)
    assert line is not None
    assert line.next is not None
    return line.next

"""What the API works with: the rooms of a running relay, and how to find things in them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Path, Request

from relay.annunciator.history import History
from relay.channel import Channel
from relay.clock import Clock
from relay.ending import Endings
from relay.errors import ChannelUnknown, ControlConflict, UpstreamUnknown, quoted
from relay.forwarder.office import Office
from relay.monitor.order import PLACE, Order
from relay.programs import Programs
from relay.reset import Reset
from relay.roster import Roster
from relay.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """A running relay. `history`: the alarms. `published`: what a player gets under a path."""

    channels: Mapping[str, Channel]
    settings: Settings
    roster: Roster
    reset: Reset
    programs: Programs
    office: Office
    endings: Endings
    history: History
    clock: Clock
    published: Callable[[str], Awaitable[bytes]]

    def known(self, name: str) -> str:
        """The name of a channel that there is. Raises ChannelUnknown."""
        if name not in self.roster.wanted:
            raise ChannelUnknown(
                f"There is no channel {quoted(name)}.",
                hint="Those that there are: relay channel list",
            )
        return name

    def running(self, name: str) -> Channel:
        """A channel that runs. Raises ChannelUnknown, ControlConflict."""
        channel = self.channels.get(self.known(name))
        if channel is None:
            raise ControlConflict(
                f"{name} is stopped.", hint=f"Start it: relay channel start {name}"
            )
        return channel

    def upstream(self, channel: str, name: str) -> Channel:
        """The running channel that has this upstream. Raises UpstreamUnknown and the above."""
        found = self.running(channel)
        if name not in found.upstreams:
            raise UpstreamUnknown(f"{channel} has no upstream {quoted(name)}.")
        return found


class _State(Protocol):
    desk: Desk


def _desk(request: Request) -> Desk:
    state: _State = request.app.state
    return state.desk


def guarded(request: Request) -> None:
    """Only callers that may change something come further. Raises ControlRefused."""
    order: Order = request.scope[PLACE]
    order.guard(request.scope)


At = Annotated[Desk, Depends(_desk)]
ChannelName = Annotated[str, Path(description="The channel.", examples=["news"], max_length=64)]
NewName = Annotated[
    str,
    Path(description="The channel.", examples=["news"], pattern=r"^[a-z0-9][a-z0-9_]{0,63}$"),
]
SourceName = Annotated[str, Path(description="The source.", examples=["enc_a"], max_length=256)]
UpstreamName = Annotated[str, Path(description="The upstream.", examples=["eu"], max_length=64)]
ProgramName = Annotated[
    str,
    Path(description="The program.", examples=["evening"], pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$"),
]
AlarmNumber = Annotated[str, Path(description="The alarm's id.", examples=["1"], max_length=64)]
CHANGES = [Depends(guarded)]
"""Of every route that changes something."""

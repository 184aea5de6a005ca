"""Sends players on: 404 for documents while a channel is in a trouble that its settings list.

The answer says which, and may be kept for a second, as all that a moment may change. The operator
is told once when it begins and once when it is over, in the journal and in the log: by the first
request that finds it so. Each refusal is counted with the channel.

Each document also says how old what it lists is, for a balancer that decides by itself:

    CMSD-Static     at: when the newest segment came, ms since 1970; ot, sf, st (CTA-5006)
    Live-Edge-Age   seconds since the newest segment's end, by UTC, when this was sent; below 0 when
                    the encoder's clock is ahead. From a cache, add Age.
"""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Protocol

from packagers.resource import What
from packagers.trouble import Trouble, live_edge, troubles
from relay.errors import FailedOver
from relay.presentation import Presentation
from relay.rules import Rules

Headers = tuple[tuple[str, str], ...]

DOCUMENTS: Mapping[What, str] = {
    What.MULTIVARIANT: "h",
    What.PLAYLIST: "h",
    What.MPD: "d",
    What.MPD_BY_TIME: "d",
    What.MPD_BY_DURATION: "d",
    What.SMOOTH: "s",
}
"""What is refused, with its streaming format (sf)."""

_TOLD = {
    Trouble.STALE: "what is published is behind",
    Trouble.GAP: "there is a hole at the live edge",
    Trouble.NO_SOURCE: "no encoder is connected",
}


class Channel(Protocol):
    """A channel, as one decides whether players are better off elsewhere."""

    @property
    def presentation(self) -> Presentation: ...

    @property
    def rules(self) -> Rules: ...

    @property
    def posts(self) -> Mapping[Any, int]: ...

    @property
    def refusals(self) -> Counter[str]: ...

    def tell(self, code: str, text: str, *, grave: bool = False) -> None: ...


def troubles_of(channel: Channel, now: float) -> tuple[Trouble, ...]:
    """What holds of a channel at `now`, UTC seconds; nothing of what has ended."""
    if channel.presentation.ended:
        return ()
    patience = Fraction(channel.rules.patience, 1000)
    return troubles(
        channel.presentation, Fraction(now), patience, connected=any(channel.posts.values())
    )


def headers(what: What, presentation: Presentation, now: float) -> Headers:
    """What a document of a presentation that has something to play says of its age."""
    edge = live_edge(presentation)
    static = f"at={round(presentation.updated * 1000)},ot=m,sf={DOCUMENTS[what]},st=l"
    age = () if edge is None else (("live-edge-age", f"{now - float(edge):.3f}"),)
    return (("cmsd-static", static), *age)


class FailOver:
    """Which channels send players on, so that the beginning and the end of it are told once."""

    def __init__(self) -> None:
        self._refused: set[str] = set()

    def check(self, name: str, channel: Channel, now: float) -> None:
        """Raises FailedOver while the channel `name` sends players on."""
        listed = channel.rules.fail_over
        held = [each for each in troubles_of(channel, now) if each in listed] if listed else []
        if not held:
            if name in self._refused:
                self._refused.discard(name)
                channel.tell("FAIL_OVER_ENDED", "players are served again")
            return
        why = " and ".join(_TOLD[each] for each in held)
        if name not in self._refused:
            self._refused.add(name)
            channel.tell(FailedOver.code, f"players are sent on: {why}", grave=True)
        channel.refusals[FailedOver.code] += 1
        raise FailedOver(f'"{name}" sends players on: {why}.', hint="Ask another relay.")

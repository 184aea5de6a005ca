"""What a balancer in front of several relays wants to know of one: how old its live edge is, and
whether another relay would serve players better just now.

    stale      nothing new came for two fragments and `patience`; or one rendition is as far behind
               the others, and no more than a minute: then it is one that was given up
    gap        a hole among the last three fragments of a rendition, where players begin
    no_source  no encoder is connected, and nothing new came for one fragment and `patience`: an
               encoder that reconnects, or has a POST for each fragment, is not gone

What holds is said at `/{name}.isml/state`. Of those that a channel lists as `fail_over`, each makes
playlists and manifests 404 while it holds, as AWS MediaPackage does it with its endpoint errors: a
cache or balancer then asks its next origin, and players go on there, since the URLs are the same.
Segments are served on: who has a playlist shall have what it names. While any encoder has a
fragment it is late by `patience` at most, so nothing holds then.

Times are UTC seconds. A pure function of what is published and the time.
"""

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction

from relay.media import Kind
from relay.presentation import Presentation, Rendition

GIVEN_UP = 60
"""Seconds of a lag that nobody waits for any more."""
EDGE = 3
"""Fragments at the live edge that players begin with."""


class Trouble(StrEnum):
    """Why players would be better off elsewhere."""

    STALE = "stale"
    GAP = "gap"
    NO_SOURCE = "no_source"


def live_edge(presentation: Presentation) -> Fraction | None:
    """UTC at which the newest segment of any rendition ends; None without one."""
    return max((_end(presentation, each) for each in _playing(presentation)), default=None)


def troubles(
    presentation: Presentation, now: Fraction, patience: Fraction, *, connected: bool
) -> tuple[Trouble, ...]:
    """What holds of a channel that has something to play; () for one that has not.

    `patience` in seconds. `connected`: an encoder is.
    """
    playing, cell = list(_playing(presentation)), presentation.grid.D
    if not playing:
        return ()
    quiet, slack = now - presentation.updated, 2 * cell + patience
    ends = [_end(presentation, rendition) for rendition in playing]
    found = []
    if quiet > slack or any(slack < max(ends) - end <= GIVEN_UP for end in ends):
        found.append(Trouble.STALE)
    if any(segment.gap for rendition in playing for segment in rendition.segments[-EDGE:]):
        found.append(Trouble.GAP)
    if not connected and quiet > cell + patience:
        found.append(Trouble.NO_SOURCE)
    return tuple(found)


def _playing(presentation: Presentation) -> Iterator[Rendition]:
    yield from presentation.of(Kind.VIDEO)
    yield from presentation.of(Kind.AUDIO)


def _end(presentation: Presentation, rendition: Rendition) -> Fraction:
    newest = rendition.segments[-1]
    return rendition.seconds(newest.end) + presentation.epoch_of(newest.run)

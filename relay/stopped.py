"""A channel that was stopped, as players see it: all that it had, and its end.

Nothing comes any more. So its playlists end (EXT-X-ENDLIST), its MPD is static and its Smooth
manifest is on demand, under the URLs that they had: who is playing plays to the end and stops
there, and who comes later finds what was in the window. Segments are served on, byte by byte.

It holds the channel's store, which is closed with it. Started again, the channel is what it was and
its timeline goes on (`relay.channel`); a reset begins anew. A relay that is started while the
channel is stopped opens it from the store alone, and comes to the same.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

import structlog

from relay.arrival import Sender
from relay.numbering import Grid
from relay.presentation import Presentation
from relay.rules import Rules
from relay.store import Store
from relay.view import View

log = structlog.get_logger("relay.stopped")


class Still(Protocol):
    """A channel that carries nothing any more; its store is open."""

    @property
    def name(self) -> str: ...

    @property
    def store(self) -> Store: ...

    @property
    def presentation(self) -> Presentation: ...


class Stopped:
    """What is left to play of a channel. Made by `of` or `open`."""

    def __init__(self, name: str, store: Store, presentation: Presentation) -> None:
        self.name = name
        self.store = store
        self.presentation = replace(presentation, ended=True)
        self.rules = Rules()
        self.posts: Mapping[Sender, int] = {}
        self.refusals: Counter[str] = Counter()

    @classmethod
    def of(cls, channel: Still) -> "Stopped":
        """Of a channel that has just been stopped."""
        return cls(channel.name, channel.store, channel.presentation)

    @classmethod
    async def open(cls, name: str, store: Store, rules: Rules) -> "Stopped":
        """Of a channel that was stopped in another life of the relay. Raises OSError."""
        empty = Presentation(
            name, Grid(rules.duration or Fraction(2)), rules.window, cue_tags=rules.cue_tags
        )
        view = View(empty, rules.patience)
        feed = store.follow()
        view.replay(feed.past, 0)
        feed.close()
        return cls(name, store, view.presentation)

    def tell(self, code: str, text: str, *, grave: bool = False) -> None:
        """Something happened that is worth a line in the log."""
        (log.warning if grave else log.info)(text, code=code, channel=self.name)

    async def close(self) -> None:
        """Close the store."""
        await self.store.close()

"""The rules by which a channel is run: what its configuration amounts to, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Rules:
    """How a channel is run. `duration` (D) and `window` in seconds, `patience` in ms.

    `restarts`: an encoder whose clock was restarted begins a new run; else it is refused.
    `prefer`: whose copies are taken while it delivers. `alias`: other names for tracks, by name.
    `cue_tags`: those older than EXT-X-DATERANGE that playlists have too, "none" for none.
    `fail_over`: in which troubles players are sent on (`packagers.trouble`).
    `peer`: the URL of another relay of the channel, whose numbers count where there are none yet.
    """

    duration: Fraction | None = None
    base: int = 0
    anchor: str = "auto"
    window: Fraction = Fraction(120)
    patience: int = 1_500
    restarts: bool = True
    prefer: str | None = None
    alias: Mapping[str, str] = field(default_factory=dict)
    cue_tags: str = "none"
    fail_over: frozenset[str] = frozenset()
    peer: str | None = None

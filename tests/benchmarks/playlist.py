"""What a new segment costs a media playlist, in a window of a day and in one of two minutes.

    python -m tests.benchmarks playlist [ROUNDS]

Each round adds one segment to each of the windows, in turn, and asks for what a player would then
be sent: the whole playlist, the same in gzip, and a delta update. The figure is the ratio of the
medians in one run; beside it stand the bytes that a refresh transfers. It is also measured what
making every line anew would cost, as it was before the lines were folded.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from packagers import hls
from packagers.origin.documents import Documents
from packagers.resource import Asked, What
from relay.media import Copy, Entry
from relay.numbering import Grid
from relay.presentation import Presentation, fold, register
from tests.benchmarks.windows import LONG, SHORT, Player, compared
from tests.packagers.presentations import video

D = 2
TRACK = video(timescale=90_000)
FIRST = 1_795_000_000 // D
LIMIT = 2.0
"""How many times as long a day's window may take."""


@dataclass
class Window(Player):
    """One window, and who asks for its playlist."""

    documents: Documents = field(default_factory=Documents)
    index: int = FIRST

    def __post_init__(self) -> None:
        empty = Presentation("news", Grid(Fraction(D)), Fraction(self.window))
        self.presentation = register(empty, TRACK, 2_000_000)
        for _ in range(self.window // D):
            self.add()

    def add(self) -> int:
        """A new segment; its size in the playlist is not known here."""
        time = self.index * D * TRACK.timescale
        copy = Copy(
            TRACK.name, 0, self.index, time, D * TRACK.timescale, 50, "a", 1_795_000_000_000, 7
        )
        self.presentation = fold(self.presentation, Entry(copy))
        self.index += 1
        return 0

    def ask(self, skip: str = "", *, gzip: bool = False) -> int:
        (rendition,) = self.presentation.renditions
        asked = Asked("news", What.PLAYLIST, "", track=TRACK.name, skip=skip)
        found = self.documents.find(asked, self.presentation, rendition, gzip=gzip)
        return sum(map(len, found.body))

    def anew(self) -> int:
        (rendition,) = self.presentation.renditions
        return sum(map(len, hls.media(self.presentation, rendition).body))

    def round(self) -> None:
        """One refresh by a player that takes gzip, one that does not, and two that take deltas."""
        took = self.measure("new segment", self.add)
        took += self.measure("whole", self.ask)
        self.times.setdefault("update", []).append(took)
        took += self.measure("whole, gzip", lambda: self.ask(gzip=True))
        self.times.setdefault("update, gzip", []).append(took)
        self.measure("delta", lambda: self.ask("YES"))
        self.measure("delta, gzip", lambda: self.ask("YES", gzip=True))


def main(said: list[str]) -> int:
    """Print the figures; 1 when a day costs more than it may."""
    rounds = int(said[0]) if said else 400
    players = Window(SHORT), Window(LONG)
    sizes = ("whole", "whole, gzip", "delta", "delta, gzip")
    ratios = compared(*players, rounds, "all lines anew", sizes)
    worst = max(ratios["update"], ratios["update, gzip"])
    print(f"\na day takes {worst:.2f} times as long as two minutes; at most {LIMIT}")
    return worst > LIMIT

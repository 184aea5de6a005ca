"""What a new segment costs an MPD, in a window of a day and in one of two minutes.

    python -m tests.benchmarks mpd [ROUNDS]

Two videos and audio. Each round adds one segment to each track of each window, in turn, and asks
for the MPD that a player would then be sent, and for the Smooth manifest. Sound is cut where its
frames let it, so that its timeline of a day has ten thousands of rows: those are kept, and what is
left of the work is copying their text. It is also measured what making all rows anew costs.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from packagers import dash
from packagers.origin.documents import Documents
from packagers.resource import Asked, Resource, What
from packagers.smooth.serving import Serving
from relay.media import Copy, Entry
from relay.numbering import Grid
from relay.presentation import Presentation, fold, register
from relay.store.memory import MemoryStore
from tests.benchmarks.windows import LONG, SHORT, Player, compared
from tests.packagers.smooth.tracks import picture, sound

D = 2
TRACKS = (picture(), picture(bitrate=500_000), sound(timescale=48_000))
FRAME = 1024
FIRST = 1_795_000_000 // D
LIMIT = 3.0
"""How many times as long a day's window may take: there are 240 times as many bytes to copy."""


@dataclass
class Window(Player):
    """One window, and who asks for its MPD."""

    documents: Documents = field(default_factory=Documents)
    smooth: Serving = field(default_factory=Serving)
    store: MemoryStore = field(default_factory=MemoryStore)
    index: int = FIRST

    def __post_init__(self) -> None:
        self.presentation = Presentation("news", Grid(Fraction(D)), Fraction(self.window))
        for track in TRACKS:
            self.presentation = register(self.presentation, track, track.key.bitrate)
        for _ in range(self.window // D):
            self.add()

    def add(self) -> int:
        """A new segment of each track; nothing is sent yet."""
        for track in TRACKS:
            begin, end = (n * D * track.timescale for n in (self.index, self.index + 1))
            if track.channels:
                begin, end = (round(tick / FRAME) * FRAME for tick in (begin, end))
            timing = self.index, begin, end - begin, 50, "a", 1_795_000_000_000, 7
            self.presentation = fold(self.presentation, Entry(Copy(track.name, 0, *timing)))
        self.index += 1
        return 0

    def mpd(self) -> int:
        asked = Asked("news", What.MPD, What.MPD.value)
        return self.documents.find(asked, self.presentation, None).size

    def manifest(self) -> int:
        asked = Asked("news", What.SMOOTH, What.SMOOTH.value)
        # It has no events to read from the store, so it never waits.
        work = self.smooth.resource(asked, self.presentation, self.store)
        try:
            work.send(None)
        except StopIteration as done:
            found: Resource = done.value
            return found.size
        raise AssertionError("it waits")

    def anew(self) -> int:
        return len(dash.mpd(self.presentation))

    def round(self) -> None:
        """One refresh."""
        self.measure("new segments", self.add)
        self.measure("MPD", self.mpd)
        self.measure("Smooth manifest", self.manifest)


def main(said: list[str]) -> int:
    """Print the figures; 1 when a day costs more than it may."""
    rounds = int(said[0]) if said else 200
    players = Window(SHORT), Window(LONG)
    ratios = compared(*players, rounds, "all rows anew", ("MPD", "Smooth manifest"))
    worst = ratios["MPD"]
    print(f"\na day's MPD takes {worst:.2f} times as long as one of two minutes; at most {LIMIT}")
    return worst > LIMIT

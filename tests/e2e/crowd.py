"""Many channels with many sources, without media: the relay's own rooms, filled as encoders would.

Each channel has `tracks` and `SOURCES`; of each index one source wins in turn and the others'
copies are duplicates. What the page is told is what `relay.monitor` makes of that.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from relay.diagnosis import Diagnosis
from relay.journal import MOST_EVENTS, Journal
from relay.media import Copy, Entry, Kind, Verdict
from relay.monitor.board import board
from relay.monitor.history import History
from relay.numbering import Grid
from relay.presentation import Presentation, fold, register
from relay.uplink.attempt import State
from relay.uplink.standing import Standing
from tests.pieces import track

SOURCES = ("enc_a", "enc_b", "enc_c")
D = Fraction(2)
CELL = 2_000
SIZE = 200_000
PATIENCE = 1_500


class Crowd:
    """Channels by name, each with so many tracks. `utc`: ms since 1970."""

    def __init__(self, tracks: Mapping[str, int], utc: int) -> None:
        self._channels = {name: _Channel(count) for name, count in tracks.items()}
        self._first = self._next = utc // CELL
        self.utc = utc

    def at(self, utc: int) -> dict[str, Any]:
        """What the board says at this time, when everything came that had to."""
        self.utc = utc
        while (self._next + 1) * CELL <= utc:
            for channel in self._channels.values():
                channel.arrive(self._next)
            self._next += 1
        return {name: channel.look(utc) for name, channel in self._channels.items()}


class _Channel:
    def __init__(self, tracks: int) -> None:
        self.shown = Presentation("crowd", Grid(D), Fraction(120))
        kinds = [Kind.AUDIO if at == tracks - 1 else Kind.VIDEO for at in range(tracks)]
        self.tracks = [track(f"track-{at}", kind) for at, kind in enumerate(kinds)]
        for each in self.tracks:
            self.shown = register(self.shown, each, each.key.bitrate)
        self.diagnosis = Diagnosis("crowd", PATIENCE)
        self.journal = Journal()
        for number in range(MOST_EVENTS):  # full from the start, so that it does not grow
            self.journal.note(0, "SOURCE_CONNECTED", f"{number} of many")
        self.history = History()
        self.sent = 0

    def arrive(self, index: int) -> None:
        """All copies of an index."""
        for each in self.tracks:
            for place, source in enumerate(SOURCES):
                late = 40 * place + index % 7
                came = _copy(each.name, index, source, (index + 1) * CELL + late)
                wins = place == index % len(SOURCES)
                self.diagnosis.tally.note(came, Verdict.ACCEPTED if wins else Verdict.DUPLICATE)
                if wins:
                    self.shown = fold(self.shown, Entry(came))
        self.sent += SIZE * len(self.tracks)
        if index % 15 == 0:
            self.journal.note(index * CELL, "SOURCE_DRIFT", f"fragment {index} of many")

    def look(self, utc: int) -> dict[str, Any]:
        upstreams = {
            name: Standing(State.STREAMING, sent=self.sent // SIZE, size=self.sent, posts=1)
            for name in ("eu", "us")
        }
        facts = board(
            self.shown,
            self.diagnosis,
            self.journal,
            {},
            numbered=True,
            patience=PATIENCE,
            utc=utc,
            upstreams=upstreams,
            posts=dict.fromkeys(SOURCES, 1),
        )
        sizes = {("sources", source): self.sent for source in SOURCES}
        sizes |= {("upstreams", name): self.sent for name in upstreams}
        self.history.took(utc, facts, sizes)
        return facts


def _copy(name: str, index: int, source: str, arrival: int) -> Copy:
    return Copy(
        track=name,
        run=0,
        index=index,
        time=index * CELL,
        duration=CELL,
        sample_count=50,
        source=source,
        arrival=arrival,
        size=SIZE,
    )

"""The ledger: what was completely delivered by which leg, and the oracle of what must come of it.

A *leg* is one encoder on its way to the relay; its proxy writes down each fragment whose last byte
it has handed to the relay's socket. Everything that is expected of the relay follows from that by
plain set arithmetic. A fragment's index is computed here from its middle, in rationals.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from tests.e2e import boxes
from tests.faults.tap import Fragment

Meaning = tuple[int, int, tuple[int, ...], str]
"""Time, duration, sizes of the samples, hash of the media: what must come out as it went in."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A fragment that a leg has delivered. `at`: when, in seconds of the loop's clock."""

    leg: str
    index: int
    at: float
    fragment: Fragment

    @property
    def meaning(self) -> Meaning:
        return meaning(self.fragment.moof)


@dataclass(slots=True)
class Ledger:
    """What went to one channel. `D` in seconds."""

    D: Fraction
    sent: list[Sent] = field(default_factory=list)
    kills: int = 0

    def note(self, leg: str, fragment: Fragment, at: float) -> None:
        """A fragment went out whole."""
        moof = fragment.moof
        middle = Fraction(2 * moof.time + moof.duration, 2 * fragment.timescale)
        self.sent.append(Sent(leg, int(middle // self.D), at, fragment))

    def tracks(self) -> set[str]:
        return {sent.fragment.track for sent in self.sent}

    def of(self, track: str, legs: Iterable[str] = ()) -> dict[int, list[Sent]]:
        """What was delivered of a track, by index; by these legs, or by any."""
        chosen = set(legs)
        found: dict[int, list[Sent]] = defaultdict(list)
        for sent in self.sent:
            if sent.fragment.track == track and (not chosen or sent.leg in chosen):
                found[sent.index].append(sent)
        return dict(found)

    def holes(self, track: str, first: int, last: int) -> list[int]:
        """The indexes that nobody has delivered: those, and only those, may be gaps."""
        known = self.of(track)
        return [index for index in range(first, last + 1) if index not in known]

    def count(self, leg: str) -> int:
        """How many fragments a leg has delivered, those that it repeated included."""
        return sum(sent.leg == leg for sent in self.sent)


def meaning(moof: boxes.Moof) -> Meaning:
    return moof.time, moof.duration, moof.sizes, moof.media

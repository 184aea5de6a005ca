"""Copies of one track from so far ahead that one alone changes nothing.

A damaged time must not move a line: the line would not wait for what is before it, and what sound
encoders send next would come too late. Nor must an encoder be lost whose clock really jumped, or
one that is ahead of another that dies. So what a source sent in a row from there is kept, beside
when each source last delivered where the line is, and it convinces when there are three, and

    a leap      further ahead than `LEAP`, while the line goes on: no other source delivers where
                the line is. Three cells of silence, and it is no leap: who comes back live has left
                out what he could not send
    a walk      ahead of its time by more than that, step by step, and of what others have sent:
                an encoder that does not keep the pace of live. The same
    beyond      further ahead than what the timeline's `reach` allows: nobody has delivered where
                the line is for three cells, not even this source itself

A source that delivers there again has only been damaged, and what it had sent from ahead goes.
Strangers name themselves, so what is kept is bounded in sources, in copies of each and in bytes;
one copy may always be larger. `now` and `silence` in ms.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from relay.gathering import Offer
from relay.media import Copy
from relay.runs import LEAP

CONVINCING = 3
MOST_SUSPECTS = 8
"""Sources whose suspects are kept, the newest, and copies of each."""
MOST_BYTES = 64 << 20


@dataclass(slots=True)
class Suspects:
    """The suspects of one track, by source. `reached`: the highest index that was none."""

    reached: int = 0
    _by: dict[str, list[Offer]] = field(default_factory=dict)
    _went_on: dict[str, tuple[int, int]] = field(default_factory=dict)  # when, and up to where

    def __iter__(self) -> Iterator[Offer]:
        return (offer for line in self._by.values() for offer in line)

    def goes_on(self, source: str, index: int, now: int) -> None:
        """A source has delivered where the line is; what that has reached is suspect no more."""
        for who in [who for who, line in self._by.items() if line[-1].copy.index <= index]:
            del self._by[who]
        self._by.pop(source, None)
        self.reached = max(self.reached, index)
        _, before = self._went_on.pop(source, (now, index))
        self._went_on[source] = now, max(index, before)  # the newest, last
        if len(self._went_on) > MOST_SUSPECTS:
            del self._went_on[next(iter(self._went_on))]

    def goes(self, since: int) -> bool:
        """The line has gone on since then."""
        return any(at > since for at, _ in self._went_on.values())

    def left_behind(self, source: str, index: int, since: int) -> bool:
        """Another source has gone on since then, and is far behind this one."""
        return any(
            at > since and reached < index - LEAP
            for who, (at, reached) in self._went_on.items()
            if who != source and who not in self._by
        )

    def leading_to(self, copy: Copy) -> list[Offer]:
        """What its source has sent in a row before it, which is believed when it is."""
        line = self._by.pop(copy.source, [])
        return line if line and line[-1].copy.index + 1 == copy.index else []

    def convinces(self, line: list[Offer], since: int, *, leap: bool) -> bool:
        """Whether the line moves on to where this one is; `since` as in `goes`."""
        if len(line) < CONVINCING:
            return False
        if not leap:
            return not self.goes(since)
        # Who is ahead himself does not go on with the line, and this one is.
        return not any(at > since for who, (at, _) in self._went_on.items() if who not in self._by)

    def add(self, offer: Offer) -> list[Offer]:
        """One more; what its source has sent in a row with it."""
        line = self._by.pop(offer.copy.source, [])
        self._by[offer.copy.source] = line  # the newest, last
        if line and offer.copy.index != line[-1].copy.index + 1:
            line.clear()
        line.append(offer)
        while len(line) > MOST_SUSPECTS or (len(line) > CONVINCING and _size(line) > MOST_BYTES):
            del line[0]
        while len(self._by) > 1 and (
            len(self._by) > MOST_SUSPECTS or sum(map(_size, self._by.values())) > MOST_BYTES
        ):
            del self._by[next(iter(self._by))]
        return list(line)

    def took(self, offer: Offer, now: int, silence: int, *, leap: bool) -> list[Offer]:
        """One more came; what is believed now, if that is enough: the line goes on there, and
        nothing from before counts. Half a copy convinces nobody."""
        copy = offer.copy
        line = [] if copy.partial else self.add(offer)
        if not self.convinces(line, now - silence, leap=leap):
            return []
        self.clear()
        self.goes_on(copy.source, copy.index, now)
        return line

    def clear(self) -> None:
        """The line is another one."""
        self._by.clear()
        self._went_on.clear()


def _size(line: list[Offer]) -> int:
    return sum(offer.copy.size for offer in line)

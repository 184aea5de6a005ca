"""The alarms of the last hours: what began when, what was measured, when it ended.

It is shown everything that is amiss now, again and again, and finds out what has changed (the
annunciator of a control room, ISA 18.1):

    settle      what has to hold for a while before it is an alarm (`Amiss.settle`), so that one
                late fragment is none
    CLEARING    what is no longer so has to be gone for that long before the alarm is over: one that
                comes and goes each second is one alarm, not a hundred
    acknowledge an operator has seen it; it changes nothing else, and may come after its end

An alarm that begins again is another one, with an id of its own. Strangers can name subjects, so
what stands is bounded: beyond `MOST_STANDING` nothing new is kept or told. Of those that are over
the last `MOST_PAST` are kept. In memory only: a relay that is started again begins a new list.
Sans-IO; times are in ms since 1970.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

CLEARING = 5_000
MOST_STANDING = 1_024
MOST_PAST = 500


class Key(NamedTuple):
    """What an alarm is about. `channel` is "" for the relay itself."""

    code: str
    channel: str
    subject: str


@dataclass(frozen=True, slots=True)
class Amiss:
    """Something that is not as it should be, now.

    sentence             what it is, and what mends it
    measured, configured the figure, and what it is held against, with units; "" where there is none
    grave                the operator should look
    settle               ms that it has to hold before it is an alarm
    """

    sentence: str
    measured: str = ""
    configured: str = ""
    grave: bool = True
    settle: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm, from its beginning. `until`, `acknowledged`: when, None while they are not."""

    id: int
    key: Key
    amiss: Amiss
    since: int
    until: int | None = None
    acknowledged: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm was raised, or, with `until`, cleared."""

    alarm: Alarm

    @property
    def raised(self) -> bool:
        return self.alarm.until is None


class History:
    """The alarms of a relay. `first`: the id of the first one."""

    def __init__(self, first: int = 1) -> None:
        self._next = first
        self._coming: dict[Key, int] = {}  # since when
        self._standing: dict[Key, Alarm] = {}
        self._seen: dict[Key, int] = {}  # when it was last so
        self._past: dict[int, Alarm] = {}

    def __iter__(self) -> Iterator[Alarm]:
        """All that is kept, newest first."""
        kept = [*self._standing.values(), *self._past.values()]
        return iter(sorted(kept, key=lambda alarm: alarm.id, reverse=True))

    @property
    def standing(self) -> Mapping[Key, Alarm]:
        """What is amiss now."""
        return self._standing

    def unacknowledged(self) -> int:
        """How many nobody has seen, of those that stand and those that are over."""
        return sum(alarm.acknowledged is None for alarm in self)

    def look(self, found: Mapping[Key, Amiss], utc: int) -> list[Change]:
        """This is all that is amiss now. What has changed, in order."""
        told: list[Change] = []
        self._coming = {key: since for key, since in self._coming.items() if key in found}
        for key, amiss in found.items():
            if key in self._standing:
                self._standing[key] = replace(self._standing[key], amiss=amiss)
                self._seen[key] = utc
                continue
            since = self._coming.get(key, utc)
            if len(self._coming) < MOST_STANDING:
                self._coming[key] = since
            if utc - since >= amiss.settle and len(self._standing) < MOST_STANDING:
                self._coming.pop(key, None)
                told.append(Change(self._raise(key, amiss, since, utc)))
        gone = [key for key in self._standing if key not in found]
        over = [key for key in gone if utc - self._seen[key] >= CLEARING]
        return [*told, *(Change(self._clear(key)) for key in over)]

    def acknowledge(self, number: int, utc: int) -> Alarm | None:
        """An operator has seen it; None when there is no such alarm. Again is as once."""
        for alarm in self:
            if alarm.id == number:
                known = alarm.acknowledged
                seen = replace(alarm, acknowledged=utc if known is None else known)
                if alarm.until is None:
                    self._standing[alarm.key] = seen
                else:
                    self._past[number] = seen
                return seen
        return None

    def _raise(self, key: Key, amiss: Amiss, since: int, utc: int) -> Alarm:
        alarm = self._standing[key] = Alarm(self._next, key, amiss, since)
        self._seen[key] = utc
        self._next += 1
        return alarm

    def _clear(self, key: Key) -> Alarm:
        alarm = replace(self._standing.pop(key), until=self._seen.pop(key))
        self._past[alarm.id] = alarm
        if len(self._past) > MOST_PAST:
            del self._past[min(self._past)]
        return alarm

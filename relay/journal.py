"""What happened on a channel, newest last: the list that an operator reads.

An event is a change, never a fragment. Its code word is that of the log line beside it. The list is
bounded, and one that repeats itself within seconds (an encoder that connects for every fragment)
moves to the end and counts, so that it cannot push everything else out.
"""

from dataclasses import dataclass, field

MOST_EVENTS = 50
REPEATS = 8
WITHIN_MS = 20_000
"""How many events and how long back an equal one is looked for."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `at`: ms since 1970, of the last time; `grave`: the operator should look."""

    at: int
    code: str
    text: str
    grave: bool = False
    count: int = 1


@dataclass(slots=True)
class Journal:
    """The last events of one channel by their number, in order."""

    events: dict[int, Event] = field(default_factory=dict)
    _next: int = 1

    def note(self, at: int, code: str, text: str, *, grave: bool = False) -> None:
        """Something happened."""
        count = 1
        for number in list(self.events)[-REPEATS:]:
            known = self.events[number]
            if (known.code, known.text) == (code, text) and at - known.at <= WITHIN_MS:
                count += self.events.pop(number).count
        self.events[self._next] = Event(at, code, text, grave, count)
        self._next += 1
        if len(self.events) > MOST_EVENTS:
            del self.events[min(self.events)]

"""What each stream of a channel begins with, as the store's pins say it, over time.

A stream has a canonical header. It may have others beside it: one that shows more tracks, or a
configuration that has changed. As long as they follow each other they are versions of one line; one
that shows only tracks which the stream did not have gets a line of its own, to the same URL, since
neither header could carry the other's fragments.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from relay.headers import Change
from relay.ingest.smooth import read_header
from relay.media import Header, Pin


@dataclass(slots=True)
class Course:
    """One line upwards: `Streams({stream})`, and its headers, oldest first."""

    stream: str
    headers: list[Header] = field(default_factory=list)


@dataclass(slots=True)
class Catalogue:
    """The courses of one channel by a name of their own, in the order of their appearance."""

    courses: dict[str, Course] = field(default_factory=dict)

    def take(self, pin: Pin) -> bool:
        """The store has a pin; whether it says anything about headers. Raises EncoderError."""
        what, _, name = pin.name.partition("/")
        if what == "header":
            stream = name.partition("/")[0]
            self._add(stream, read_header(stream, pin.value), follows=False)
            return True
        if what == "change":
            change = Change.read(pin)
            self._add(change.stream, read_header(change.stream, change.header), follows=True)
            return True
        return False

    def _add(self, stream: str, header: Header, *, follows: bool) -> None:
        course = self.courses.setdefault(stream, Course(stream))
        known = _names(course.headers[-1]) if course.headers else set()
        if not follows and not known <= _names(header):
            mark = sha256(header.data).hexdigest()[:8]
            course = self.courses.setdefault(f"{stream}/{mark}", Course(stream))
            others = {name for one in self.courses[stream].headers for name in _names(one)}
            rest = tuple(told for told in header.tracks if told.track.name not in others)
            header = Header(header.data, rest)
        if header.tracks and all(header.data != one.data for one in course.headers):
            course.headers.append(header)


def _names(header: Header) -> set[str]:
    return {told.track.name for told in header.tracks}

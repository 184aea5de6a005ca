"""EXT-X-DATERANGE (RFC 8216 4.3.2.7): what is signalled, in every media playlist.

A splice out of the network and the one back in are a pair, and share an ID (4.3.2.7.1): the first
tag has SCTE35-OUT and, where the length is known, PLANNED-DURATION; the second repeats START-DATE,
and has SCTE35-IN and the DURATION that came about. What leads nowhere is SCTE35-CMD. A tag never
changes once it is there; the second is added when it is known.

    ID           {trackName}-{event}-{milliseconds since 1970 of the out}
    START-DATE   in milliseconds, rounded as EXT-X-PROGRAM-DATE-TIME is: what begins with a segment
                 has that segment's very date

The event alone would not do for an ID: some encoders give every break the number 1. An "in" whose
"out" is not known any more, since the break was longer than the window, is a range of its own.

The tags have no place among segments (they apply to the playlist), so they stand in one block: a
segment's lines stay what they are. All playlists of a channel list the same, but for a range that
ends at their first segments: what has ended before them is not listed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from packagers.signals.scte35 import Direction
from packagers.signals.signal import Signal, cues

_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Range:
    """A break, or a moment that is signalled: `out`, `back`, both, or `command`, as sections.

    event     the number that encoder and inserter know it by
    planned   seconds that it is said to last;  end  when it was over
    seen      of the signal that begins it, as there;  ended  of the one that ends it
    """

    id: str
    event: int
    start: Fraction
    planned: Fraction | None = None
    end: Fraction | None = None
    out: bytes = b""
    back: bytes = b""
    command: bytes = b""
    seen: Mapping[str, int] = field(default_factory=dict)
    ended: Mapping[str, int] = field(default_factory=dict)

    @property
    def latest(self) -> Fraction:
        """When it is over, as far as is known."""
        return self.end or self.start + (self.planned or 0)


@dataclass(frozen=True, slots=True)
class Tag:
    """One EXT-X-DATERANGE. `text`: its line, without the end of it.

    seen    last index that each rendition had when it came into the playlists
    latest  UTC seconds at which its range is over, as far as is known
    """

    id: str
    text: str
    seen: Mapping[str, int]
    latest: Fraction


def ranges(signals: Iterable[Signal]) -> list[Range]:
    """The ranges that merged signals make, in order of their starts."""
    found: list[Range] = []
    under_way: dict[tuple[str, int], int] = {}
    for signal in cues(signals):
        splice = signal.splice
        if splice is None:
            continue
        event = signal.id if splice.event_id is None else splice.event_id
        key, begins = (signal.track, event), signal.begins
        identity = f"{signal.track}-{event}-{_millis(begins)}"
        fresh = Range(identity, event, begins, signal.duration, seen=signal.seen)
        if splice.direction is Direction.OUT:
            under_way[key] = len(found)
            found.append(replace(fresh, out=splice.section))
        elif splice.direction is Direction.NONE:
            found.append(replace(fresh, command=splice.section))
        elif key in under_way:
            at = under_way.pop(key)
            found[at] = replace(found[at], end=begins, back=splice.section, ended=signal.seen)
        else:
            found.append(replace(fresh, planned=None, back=splice.section))
    return found


def tags(signals: Iterable[Signal]) -> list[Tag]:
    """The tags that merged signals make, in order of their ranges."""
    return [Tag(one.id, *told, one.latest) for one in ranges(signals) for told in _texts(one)]


def _texts(one: Range) -> list[tuple[str, Mapping[str, int]]]:
    head = f'#EXT-X-DATERANGE:ID="{one.id}",START-DATE="{_date(one.start)}"'
    planned = "" if one.planned is None else f",PLANNED-DURATION={seconds(one.planned)}"
    if one.command:
        return [(f"{head}{planned},SCTE35-CMD=0x{one.command.hex().upper()}", one.seen)]
    found = []
    if one.out:
        found.append((f"{head}{planned},SCTE35-OUT=0x{one.out.hex().upper()}", one.seen))
    if one.back:
        lasted = "" if one.end is None else f",DURATION={seconds(one.end - one.start)}"
        told = one.ended if one.out else one.seen
        found.append((f"{head}{lasted},SCTE35-IN=0x{one.back.hex().upper()}", told))
    return found


def _millis(seconds: Fraction) -> int:
    """Milliseconds, rounded by way of microseconds, as the date of a segment is."""
    micros = (seconds.numerator * 1_000_000 + seconds.denominator // 2) // seconds.denominator
    return (micros + 500) // 1000


def _date(seconds: Fraction) -> str:
    whole, millis = divmod(_millis(seconds), 1000)
    return f"{_1970 + timedelta(seconds=whole):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def seconds(duration: Fraction) -> str:
    """Seconds as playlists write them, to the microsecond."""
    whole, micros = divmod(round(duration * 1_000_000), 1_000_000)
    return f"{whole}.{micros:06d}"

"""What a store of one process knows by heart: its members by key, in the order of their puts.

Both stores put each member on a shelf once it is as safe as they promise. The shelf decides
nothing but "first under its key", answers `find`, feeds the followers, and drops what is trimmed.

A day of several tracks is half a million records, so a record is small: a member with slots and the
few facts by which its store finds the bytes. The order of the puts is the dictionary's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from relay.media import Buffer, Copy, Member, Pin
from relay.store import Key
from relay.store.feed import MemberFeed

FILL = "fill"
"""`beside` of a fill; that of an event is its time, that of any other copy or gap is empty."""


@dataclass(slots=True)
class Record:
    """A member on the shelf; each store adds where the bytes are."""

    member: Member


R = TypeVar("R", bound=Record)


def key_of(member: Member) -> Key:
    """What a member competes for: a gap and a copy of the same index for the same thing, a fill
    only with other fills, an event with its copies."""
    if isinstance(member, Pin):
        return member.name
    beside = ""
    if isinstance(member, Copy):
        beside = f"@{member.time}" if member.event else FILL if member.fill else ""
    return member.track, member.run, member.index, beside


def check_size(member: Member, data: Sequence[Buffer]) -> None:
    """Raise ValueError unless `data` is what the member says: a copy's `size` bytes, else none."""
    said = member.size if isinstance(member, Copy) else 0
    found = sum(len(part) for part in data)
    if said != found:
        raise ValueError(f"{key_of(member)} says {said} bytes, {found} were given")


class Shelf(Generic[R]):
    """Records by key, in the order in which they were added."""

    def __init__(self) -> None:
        self._records: dict[Key, R] = {}
        self._lowest: dict[tuple[str, int], int] = {}
        self._beside: dict[tuple[str, int], list[Key]] = {}
        self._feeds: list[MemberFeed] = []
        self._ended = False

    def __contains__(self, key: Key) -> bool:
        return key in self._records

    def add(self, record: R) -> None:
        """Add a record whose key is free, and hand its member to every feed."""
        key = key_of(record.member)
        self._records[key] = record
        if not isinstance(key, str):
            track, run, index, beside = key
            line = track, run
            if beside:
                self._beside.setdefault(line, []).append(key)
            self._lowest[line] = min(self._lowest.get(line, index), index)
        for feed in self._feeds:
            feed.offer(record.member)

    def record(self, track: str, run: int, index: int, time: int | None = None) -> R | None:
        """The record of a copy, else that of the fill; with a time, that of an event."""
        if time is not None:
            return self._records.get((track, run, index, f"@{time}"))
        record = self._records.get((track, run, index, ""))
        if record is None or not isinstance(record.member, Copy):
            record = self._records.get((track, run, index, FILL))
        return record

    def copy(self, track: str, run: int, index: int) -> Copy | None:
        """The copy of an index, else its fill."""
        record = self.record(track, run, index)
        return record.member if record is not None and isinstance(record.member, Copy) else None

    def follow(self) -> MemberFeed:
        """A feed that begins here."""
        feed = MemberFeed(tuple(r.member for r in self._records.values()), self._forget)
        self._feeds.append(feed)
        if self._ended:
            feed.end()
        return feed

    def trim(self, track: str, run: int, floor: int) -> list[R]:
        """Take away what this track and run have below the index `floor`, and return it."""
        line = track, run
        lowest = self._lowest.get(line)
        if lowest is None or lowest >= floor:
            return []
        self._lowest[line] = floor
        if floor - lowest <= len(self._records):
            # Trims follow the live edge: a few indexes at a time, so only these are looked up.
            keys: list[Key] = [(track, run, index, "") for index in range(lowest, floor)]
        else:
            keys = [k for k in self._records if k[:2] == line and not k[3] and int(k[2]) < floor]
        beside = self._beside.pop(line, [])
        keys += [key for key in beside if int(key[2]) < floor]
        if kept := [key for key in beside if int(key[2]) >= floor]:
            self._beside[line] = kept
        return [self._records.pop(key) for key in keys if key in self._records]

    def clear(self) -> None:
        """Forget everything, and end every feed: what it showed is no more."""
        self._records.clear()
        self._lowest.clear()
        self._beside.clear()
        for feed in self._feeds:
            feed.end()
        self._feeds.clear()

    def end(self) -> None:
        """End every feed, those still to be opened too."""
        self._ended = True
        for feed in self._feeds:
            feed.end()

    def _forget(self, feed: MemberFeed) -> None:
        if feed in self._feeds:
            self._feeds.remove(feed)

"""A store for tests of what the rest of the house holds in memory."""

from collections.abc import Sequence

from relay.media import Buffer, Copy, Member
from relay.store.feed import MemberFeed
from relay.store.unshared import Unshared


class Forgetful(Unshared):
    """A store that takes everything and keeps nothing but the keys."""

    def __init__(self) -> None:
        self.keys: set[object] = set()
        self._feeds: list[MemberFeed] = []

    async def put(self, member: Member, data: Sequence[Buffer] = ()) -> bool:
        key = (member.track, member.index) if isinstance(member, Copy) else member
        if key in self.keys:
            return False
        self.keys.add(key)
        for feed in self._feeds:
            feed.offer(member)
        return True

    @property
    def degraded(self) -> str:
        return ""

    async def clear(self) -> None:
        self.keys.clear()

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        return None

    async def parts(
        self, track: str, run: int, index: int, time: int | None = None
    ) -> Sequence[Buffer] | None:
        return None

    def find(self, track: str, run: int, index: int) -> Copy | None:
        return None

    def follow(self) -> MemberFeed:
        feed = MemberFeed([], self._feeds.remove)
        self._feeds.append(feed)
        return feed

    async def trim(self, track: str, run: int, floor: int) -> int:
        return 0

    async def close(self) -> None:
        for feed in self._feeds:
            feed.end()

"""Two regions with an encoder each, which forward to each other: what one lost, the other fills in
before it is declared a gap."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from relay.forwarder.destination import Destination
from relay.forwarder.forwarder import Forwarder
from relay.media import Verdict
from tests import door
from tests.door import PATH, TRACK, Door, header, published, shown, verdicts, video
from tests.server.wire import eventually

COUNT = 8
LOST = {2, 3}, {5}
"""What the encoder of the first, and of the second region does not deliver."""


@asynccontextmanager
async def regions(*, joined: bool) -> AsyncIterator[tuple[Door, Door]]:
    """`joined`: each forwards to the other."""
    async with AsyncExitStack() as stack:
        eu = await stack.enter_async_context(door.opened())
        us = await stack.enter_async_context(door.opened())
        for here, there in ((eu, us), (us, eu)) if joined else ():
            url = f"http://127.0.0.1:{there.address[1]}/news.isml?source=region"
            forwarder = Forwarder(here.channel, [Destination("region", url)], None)
            forwarder.open()
            stack.push_async_callback(forwarder.close)
        yield eu, us


async def _pushed(region: Door, indexes: Iterable[int]) -> None:
    body = header() + b"".join(video(index) for index in indexes)
    assert (await region.push(f"{PATH}?source=encoder", body)).status == 200


async def _late(region: Door) -> None:
    """Until what is missing can only be a gap, and one more fragment has come."""
    region.clock.at += 1_000_000
    await _pushed(region, [COUNT])


async def test_what_one_region_lost_comes_from_the_other_before_it_is_a_gap() -> None:
    async with regions(joined=True) as both:
        for region, lost in zip(both, LOST, strict=True):
            await _pushed(region, (n for n in range(COUNT) if n not in lost))
        for region in both:
            await shown(region.channel, range(COUNT))
            assert region.channel.gaps == {}
        for region, lost in zip(both, LOST, strict=True):
            assert verdicts(region.channel)["region"][Verdict.ACCEPTED] >= len(lost)
        for index in range(COUNT):
            eu, us = [await each.channel.store.get(TRACK, 0, index) for each in both]
            assert eu == us
        assert await eventually(lambda: [_sent(region) for region in both] == [COUNT, COUNT])
        await asyncio.sleep(1)  # what would go round goes on
        assert [_sent(region) for region in both] == [COUNT, COUNT]


@pytest.mark.parametrize("which", range(2))
async def test_without_the_other_region_it_is_a_gap(which: int) -> None:
    async with regions(joined=False) as both:
        region, lost = both[which], LOST[which]
        await _pushed(region, (n for n in range(COUNT) if n not in lost))
        await _late(region)
        wanted = [~n if n in lost else n for n in range(COUNT + 1)]
        assert await eventually(lambda: published(region.channel) == wanted)


def _sent(region: Door) -> int:
    return region.channel.upstreams["region"]().sent

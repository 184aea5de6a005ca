"""Relays that forward to each other: what comes back is known, and nothing goes round twice."""

import asyncio

import pytest

from relay.forwarder.destination import Destination
from relay.forwarder.forwarder import Forwarder
from relay.media import Verdict
from tests import door
from tests.door import PATH, header, shown, verdicts, video
from tests.server.wire import eventually

COUNT = 6


def sent(relay: door.Door) -> int:
    return relay.channel.upstreams["next"]().sent


@pytest.mark.parametrize("first", range(2))
async def test_a_loop_over_another_relay_carries_everything_once(first: int) -> None:
    async with door.opened() as one, door.opened() as other:
        relays = (one, other)
        forwarders = []
        for at, to in ((one, other), (other, one)):
            url = f"http://127.0.0.1:{to.address[1]}/news.isml"
            forwarders.append(Forwarder(at.channel, [Destination("next", url, speed=100)], None))
            forwarders[-1].open()
        try:
            fed, fed_back = relays[first], relays[1 - first]
            await fed.push(PATH, header() + b"".join(map(video, range(COUNT))))
            for relay in relays:
                await shown(relay.channel, range(COUNT))
            assert await eventually(lambda: [sent(relay) for relay in relays] == [COUNT, COUNT])
            came_back = sum(
                counts.get(Verdict.DUPLICATE, 0) for counts in verdicts(fed.channel).values()
            )
            assert came_back == COUNT
            await asyncio.sleep(1)  # what would go round goes on
            assert [sent(relay) for relay in relays] == [COUNT, COUNT]
            posts = [relay.channel.upstreams["next"]().posts for relay in relays]
            assert posts == [1, 1]
            assert fed.rejected == fed_back.rejected == {}
        finally:
            await asyncio.gather(*(forwarder.close() for forwarder in forwarders))

"""A relay that starts after an encoder began again at zero: with a peer it says what the peer says.

Two real relays get the same fragments. The first one has learnt its grid from a local timeline and
has begun a second run; the second one starts when that is over, and has its peer to tell it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import m3u8
import pytest
from lxml import etree

from tests.door import PATH, TRACK, chunked, header, request, video
from tests.e2e.conftest import Start
from tests.e2e.relay_process import RelayProcess
from tests.e2e.served import fetch, get
from tests.server.wire import Client, chunk, connected

pytestmark = pytest.mark.e2e

SETTINGS = {"patience": 0.5}
PACE = 1.2
"""Seconds between fragments of 2 s: not faster than what a clock that was restarted may be."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a player is told of a segment."""

    uri: str
    date: str
    discontinuity: int


@asynccontextmanager
async def pushing(relay: RelayProcess) -> AsyncIterator[Client]:
    """A POST that has begun with its header; it breaks off at the end."""
    async with connected(("127.0.0.1", relay.port)) as client:
        await client.send(request(f"{PATH}?source=enc_a") + chunk(header()))
        yield client


def segments(relay: RelayProcess) -> list[Shown]:
    url = f"{relay.url}/news.isml/{TRACK}/index.m3u8"
    if get(url).status != 200:
        return []
    playlist: Any = m3u8.loads(fetch(url).decode(), uri=url)
    sequence = playlist.discontinuity_sequence or 0
    found = []
    for segment in playlist.segments:
        sequence += segment.discontinuity
        found.append(Shown(segment.uri, str(segment.current_program_date_time), sequence))
    return found


def pins(relay: RelayProcess) -> dict[str, str]:
    told = json.loads(fetch(f"{relay.url}/news.isml/pins"))
    return {pin["name"]: pin["value"] for pin in told["pins"]}


async def until(condition: Any, limit: float = 60) -> None:
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.1)


async def story(one: RelayProcess, start_relay: Start) -> RelayProcess:
    """Everything that happens; the relay that joined."""
    async with pushing(one) as client:
        for index in range(100, 104):
            await client.send(chunked(video(index)))
        await until(lambda: len(segments(one)) == 4)
    async with pushing(one) as client:
        index = 0
        while "run/1" not in pins(one):
            assert index < 20, "no run has begun"
            await client.send(chunked(video(index)))
            index += 1
            await asyncio.sleep(PACE)
        two = start_relay({"news": {**SETTINGS, "peer": one.url}})
        assert pins(two) == pins(one)
        async with pushing(two) as other:
            for each in range(index, index + 4):
                for sender in (client, other):
                    await sender.send(chunked(video(each)))
            await until(lambda: len(segments(two)) == 4 and segments(one)[-1] == segments(two)[-1])
    return two


def test_a_relay_that_joins_after_a_restart_shows_what_its_peer_shows(start_relay: Start) -> None:
    one = start_relay({"news": SETTINGS})
    two = asyncio.run(story(one, start_relay))
    of_one, of_two = segments(one), segments(two)
    assert of_two == of_one[-4:]
    assert {shown.discontinuity for shown in of_one} == {0, 1}
    assert {shown.discontinuity for shown in of_two} == {1}
    assert all(shown.date != "None" for shown in of_two)
    mpds = [etree.fromstring(fetch(f"{relay.url}/news.isml/manifest.mpd")) for relay in (one, two)]
    assert len({mpd.get("availabilityStartTime") for mpd in mpds}) == 1
    assert len({mpd.findall("{*}Period")[-1].get("id") for mpd in mpds}) == 1
    for shown in of_two:
        path = f"news.isml/{TRACK}/{shown.uri}"
        assert fetch(f"{one.url}/{path}") == fetch(f"{two.url}/{path}")
    assert "PEER_JOINED" in two.text()


def test_a_relay_whose_peer_is_down_starts_all_the_same(start_relay: Start) -> None:
    relay = start_relay({"news": {**SETTINGS, "peer": "http://127.0.0.1:1"}})
    assert relay.ready()
    assert "PEER_UNREACHABLE" in relay.text()

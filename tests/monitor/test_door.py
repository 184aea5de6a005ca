"""The operator's door of a whole relay: the page's board follows encoders, and a stop is a stop."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

from relay.app import House
from relay.config import ChannelTable, Config, StoreTable
from relay.config.entrance import ServerTable
from relay.monitor.patch import apply
from tests.door import PATH, TRACK, chunked, header, other_level, request, shown, video
from tests.server.wire import PATIENCE, Client, connected, eventually

GET = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"


@asynccontextmanager
async def opened() -> AsyncIterator[House]:
    house = House(
        Config(
            server=ServerTable(listen="127.0.0.1:0", admin="127.0.0.1:0"),
            store=StoreTable(kind="memory"),
            channels={"news": ChannelTable(fragment_duration=Fraction(2))},
        )
    )
    await house.open()
    try:
        yield house
    finally:
        await house.close()


class Browser:
    """What a page knows: the board, kept up to date by the events."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.board: dict[str, Any] = {}

    async def begin(self) -> None:
        await self._client.send(GET)
        assert b" 200 " in await self._client.reader.readuntil(b"\r\n\r\n")
        await self.next()

    async def next(self) -> bool:
        """Take the next event; False: the stream has ended as it should."""
        size = int(await self._client.reader.readline(), 16)
        piece = (await self._client.reader.readexactly(size + 2))[:-2]
        for line in piece.decode().splitlines():
            if line.startswith("data: "):
                self.board = apply(self.board, json.loads(line.removeprefix("data: "))["board"])
        return bool(size)

    @property
    def news(self) -> dict[str, Any]:
        found: dict[str, Any] = self.board["channels"]["news"]
        return found

    async def until(self, **wanted: object) -> None:
        async with asyncio.timeout(PATIENCE):
            while any(self.news.get(name) != value for name, value in wanted.items()):
                assert await self.next()


async def push(house: House, source: str, first: int, stop: int) -> None:
    body = header() + b"".join(video(index) for index in range(first, stop))
    async with connected(house.addresses[0]) as client:
        await client.send(request(f"{PATH}?source={source}") + chunked(body) + b"0\r\n\r\n")
        assert (await client.answer()).status == 200


async def test_the_board_follows_what_encoders_do() -> None:
    async with opened() as house, connected(house.addresses[1]) as client:
        browser = Browser(client)
        await browser.begin()
        assert browser.board["playback"] == house.addresses[0][1]
        assert browser.news["protection"] == "DOWN"
        assert browser.board["clock"].keys() <= {"by", "offset", "synchronised"}
        assert None not in browser.board["clock"].values()
        await push(house, "enc_a", 0, 3)
        await browser.until(protection="EXPOSED", newest=2)
        await push(house, "enc_b", 0, 4)
        await browser.until(protection="PROTECTED", newest=3)
        assert browser.news["tracks"][TRACK]["cells"] == dict.fromkeys("0123", "whole")
        sources = browser.news["sources"]
        assert sources["enc_a"]["cells"][TRACK] == {**dict.fromkeys("012", "won"), "3": "waiting"}
        assert sources["enc_b"]["cells"][TRACK] == {**dict.fromkeys("012", "duplicate"), "3": "won"}
        codes = [event["code"] for event in browser.news["events"].values()]
        # What is noticed by looking may come a moment later.
        for code in ("SOURCE_CONNECTED", "SOURCE_ENDED", "CHANNEL_EXPOSED"):
            assert code in codes


async def test_a_source_that_sends_the_past_is_told_once() -> None:
    async with opened() as house:
        channel = house.channels["news"]
        await push(house, "enc_a", 0, 20)
        await shown(channel, range(20), TRACK)
        await push(house, "enc_b", 0, 5)
        (told,) = (e for e in channel.journal.events.values() if e.code == "SOURCE_BEHIND")
        assert told.grave
        assert told.text.startswith("enc_b is 38 s behind")
        assert channel.tally.state("enc_b") == "behind"


async def test_a_refused_header_is_an_event() -> None:
    async with opened() as house:
        await push(house, "enc_a", 0, 1)
        async with connected(house.addresses[0]) as client:
            await client.send(request(f"{PATH}?source=enc_b") + chunked(other_level()))
            assert (await client.answer()).status == 412
        events = house.channels["news"].journal.events.values()
        (refused,) = (event for event in events if event.code == "INGEST_HEADER_DIFFERS")
        assert refused.grave
        assert refused.text.startswith("enc_b was refused: ")


async def test_a_refusal_within_the_body_is_an_event_too() -> None:
    async with opened() as house:
        async with connected(house.addresses[0]) as client:
            await client.send(request(f"{PATH}?source=enc_b") + chunked(b"GET / HTTP/1.1" * 9))
            assert (await client.answer()).status >= 400
        events = house.channels["news"].journal.events.values()
        (refused,) = (event for event in events if event.code.startswith("INGEST_BOX"))
        assert refused.text.startswith("enc_b was refused: ")
        visitor = house.channels["news"].diagnosis.visits.visitors["enc_b"]
        assert refused.text == f"enc_b {visitor.reason}"  # not: that it broke off
        assert visitor.posts == 1


async def test_a_page_that_opens_gets_what_was() -> None:
    async with opened() as house, connected(house.addresses[1]) as client:
        await push(house, "enc_a", 0, 3)
        browser = Browser(client)
        await browser.begin()
        await browser.until(state="ON AIR", newest=2)
        assert browser.news["sources"]["enc_a"]["visits"] == 1
        for name, status in (("news", 200), ("other", 404)):
            async with connected(house.addresses[1]) as asking:
                path = f"/ui/history/{name}".encode()
                await asking.send(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = await asking.answer()
            assert answer.status == status
            assert answer.fields["cache-control"] == "no-store"
            if status == 200:
                assert set(json.loads(answer.body)) == {"at", "sources", "upstreams"}
                assert json.loads(answer.body)["at"]


async def test_one_name_over_two_connections_is_told() -> None:
    async with opened() as house:
        events = house.channels["news"].journal.events
        async with connected(house.addresses[0]) as one, connected(house.addresses[0]) as two:
            await one.send(request(f"{PATH}?source=enc_a") + chunked(header() + video(0)))
            assert await eventually(lambda: "SOURCE_CONNECTED" in [e.code for e in events.values()])
            assert "SOURCE_TWICE" not in [e.code for e in events.values()]
            await two.send(request(f"{PATH}?source=enc_a") + chunked(header() + video(0)))
            assert await eventually(lambda: "SOURCE_TWICE" in [e.code for e in events.values()])


async def test_a_stop_ends_open_pages_and_does_not_wait_for_them() -> None:
    async with opened() as house, connected(house.addresses[1]) as client:
        browser = Browser(client)
        await browser.begin()
        closing = asyncio.create_task(house.close())
        async with asyncio.timeout(PATIENCE):
            while await browser.next():
                pass
        await closing

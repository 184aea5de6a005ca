"""Upstreams by the API and by the file: paused, resumed, begun again, added and taken away."""

import json
from typing import Any

from relay.app import House
from tests.api.long import pushing
from tests.door import shown
from tests.operating import PLAIN, get, opened, order, push
from tests.server.wire import eventually

AT = "/api/v1/channels/news/upstreams"


def to(*houses: House) -> dict[str, Any]:
    """Settings of a channel that is forwarded to the channel `news` of these."""
    urls = [f"http://127.0.0.1:{house.addresses[0][1]}/news.isml" for house in houses]
    named = zip(("eu", "us"), urls, strict=False)
    return {**PLAIN, "upstreams": {name: {"url": url, "catch_up": 100} for name, url in named}}


async def states(house: House) -> dict[str, str]:
    said = json.loads((await get(house, AT, admin=True)).body)["upstreams"]
    return {each["name"]: each["state"] for each in said}


async def test_one_that_is_paused_gets_nothing_and_then_what_it_missed() -> None:
    async with opened({"news": PLAIN}) as eu, opened({"news": PLAIN}) as us:
        async with opened({"news": to(eu, us)}) as house, pushing(house) as post:
            await post.send(0)
            for up in (eu, us):
                await shown(up.channels["news"], [0])
            status, told = await order(house, f"{AT}/eu/pause", {})
            assert (status, told["reason"]) == (200, "paused by an operator")
            assert await eventually(lambda: not eu.channels["news"].posts)
            await post.send(1)
            await shown(us.channels["news"], [0, 1])
            assert [s.index for s in eu.channels["news"].presentation.renditions[0].segments] == [0]
            assert (await states(house))["eu"] == "paused"
            # It stays so when the channel is another one.
            for word in ("stop", "start"):
                assert (await order(house, f"/api/v1/channels/news/{word}", {}))[0] == 200
            assert (await order(house, f"{AT}/eu/resume", {}))[0] == 200
        codes = [event.code for event in house.channels["news"].journal.events.values()]
        assert "UPSTREAM_RESUMED" in codes


async def test_one_that_is_resumed_gets_what_it_missed() -> None:
    async with opened({"news": PLAIN}) as eu, opened({"news": to(eu)}) as house:
        await push(house, 0, 1)
        await shown(eu.channels["news"], [0])
        assert (await order(house, f"{AT}/eu/pause", {}))[0] == 200
        assert await eventually(lambda: not eu.channels["news"].posts)
        await push(house, 1, 4)
        await shown(house.channels["news"], range(4))
        assert (await order(house, f"{AT}/eu/resume", {}))[0] == 200
        await shown(eu.channels["news"], range(4))


async def test_one_that_begins_again_goes_on_where_it_was() -> None:
    async with opened({"news": PLAIN}) as eu, opened({"news": to(eu)}) as house:
        await push(house, 0, 2)
        await shown(eu.channels["news"], [0, 1])
        before = house.channels["news"].upstreams["eu"]
        assert (await order(house, f"{AT}/eu/restart", {}))[0] == 200
        assert house.channels["news"].upstreams["eu"] is not before
        await push(house, 2, 4)
        await shown(eu.channels["news"], range(4))


async def test_others_go_on_while_one_is_added_changed_and_taken_away() -> None:
    async with opened({"news": PLAIN}) as eu, opened({"news": PLAIN}) as us:
        async with opened({"news": to(eu)}) as house, pushing(house) as post:
            await post.send(0)
            await shown(eu.channels["news"], [0])
            untouched = house.channels["news"].upstreams["eu"]
            at = "/api/v1/channels/news"
            _, told = await order(house, at, to(eu, us), method="PUT")
            assert told["taken"] == ["upstreams.us"]
            await shown(us.channels["news"], [0])
            changed = to(eu, us)
            changed["upstreams"]["us"]["streams"] = "tracks"
            _, told = await order(house, at, changed, method="PUT")
            assert told["taken"] == ["upstreams.us"]
            await post.send(1)
            for up in (eu, us):
                await shown(up.channels["news"], [0, 1])
            _, told = await order(house, at, to(eu), method="PUT")
            assert [*house.channels["news"].upstreams] == ["eu"]
            assert await eventually(lambda: not us.channels["news"].posts)
            await post.send(2)
            await shown(eu.channels["news"], [0, 1, 2])
            assert house.channels["news"].upstreams["eu"] == untouched
            assert await post.end() == 200
        shown_there = us.channels["news"].presentation.renditions[0].segments
        assert [segment.index for segment in shown_there] == [0, 1]


async def test_what_is_not_there_is_refused() -> None:
    async with opened({"news": PLAIN}) as house:
        for word in ("pause", "resume", "restart"):
            status, told = await order(house, f"{AT}/eu/{word}", {})
            assert (status, told["code"]) == (404, "CONTROL_UPSTREAM_UNKNOWN")
        assert json.loads((await get(house, AT, admin=True)).body) == {"upstreams": []}

"""The demo's place on the admin port of a whole relay."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from relay.app import House
from relay.config import Config
from relay.demo.desk import Desk
from tests import operating
from tests.operating import FREE, PLAIN, get, order
from tests.server.wire import PATIENCE, connected

ACTS = {"stop_a": {"label": "Stop"}, "drop": {"label": "Drop"}}


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[House, Desk, list[tuple[str, bool]]]]:
    pressed: list[tuple[str, bool]] = []
    desk = Desk(lambda act, on: pressed.append((act, on)))
    desk.acts = ACTS
    said = {
        "server": {"listen": FREE, "admin": FREE},
        "store": {"kind": "memory"},
        "channels": {"news": PLAIN},
    }
    house = House(Config.model_validate(said), annex=desk.annex())
    try:
        await house.open()
        yield house, desk, pressed
    finally:
        await house.close()


async def board(house: House) -> dict[str, Any]:
    """The first event of the page's stream."""
    async with connected(house.addresses[1]) as client, asyncio.timeout(PATIENCE):
        await client.send(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await client.reader.readuntil(b"data: ")
        told: dict[str, Any] = json.loads(await client.reader.readuntil(b"\n"))["board"]
        return told


async def test_an_act_is_asked_for_and_passed_on() -> None:
    async with opened() as (house, _, pressed):
        begun = await order(house, "/api/demo/stop_a/begin", {})
        assert begun == (202, {"act": "stop_a", "on": True})
        assert await order(house, "/api/demo/stop_a/end", {}) == (
            202,
            {"act": "stop_a", "on": False},
        )
        assert pressed == [("stop_a", True), ("stop_a", False)]


@pytest.mark.parametrize("path", ["/api/demo/nothing/begin", "/api/demo/drop/explode"])
async def test_what_is_no_act_is_refused_in_words(path: str) -> None:
    async with opened() as (house, desk, pressed):
        status, problem = await order(house, path, {})
        assert (status, problem["code"]) == (400, "CONTROL_BODY")
        assert problem["hint"] == "Begin or end one of: stop_a, drop."
        assert (pressed, desk.refused) == ([], {"CONTROL_BODY": 1})


@pytest.mark.parametrize(
    ("host", "field"),
    [
        ("evil.example:8081", "Origin: http://evil.example:8081"),
        ("localhost:8081", "Origin: http://evil.example"),
        ("localhost:8081", "Content-Type: text/plain"),
    ],
)
@pytest.mark.threat("T30")
async def test_a_page_of_another_site_presses_nothing(host: str, field: str) -> None:
    async with opened() as (house, desk, pressed):
        status, problem = await order(house, "/api/demo/drop/begin", {}, field, host=host)
        assert (status, problem["code"]) == (403, "CONTROL_REFUSED")
        # A name that is not the relay's is refused before it gets to the desk.
        counted = {} if host == "evil.example:8081" else {"CONTROL_REFUSED": 1}
        assert (pressed, desk.refused) == ([], counted)


async def test_the_acts_stand_on_the_board_of_a_demo_and_on_no_other() -> None:
    async with opened() as (house, _, _):
        assert (await board(house))["demo"] == {"acts": ACTS, "refused": {}}
        assert (await get(house, "/api/demo/drop/begin", admin=True)).status == 405
    async with operating.opened({"news": PLAIN}) as plain:
        assert "demo" not in await board(plain)
        assert (await get(plain, "/api/demo/drop/begin", admin=True)).status == 404

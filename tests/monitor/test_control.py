"""The admin port takes orders, from whom it should, and says why not."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from relay.app import House
from tests.door import shown
from tests.operating import PLAIN, get, opened, order, push

RESET = "/api/v1/channels/news/reset"
PREFER = "/api/v1/channels/news/prefer"


async def status(house: House) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((await get(house, "/api/v1/status", admin=True)).body)
    return said


async def test_reset() -> None:
    async with opened({"news": PLAIN}) as house:
        assert (await push(house, 0, 2)).status == 200
        await shown(house.channels["news"], [0, 1])
        assert await order(house, RESET, {}) == (200, {"channel": "news", "reset": True})
        assert (await status(house))["channels"]["news"]["tracks"] == []


async def test_prefer_shows_in_the_status() -> None:
    async with opened({"news": PLAIN | {"prefer": "enc_b"}, "sport": PLAIN}) as house:
        assert (await status(house))["channels"]["news"]["preferred"] == "enc_b"
        assert (await status(house))["channels"]["sport"]["preferred"] is None
        await push(house, 0, 1, "/news.isml/Streams(main)?source=enc_a")
        code, said = await order(house, PREFER, {"source": "enc_a"})
        assert (code, said) == (200, {"channel": "news", "preferred": "enc_a", "known": True})
        assert (await status(house))["channels"]["news"]["preferred"] == "enc_a"
        assert (await order(house, PREFER, {"source": "enc_c"}))[1]["known"] is False
        assert (await order(house, PREFER, {"source": None}))[0] == 200
        assert house.channels["news"].preferred is None
        codes = [event.code for event in house.channels["news"].journal.events.values()]
        assert codes.count("SOURCE_PREFERRED") == 3


@pytest.mark.parametrize("path", [RESET, PREFER])
@pytest.mark.parametrize(
    ("host", "field"),
    [
        ("evil.example:8081", "Origin: http://evil.example:8081"),
        ("localhost:8081", "Origin: http://evil.example"),
        ("localhost:8081", "Content-Type: text/plain"),
    ],
)
@pytest.mark.threat("T30")
async def test_a_page_of_another_site_is_refused(path: str, host: str, field: str) -> None:
    with capture_logs() as log:
        async with opened({"news": PLAIN}) as house:
            assert (await push(house, 0, 1)).status == 200
            await shown(house.channels["news"], [0])
            before = house.channels["news"]
            code, said = await order(house, path, {"source": None}, field, host=host)
            assert (code, said["code"]) == (403, "CONTROL_REFUSED")
            assert said["detail"].endswith(".")
            assert house.channels["news"] is before
            assert (await status(house))["refused"] == {"CONTROL_REFUSED": 1}
    lines = [line for line in log if line.get("code") == "CONTROL_REFUSED"]
    assert [line["path"] for line in lines] == [path]


@pytest.mark.parametrize("host", ["relay", ""])
@pytest.mark.threat("T30")
async def test_nothing_is_changed_by_a_get(host: str) -> None:
    async with opened({"news": PLAIN}) as house:
        for path in (RESET, PREFER):
            assert (await get(house, path, admin=True)).status == 405


@pytest.mark.parametrize(
    ("path", "said", "code"),
    [
        (RESET, {"name": "news"}, 400),
        (RESET, [], 400),
        (RESET, b"{", 400),
        (RESET, b"[" * 4000, 400),
        (RESET, b"{" + b" " * 70_000 + b"}", 400),
        (PREFER, {}, 400),
        (PREFER, {"source": 5}, 400),
        (PREFER, {"source": ""}, 400),
        (PREFER, {"source": "a b"}, 400),
        (PREFER, {"source": ["enc_a"]}, 400),
        (PREFER, {"source": "enc_a", "for": 5}, 400),
        ("/api/v1/channels/sport/reset", {}, 404),
        ("/api/v1/channels/sport/prefer", {"source": None}, 404),
        ("/api/v1/channels/n%22%0a/reset", {}, 404),
    ],
)
async def test_what_cannot_be_done_is_refused(path: str, said: object, code: int) -> None:
    async with opened({"news": PLAIN}) as house:
        before = house.channels["news"]
        answer, told = await order(house, path, said)
        assert (answer, told["status"]) == (code, code)
        assert told["code"] == ("CONTROL_BODY" if code == 400 else "CONTROL_CHANNEL_UNKNOWN")
        assert house.channels["news"] is before
        assert before.preferred is None

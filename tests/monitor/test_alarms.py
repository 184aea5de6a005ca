"""The alarms on the admin port: listed, acknowledged, counted."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from relay.annunciator import Recipient
from relay.app import House
from relay.config import Config
from tests.operating import PLAIN, get, opened, order
from tests.server.wire import eventually

ALARMS = "/api/v1/alarms"


async def listed(house: House) -> list[dict[str, Any]]:
    answer = await get(house, ALARMS, admin=True)
    assert answer.status == 200
    found: list[dict[str, Any]] = json.loads(answer.body)
    return found


async def raised(house: House) -> None:
    house.channels["news"].gaps["video-1"] = 2
    kept = house.channels["news"].diagnosis.alarms
    kept.stand("OUT_OF_SYNC", "enc_a", "enc_a comes late", measured="-900 ms", configured="1500 ms")
    assert await eventually(lambda: len(house.annunciator.history.standing) == 2)


async def test_an_alarm_is_listed_and_acknowledged() -> None:
    async with opened({"news": PLAIN}) as house:
        assert await listed(house) == []
        await raised(house)
        found = {alarm["code"]: alarm for alarm in await listed(house)}
        late = found["OUT_OF_SYNC"]
        assert late | {"id": 0, "since": 0} == {
            "id": 0,
            "code": "OUT_OF_SYNC",
            "channel": "news",
            "subject": "enc_a",
            "sentence": "enc_a comes late",
            "measured": "-900 ms",
            "configured": "1500 ms",
            "grave": True,
            "since": 0,
            "until": None,
            "acknowledged": None,
        }
        code, told = await order(house, f"{ALARMS}/{late['id']}/acknowledge", {})
        assert code == 200
        assert told["acknowledged"] >= late["since"]
        again = await order(house, f"{ALARMS}/{late['id']}/acknowledge", {})
        assert again == (200, told)
        metrics = (await get(house, "/metrics", admin=True)).body.decode()
        assert "relay_alarms_unacknowledged 1.0" in metrics
        assert 'relay_alarms{channel="news",code="OUT_OF_SYNC"} 1.0' in metrics


@pytest.mark.parametrize("number", ["0", "999", "-1", "x", "9" * 30, "%C2%B2", "1.0"])
async def test_there_is_no_such_alarm(number: str) -> None:
    async with opened({"news": PLAIN}) as house:
        code, told = await order(house, f"{ALARMS}/{number}/acknowledge", {})
        assert (code, told["code"]) == (404, "CONTROL_ALARM_UNKNOWN")


async def test_only_who_may_acknowledges() -> None:
    async with opened({"news": PLAIN}) as house:
        await raised(house)
        (first, *_) = await listed(house)
        path = f"{ALARMS}/{first['id']}/acknowledge"
        code, told = await order(house, path, {}, "Origin: http://evil.example")
        assert (code, told["code"]) == (403, "CONTROL_REFUSED")
        assert (await order(house, path, {"by": "me"}))[0] == 400
        assert [alarm["acknowledged"] for alarm in await listed(house)] == [None, None]


async def test_the_clock_is_in_the_status() -> None:
    async with opened({"news": PLAIN}) as house:
        said = json.loads((await get(house, "/api/v1/status", admin=True)).body)
        assert set(said["clock"]) == {"by", "offset", "bound", "synchronised"}


async def test_webhooks_are_those_of_the_configuration(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    said = {
        "store": {"kind": "memory"},
        "channels": {"news": {}},
        "clock": {"tolerance": 0.5},
        "webhooks": {
            "noc": {"url": "https://noc.example/hooks?x=1", "secret_file": str(secret)},
            "pager": {"url": "http://10.0.0.7:9000/", "codes": ["CHANNEL_DOWN"]},
        },
    }
    noc, pager = House(Config.model_validate(said)).annunciator.hooks
    assert noc.receiver == Recipient("noc", "https://noc.example/hooks?x=1", secret)
    assert pager.receiver.codes == {"CHANNEL_DOWN"}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"url": "ftp://noc.example/"},
        {"url": "https://user:word@noc.example/"},
        {"url": "https://noc.example/#x"},
        {"url": "https://noc.example/", "codes": ["down"]},
        {"url": "https://noc.example/", "secret": "in the open"},
    ],
)
def test_what_is_no_webhook(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"channels": {"news": {}}, "webhooks": {"noc": said}})

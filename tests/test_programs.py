"""Programs by the admin port and the command line, in a relay with a disk that is started again."""

from pathlib import Path

import pytest

from relay.app import House
from tests.door import TRACK, shown
from tests.monitor.test_command import admin, typed
from tests.operating import PLAIN, get, opened, order, push
from tests.server.wire import eventually

SHORT = {"fragment_duration": "2", "dvr_window": 10}
ORDER = "/api/v1/channels/news/program"
PLAYLIST = f"/news.evening.isml/{TRACK}/index.m3u8"


async def listed(house: House, path: str) -> list[int]:
    """The numbers of the segments that a playlist lists."""
    answer = await get(house, path)
    lines = answer.body.decode().splitlines() if answer.status == 200 else []
    return [int(line.removesuffix(".m4s")) for line in lines if line.endswith(".m4s")]


async def recorded(house: House, index: int) -> None:
    store = house.programs.shown["news.evening"].store
    assert await eventually(lambda: store.find(TRACK, 0, index) is not None)


async def test_one_is_started_found_again_after_a_restart_and_stopped(tmp_path: Path) -> None:
    async with opened({"news": SHORT}, tmp_path) as house:
        await push(house, 0, 3)
        await shown(house.channels["news"], [0, 1, 2])
        status, told = await order(house, ORDER, {"start": "evening"})
        assert (status, told["path"], told["ended"]) == (200, "/news.evening.isml/", False)
        for index in range(3, 12):
            await push(house, index, index + 1)
            await recorded(house, index)
    async with opened({"news": SHORT}, tmp_path) as house:
        assert (await listed(house, PLAYLIST))[0] == 3
        await push(house, 12, 14)
        await shown(house.channels["news"], range(9, 14))
        status, told = await order(house, ORDER, {"stop": "evening"})
        assert (status, told["ended"]) == (200, True)
        await push(house, 14, 16)
        assert await listed(house, PLAYLIST) == list(range(3, 14))
        assert (await get(house, PLAYLIST)).body.endswith(b"#EXT-X-ENDLIST\n")
    async with opened({"news": SHORT}, tmp_path) as house:
        assert await listed(house, PLAYLIST) == list(range(3, 14))
        first = await get(house, f"/news.evening.isml/{TRACK}/3.m4s")
        assert first.status == 200
        assert (await get(house, f"/news.isml/{TRACK}/3.m4s")).status == 404
        status, told = await order(house, ORDER, {"start": "evening"})
        assert (status, "for ever" in told["detail"]) == (400, True)


async def test_on_the_command_line() -> None:
    async with opened({"news": PLAIN}) as house:
        await push(house, 0, 3)
        await shown(house.channels["news"], [0, 1, 2])
        words = ("program", "news", "--url", admin(house))
        said = await typed(*words, "--start", "evening", "--window", "600")
        assert said == (0, "news.evening runs: /news.evening.isml/\n")
        said = await typed(*words, "--stop", "evening")
        assert said == (0, "news.evening has ended: /news.evening.isml/\n")
        code, text = await typed(*words)
        assert (code, "Say --start" in text) == (1, True)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "not said"),
        ({"start": "a", "stop": "b"}, "not said"),
        ({"start": "../a"}, "no name"),
        ({"start": 7}, "no name"),
        ({"start": "a", "window": True}, "no archive window"),
        ({"start": "a", "window": 9}, "no archive window"),
        ({"stop": "nothing"}, "has no program"),
    ],
)
async def test_what_cannot_be_done_is_refused(said: dict[str, object], why: str) -> None:
    async with opened({"news": PLAIN}) as house:
        status, told = await order(house, ORDER, said)
        assert (status, why in told["detail"]) == (400, True)
        assert not house.programs.shown


async def test_one_that_is_started_before_anything_came_has_everything() -> None:
    async with opened({"news": PLAIN}) as house:
        assert (await order(house, ORDER, {"start": "evening"}))[0] == 200
        await push(house, 5, 8)
        await shown(house.channels["news"], [5, 6, 7])
        await recorded(house, 7)
        assert await listed(house, PLAYLIST) == [5, 6, 7]

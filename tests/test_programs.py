"""Programs by the admin port and the command line, in a relay with a disk that is started again."""

from pathlib import Path

import pytest

from relay.app import House
from tests.door import TRACK, shown
from tests.monitor.test_command import admin, typed
from tests.operating import PLAIN, get, opened, order, push
from tests.server.wire import eventually

SHORT = {"fragment_duration": "2", "dvr_window": 10}
PROGRAMS = "/api/v1/channels/news/programs"
EVENING = f"{PROGRAMS}/evening"
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
        status, told = await order(house, EVENING, {}, method="PUT")
        assert (status, told["path"], told["state"]) == (201, "/news.evening.isml/", "running")
        for index in range(3, 12):
            await push(house, index, index + 1)
            await recorded(house, index)
    async with opened({"news": SHORT}, tmp_path) as house:
        assert (await listed(house, PLAYLIST))[0] == 3
        await push(house, 12, 14)
        await shown(house.channels["news"], range(9, 14))
        status, told = await order(house, f"{EVENING}/stop", {})
        assert (status, told["state"], told["seconds"]) == (200, "ended", 22.0)
        await push(house, 14, 16)
        assert await listed(house, PLAYLIST) == list(range(3, 14))
        assert (await get(house, PLAYLIST)).body.endswith(b"#EXT-X-ENDLIST\n")
    async with opened({"news": SHORT}, tmp_path) as house:
        assert await listed(house, PLAYLIST) == list(range(3, 14))
        first = await get(house, f"/news.evening.isml/{TRACK}/3.m4s")
        assert first.status == 200
        assert (await get(house, f"/news.isml/{TRACK}/3.m4s")).status == 404
        status, told = await order(house, EVENING, {}, method="PUT")
        assert (status, "for ever" in told["detail"]) == (409, True)
        assert (await order(house, EVENING, {}, method="DELETE"))[0] == 200
        assert (await get(house, PLAYLIST)).status == 404
        assert not (tmp_path / "news.evening").exists()
    async with opened({"news": SHORT}, tmp_path) as house:
        assert not house.programs.shown


async def test_on_the_command_line() -> None:
    async with opened({"news": PLAIN}) as house:
        await push(house, 0, 3)
        await shown(house.channels["news"], [0, 1, 2])
        words = ("program", "news", "--url", admin(house))
        said = await typed(*words, "--start", "evening", "--window", "600")
        assert said == (0, "news.evening runs: /news.evening.isml/\n")
        said = await typed(*words, "--stop", "evening")
        assert said == (0, "news.evening has ended: /news.evening.isml/\n")
        assert await typed(*words) == (0, "news.evening has ended: /news.evening.isml/\n")
        assert await typed(*words, "--delete", "evening") == (0, "news.evening is gone.\n")
        code, text = await typed(*words)
        assert (code, "has no programs" in text) == (0, True)
        code, text = await typed(*words, "--start", "a", "--stop", "a")
        assert (code, "Say --start" in text) == (1, True)


@pytest.mark.parametrize(
    ("method", "path", "said", "status", "why"),
    [
        ("PUT", "/.a", {}, 400, "cannot be used"),
        ("PUT", "/A", {}, 400, "cannot be used"),
        ("PUT", "/a", {"window": True}, 400, "cannot be used"),
        ("PUT", "/a", {"window": 9}, 400, "cannot be used"),
        ("PUT", "/a", {"for": 90}, 400, "cannot be used"),
        ("POST", "/nothing/stop", {}, 404, "has no program"),
        ("DELETE", "/nothing", {}, 404, "has no program"),
        ("GET", "/nothing/export", {}, 404, "has no program"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    method: str, path: str, said: dict[str, object], status: int, why: str
) -> None:
    async with opened({"news": PLAIN}) as house:
        code, told = await order(house, PROGRAMS + path, said, method=method)
        assert (code, why in told["detail"]) == (status, True)
        assert not house.programs.shown


async def test_one_that_runs_is_not_deleted() -> None:
    async with opened({"news": PLAIN}) as house:
        assert (await order(house, EVENING, {}, method="PUT"))[0] == 201
        code, told = await order(house, EVENING, {}, method="DELETE")
        assert (code, told["code"], "--stop evening" in told["hint"]) == (
            409,
            "CONTROL_STATE",
            True,
        )
        assert [*house.programs.shown] == ["news.evening"]


async def test_one_that_is_started_before_anything_came_has_everything() -> None:
    async with opened({"news": PLAIN}) as house:
        assert (await order(house, EVENING, {}, method="PUT"))[0] == 201
        await push(house, 5, 8)
        await shown(house.channels["news"], [5, 6, 7])
        await recorded(house, 7)
        assert await listed(house, PLAYLIST) == [5, 6, 7]

"""The file is read anew while encoders push: channels come, go and change, and POSTs go on."""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from relay.app import House, run
from relay.config import load
from relay.config.checking import checked
from relay.errors import ConfigInvalid
from tests.api.long import pushing
from tests.door import TRACK, shown
from tests.operating import get, opened, order, push
from tests.server.wire import eventually

NEWS = {"fragment_duration": '"2"', "patience": "1.5"}
RELOAD = "/api/v1/reload"


def written(path: Path, channels: Mapping[str, Mapping[str, str]], store: str = "memory") -> Path:
    """A file with these channels; values as TOML writes them, a table within as `table.key`."""
    lines = ['[server]\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"']
    lines.append(f'[store]\nkind = "{store}"')
    if store == "disk":
        lines.append(f'path = "{path.parent / "store"}"')
    for name, said in channels.items():
        lines += [f"[channels.{name}]", *(f"{key} = {value}" for key, value in said.items())]
    path.write_text("\n".join(lines))
    return path


def codes(house: House, channel: str) -> list[str]:
    return [event.code for event in house.channels[channel].journal.events.values()]


async def test_channels_come_go_and_change_while_a_post_goes_on(tmp_path: Path) -> None:
    conf = written(tmp_path / "relay.toml", {"news": NEWS, "sport": NEWS})
    async with opened({}, conf=conf) as house, pushing(house) as post:
        await post.send(0)
        await shown(house.channels["news"], [0])
        channel = house.channels["news"]
        written(conf, {"news": NEWS | {"patience": "9", "dvr_window": "600"}, "film": NEWS})
        async with pushing(house, "/sport.isml/Streams(main)") as gone:
            await gone.send(0)
            await shown(house.channels["sport"], [0])
            status, told = await order(house, RELOAD, {})
            answer = await gone.answer()
        assert (answer.status, b"INGEST_POINT_UNKNOWN" in answer.body) == (404, True)
        assert status == 200
        assert told == {
            "added": ["film"],
            "removed": ["sport"],
            "changed": [{"channel": "news", "taken": ["dvr_window", "patience"], "waiting": []}],
            "waiting": [],
            "failed": {},
        }
        assert house.channels["news"] is channel
        assert channel.rules.patience == 9000
        assert channel.presentation.window == 600
        await post.send(1)
        await shown(channel, [0, 1])
        assert await post.end() == 200
        assert (await push(house, 0, 1, "/film.isml/Streams(main)")).status == 200
        assert (await push(house, 0, 1, "/sport.isml/Streams(main)")).status == 404
        assert (await get(house, "/sport.isml/master.m3u8")).status == 404
        assert "CHANNEL_CHANGED" in codes(house, "news")
        assert "CHANNEL_ADDED" in codes(house, "film")


async def test_a_wrong_file_changes_nothing_and_says_all_errors(tmp_path: Path) -> None:
    conf = written(tmp_path / "relay.toml", {"news": NEWS})
    async with opened({}, conf=conf) as house:
        before = house.channels["news"]
        written(conf, {"news": NEWS | {"patience": "-1", "colour": '"red"'}, "film": NEWS})
        with capture_logs() as log:
            status, told = await order(house, RELOAD, {})
        assert (status, told["code"], len(told["errors"])) == (422, "CONTROL_SETTINGS", 2)
        assert {path in " ".join(told["errors"]) for path in ("patience", "colour")} == {True}
        assert [line["code"] for line in log].count("RELOAD_REFUSED") == 2
        assert house.channels == {"news": before}
        assert before.rules.patience == 1500
        conf.unlink()
        assert (await order(house, RELOAD, {}))[0] == 422
        written(conf, {"news": NEWS})
        assert (await order(house, RELOAD, {}))[1]["changed"] == []


async def test_a_secret_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    conf = written(tmp_path / "relay.toml", {"news": NEWS})
    async with opened({}, conf=conf) as house:
        source = f'{{ enc_a = {{ token_file = "{tmp_path / "none"}" }} }}'
        written(conf, {"news": NEWS | {"sources": source}, "film": NEWS})
        status, told = await order(house, RELOAD, {})
        assert (status, str(tmp_path / "none") in told["hint"]) == (422, True)
        assert [*house.channels] == ["news"]


async def test_what_has_to_wait_is_said_by_name_until_it_is_started_again(tmp_path: Path) -> None:
    conf = written(tmp_path / "relay.toml", {"news": NEWS})
    async with opened({}, conf=conf) as house:
        text = written(conf, {"news": NEWS | {"fragment_duration": '"4"'}}).read_text()
        conf.write_text(text.replace("127.0.0.1:0", "127.0.0.1:9", 1))
        with capture_logs() as log:
            _, told = await order(house, RELOAD, {})
        change = {"channel": "news", "taken": [], "waiting": ["fragment_duration"]}
        assert (told["changed"], told["waiting"]) == ([change], ["server.listen"])
        assert {"CHANNEL_WAITS", "RELOAD_WAITS"} <= {line["code"] for line in log}
        assert house.channels["news"].rules.duration == 2
        _, told = await order(house, "/api/v1/channels/news", {}, method="GET")
        assert (told["waiting"], told["differs"]) == (["fragment_duration"], [])
        for word in ("stop", "start"):
            assert (await order(house, f"/api/v1/channels/news/{word}", {}))[0] == 200
        assert house.channels["news"].rules.duration == 4
        assert (await order(house, RELOAD, {}))[1]["changed"] == []


async def test_who_may_push_changes_for_those_who_come(tmp_path: Path) -> None:
    conf = written(tmp_path / "relay.toml", {"news": NEWS})
    (tmp_path / "token").write_text("a-good-token-of-24-chars")
    source = f'{{ enc_a = {{ token_file = "{tmp_path / "token"}" }} }}'
    async with opened({}, conf=conf) as house, pushing(house) as post:
        await post.send(0)
        await shown(house.channels["news"], [0])
        written(conf, {"news": NEWS | {"sources": source}})
        assert (await order(house, RELOAD, {}))[1]["changed"][0]["taken"] == ["sources.enc_a"]
        assert (await push(house, 0, 1)).status == 401
        path = "/news.isml/Streams(main)?token=a-good-token-of-24-chars"
        assert (await push(house, 1, 2, path)).status == 200
        await post.send(2)
        await shown(house.channels["news"], [0, 1, 2])
        assert await post.end() == 200


async def test_a_store_that_cannot_be_opened_leaves_its_channel_out(tmp_path: Path) -> None:
    conf = written(tmp_path / "relay.toml", {"news": NEWS}, "disk")
    async with opened({}, tmp_path / "store", conf=conf) as house:
        (tmp_path / "store" / "film").write_text("not a folder")
        written(conf, {"news": NEWS, "film": NEWS, "sport": NEWS}, "disk")
        status, told = await order(house, RELOAD, {})
        assert (status, told["added"], [*told["failed"]]) == (200, ["sport"], ["film"])
        assert sorted(house.channels) == ["news", "sport"]
        assert (await push(house, 0, 1, "/film.isml/Streams(main)")).status == 404
        (tmp_path / "store" / "film").unlink()
        assert (await order(house, RELOAD, {}))[1]["added"] == ["film"]


async def test_a_channel_that_comes_back_has_what_it_had(tmp_path: Path) -> None:
    both, one = {"news": NEWS, "film": NEWS}, {"news": NEWS}
    conf = written(tmp_path / "relay.toml", both, "disk")
    async with opened({}, tmp_path / "store", conf=conf) as house:
        await push(house, 0, 3, "/film.isml/Streams(main)")
        await shown(house.channels["film"], [0, 1, 2])
        written(conf, one, "disk")
        assert (await order(house, RELOAD, {}))[1]["removed"] == ["film"]
        assert (await get(house, f"/film.isml/{TRACK}/1.m4s")).status == 404
        written(conf, both, "disk")
        assert (await order(house, RELOAD, {}))[1]["added"] == ["film"]
        assert (await get(house, f"/film.isml/{TRACK}/1.m4s")).status == 200


async def test_sighup_reads_the_file_anew(tmp_path: Path) -> None:
    conf = written(tmp_path / "relay.toml", {"news": NEWS})
    ran: list[list[str]] = []

    async def work(house: House) -> None:
        os.kill(os.getpid(), signal.SIGHUP)  # nothing has changed
        written(conf, {"news": NEWS, "film": NEWS})
        os.kill(os.getpid(), signal.SIGHUP)
        assert await eventually(lambda: "film" in house.channels)
        written(conf, {"news": NEWS | {"colour": '"red"'}})
        os.kill(os.getpid(), signal.SIGHUP)
        with capture_logs() as log:
            assert await eventually(lambda: "RELOAD_REFUSED" in [line.get("code") for line in log])
        ran.append(sorted(house.channels))
        os.kill(os.getpid(), signal.SIGTERM)

    tasks: list[asyncio.Task[None]] = []
    async with asyncio.timeout(30):
        await run(
            load(conf), lambda house: tasks.append(asyncio.create_task(work(house))), conf=conf
        )
    await tasks[0]
    assert ran == [["film", "news"]]


def test_a_file_whose_upstream_leads_back_is_no_good(tmp_path: Path) -> None:
    conf = tmp_path / "relay.toml"
    conf.write_text(
        '[server]\nlisten = "127.0.0.1:8080"\n'
        '[channels.news.upstreams.eu]\nurl = "http://127.0.0.1:8080/news.isml"\n'
    )
    with pytest.raises(ConfigInvalid, match="eu"):
        checked(conf)


async def test_a_relay_without_a_file_says_so() -> None:
    async with opened({"news": {"fragment_duration": "2"}}) as house:
        status, told = await order(house, RELOAD, {})
        answer: dict[str, Any] = told
        assert (status, "without a file" in answer["errors"][0]) == (422, True)

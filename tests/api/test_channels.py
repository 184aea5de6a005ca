"""Channels by the API: made, changed, stopped, removed, and found again after a restart."""

import json
from pathlib import Path
from typing import Any

import pytest

from relay.app import House
from tests.api.long import pushing
from tests.door import TRACK, shown
from tests.operating import PLAIN, get, opened, order, push
from tests.server.wire import eventually

AT = "/api/v1/channels"
FILM = "/film.isml/Streams(main)"
UP = {"url": "https://eu.example/live/film.isml"}


async def asked(house: House, path: str = "") -> Any:
    answer = await get(house, AT + path, admin=True)
    assert (answer.status, answer.fields["content-type"]) == (200, "application/json")
    assert answer.fields["cache-control"] == "no-store"
    return json.loads(answer.body)


async def put(house: House, name: str, said: object) -> tuple[int, Any]:
    return await order(house, f"{AT}/{name}", said, method="PUT")


async def test_one_that_is_made_takes_fragments_and_lasts(tmp_path: Path) -> None:
    async with opened({"news": PLAIN}, tmp_path) as house:
        status, told = await put(house, "film", PLAIN | {"patience": 2.5})
        assert (status, told["created"], told["kept"]) == (201, True, True)
        assert (await push(house, 0, 3, FILM)).status == 200
        await shown(house.channels["film"], [0, 1, 2])
        found = {each["name"]: each for each in (await asked(house))["channels"]}
        assert [*found] == ["news", "film"]
        assert {name: each["origin"] for name, each in found.items()} == {
            "news": "file",
            "film": "api",
        }
        assert (await asked(house, "/film"))["settings"] == PLAIN | {"patience": 2.5}
    async with opened({"news": PLAIN}, tmp_path) as house:
        assert house.channels["film"].rules.patience == 2500
        assert (await get(house, f"/film.isml/{TRACK}/1.m4s")).status == 200
        status, told = await order(house, f"{AT}/film", {}, method="DELETE")
        assert (status, told) == (200, {"channel": "film", "state": "removed", "kept": True})
        assert (await push(house, 0, 1, FILM)).status == 404
    async with opened({"news": PLAIN}, tmp_path) as house:
        assert [*house.channels] == ["news"]


async def test_the_file_wins_over_one_that_was_made(tmp_path: Path) -> None:
    async with opened({"news": PLAIN}, tmp_path) as house:
        assert (await put(house, "film", PLAIN | {"patience": 9}))[0] == 201
    async with opened({"news": PLAIN, "film": PLAIN}, tmp_path) as house:
        assert house.channels["film"].rules.patience == 1500
        assert (await asked(house, "/film"))["origin"] == "file"


async def test_changes_of_one_of_the_file_are_told_to_differ_and_do_not_last(
    tmp_path: Path,
) -> None:
    async with opened({"news": PLAIN}, tmp_path) as house, pushing(house) as post:
        await post.send(0)
        await shown(house.channels["news"], [0])
        wanted = PLAIN | {"patience": 9, "anchor": "arrival"}
        status, told = await put(house, "news", wanted)
        assert (status, told) == (
            200,
            {
                "channel": "news",
                "created": False,
                "taken": ["patience"],
                "waiting": ["anchor"],
                "kept": False,
            },
        )
        shown_ = await asked(house, "/news")
        assert (shown_["differs"], shown_["waiting"]) == (["patience", "anchor"], ["anchor"])
        assert (await put(house, "news", wanted))[1]["taken"] == []
        await post.send(1)
        assert await post.end() == 200
        await shown(house.channels["news"], [0, 1])
    async with opened({"news": PLAIN}, tmp_path) as house:
        assert house.channels["news"].rules.patience == 1500


async def test_one_that_is_stopped_takes_and_gives_nothing_until_it_is_started(
    tmp_path: Path,
) -> None:
    async with opened({"news": PLAIN, "film": PLAIN}, tmp_path) as house:
        await push(house, 0, 2)
        await shown(house.channels["news"], [0, 1])
        async with pushing(house) as post:
            assert await eventually(lambda: bool(house.channels["news"].posts))
            status, told = await order(house, f"{AT}/news/stop", {})
            answer = await post.answer()
        assert (status, told["state"], told["kept"]) == (200, "stopped", True)
        assert (answer.status, b"INGEST_STOPPED" in answer.body) == (503, True)
        again = await push(house, 0, 1)
        assert (again.status, "retry-after" in again.fields) == (503, True)
        playlist = await get(house, f"/news.isml/{TRACK}/index.m3u8")
        assert playlist.body.endswith(b"1.m4s\n#EXT-X-ENDLIST\n")
        assert (await get(house, "/readyz", admin=True)).status == 200
        assert (await asked(house, "/news/health"))["status"] == "stopped"
        assert [each["state"] for each in (await asked(house))["channels"]] == [
            "stopped",
            "running",
        ]
        said = json.loads((await get(house, "/api/v1/status", admin=True)).body)
        assert (said["stopped"], [*said["channels"]]) == (["news"], ["film"])
        for path, body in (("reset", {}), ("prefer", {"source": None})):
            status, told = await order(house, f"{AT}/news/{path}", body)
            assert (status, told["code"]) == (409, "CONTROL_STATE")
        assert (await order(house, f"{AT}/news/stop", {}))[0] == 200
    async with opened({"news": PLAIN, "film": PLAIN}, tmp_path) as house:
        assert [*house.channels] == ["film"]
        assert (await get(house, f"/news.isml/{TRACK}/index.m3u8")).body == playlist.body
        assert (await put(house, "news", PLAIN | {"patience": 4}))[0] == 200
        assert [*house.channels] == ["film"]
        assert (await order(house, f"{AT}/news/start", {}))[1]["state"] == "running"
        assert (await order(house, f"{AT}/news/start", {}))[0] == 200
        assert house.channels["news"].rules.patience == 4000
        assert (await get(house, f"/news.isml/{TRACK}/1.m4s")).status == 200
        assert (await push(house, 2, 3)).status == 200
    async with opened({"news": PLAIN}, tmp_path) as house:
        assert [*house.channels] == ["news"]


async def test_the_page_is_told_who_is_stopped() -> None:
    async with opened({"news": PLAIN, "film": PLAIN}) as house:
        await order(house, f"{AT}/film/stop", {})
        watch = house.monitor.watch
        assert await eventually(lambda: watch.board["stopped"] == {"film": True})
        assert [*watch.board["channels"]] == ["news"]


@pytest.mark.parametrize(
    ("name", "said", "path"),
    [
        ("film", {"patience": -1}, "patience"),
        ("film", {"patience": "1"}, "patience"),
        ("film", {"dvr_window": 60.5}, "dvr_window"),
        ("film", {"colour": "red"}, "colour"),
        ("film", {"fragment_duration": 1.92}, "fragment_duration"),
        ("film", {"upstreams": {"eu": {}}}, "upstreams.eu.url"),
        ("film", {"upstreams": {"eu": UP | {"backup_of": "us"}}}, "backup_of"),
        ("film", [], "body"),
        ("Film", {}, "channel: String should match"),
        ("a.b", {}, "channel: String should match"),
        ("a" * 65, {}, "channel"),
    ],
)
async def test_settings_that_mean_nothing_are_refused(name: str, said: object, path: str) -> None:
    async with opened({"news": PLAIN}) as house:
        status, told = await put(house, name, said)
        assert (status, told["code"], path in told["hint"]) == (400, "CONTROL_BODY", True)
        assert [*house.channels] == ["news"]


async def test_an_upstream_that_leads_back_is_refused() -> None:
    async with opened({"news": PLAIN}, listen="127.0.0.1:18473") as house:
        said = {"upstreams": {"eu": {"url": "http://127.0.0.1:18473/film.isml"}}}
        status, told = await put(house, "film", said)
        assert (status, told["code"]) == (422, "CONTROL_SETTINGS")
        assert [*house.channels] == ["news"]


@pytest.mark.threat("T30", "T34")
async def test_no_secret_of_this_machine_can_be_sent_away(tmp_path: Path) -> None:
    secret, ours = tmp_path / "shadow", tmp_path / "api"
    ours.mkdir()
    for file in (secret, ours / "eu"):
        file.write_text("a-good-token-of-24-chars")
    known: dict[str, object] = {"upstreams": {"eu": UP | {"token_file": str(secret)}}}
    async with opened({"news": {**PLAIN, **known}}, api_secrets=str(ours)) as house:
        for channel in ("news", "film"):
            for file in (secret, ours / ".." / "shadow"):
                away = {"url": "http://away.example/news.isml", "token_file": str(file)}
                status, told = await put(house, channel, PLAIN | {"upstreams": {"eu": away}})
                assert (status, "api_secrets" in told["hint"]) == (422, True)
        source = {"sources": {"enc_a": {"token_file": str(secret)}}}
        assert (await put(house, "film", PLAIN | source))[0] == 422
        assert (await put(house, "news", {**PLAIN, **known, "patience": 3}))[0] == 200
        inside = {"upstreams": {"eu": UP | {"token_file": str(ours / "eu")}}}
        assert (await put(house, "film", PLAIN | inside))[0] == 201
    async with opened({"news": PLAIN}) as house:
        assert (await put(house, "film", PLAIN | inside))[0] == 422


async def test_what_a_url_hides_is_not_shown() -> None:
    query: dict[str, object] = {
        "upstreams": {"eu": {"url": "http://127.0.0.1:9/live/news.isml?key=hidden"}}
    }
    async with opened({"news": {**PLAIN, **query}}) as house:
        told = await asked(house, "/news")
        assert "hidden" not in json.dumps(told)
        status, said = await put(house, "news", told["settings"])
        assert (status, "masked" in said["detail"]) == (422, True)


async def test_the_health_of_a_channel_in_words() -> None:
    async with opened({"news": PLAIN}) as house:
        assert await asked(house, "/news/health") == {
            "status": "down",
            "descriptions": ["Nobody delivers."],
            "tracks": [],
        }
        await push(house, 0, 2, "/news.isml/Streams(main)?source=enc_a")
        await shown(house.channels["news"], [0, 1])
        told = await asked(house, "/news/health")
        assert told["status"] == "impaired"
        assert any("one source only" in text for text in told["descriptions"])
        (track,) = told["tracks"]
        assert (track["name"], track["last"], track["gaps"]) == (TRACK, 1, 0)
        assert [copy["source"] for copy in track["sources"]] == ["enc_a"]
        await push(house, 0, 2, "/news.isml/Streams(main)?source=enc_b")
        told = await asked(house, "/news/health")
        assert told["descriptions"] == ["No issues with ingest."], told
        assert told["status"] == "healthy"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.threat("T30")
async def test_a_page_of_another_site_makes_and_removes_nothing(method: str) -> None:
    async with opened({"news": PLAIN}) as house:
        for field, host in (("Origin: http://evil.example", "localhost"), ("X: y", "evil.example")):
            status, told = await order(house, f"{AT}/news", {}, field, host=host, method=method)
            assert (status, told["code"]) == (403, "CONTROL_REFUSED")
        assert [*house.channels] == ["news"]


async def test_a_program_goes_on_when_its_channel_does(tmp_path: Path) -> None:
    async with opened({"news": PLAIN}, tmp_path) as house:
        await push(house, 0, 2)
        await shown(house.channels["news"], [0, 1])
        assert (await order(house, f"{AT}/news/programs/all", {}, method="PUT"))[0] == 201
        await push(house, 2, 3)
        await shown(house.channels["news"], [0, 1, 2])
        for word in ("stop", "start"):
            assert (await order(house, f"{AT}/news/{word}", {}))[0] == 200
        await push(house, 3, 4)
        await shown(house.channels["news"], range(4))
        status, told = await order(house, f"{AT}/news/programs/all/stop", {})
        assert (status, told["seconds"]) == (200, 4.0)
        playlist = (await get(house, f"/news.all.isml/{TRACK}/index.m3u8")).body
        assert playlist.endswith(b"3.m4s\n#EXT-X-ENDLIST\n")


@pytest.mark.threat("T34")
async def test_one_that_is_stopped_is_played_by_its_token_only(tmp_path: Path) -> None:
    file = tmp_path / "playback"
    file.write_text("a-good-token-of-24-chars")
    news = {**PLAIN, "playback_token_file": str(file)}
    path = f"/news.isml/{TRACK}/index.m3u8"
    async with opened({"news": news}, tmp_path / "store") as house:
        await push(house, 0, 2)
        await shown(house.channels["news"], [0, 1])
        assert (await order(house, f"{AT}/news/stop", {}))[0] == 200
        assert (await get(house, path)).status == 401
        assert (await get(house, f"/a-good-token-of-24-chars{path}")).status == 200
        status, told = await put(house, "film", news)
        assert (status, "api_secrets" in told["hint"]) == (422, True)
        assert (await put(house, "news", news | {"patience": 3}))[0] == 200
    async with opened({"news": news}, tmp_path / "store") as house:
        assert [*house.roster.stopped] == ["news"]
        assert (await get(house, path)).status == 401
        assert (await get(house, f"/a-good-token-of-24-chars{path}")).status == 200
        assert (await put(house, "news", PLAIN))[0] == 200
        assert (await get(house, path)).status == 200


async def test_settings_that_do_not_go_with_those_of_the_relay_are_refused() -> None:
    async with opened({"news": PLAIN}) as house:
        said = {"sources": {"enc_a": {"certificate": "enc_a"}}}
        status, told = await put(house, "film", PLAIN | said)
        assert (status, told["code"], "nobody verifies it" in told["detail"]) == (
            422,
            "CONTROL_SETTINGS",
            True,
        )

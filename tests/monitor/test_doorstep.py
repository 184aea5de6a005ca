"""Who was turned away at the door of a whole relay."""

from pathlib import Path
from typing import Any

import pytest

from relay.app import House
from relay.errors import PointUnknown
from relay.monitor.doorstep import LONGEST, MOST, Doorstep
from tests.door import chunked, request, video
from tests.operating import PLAIN, opened, push
from tests.server.wire import connected

TOKEN = "a-token-beyond-guessing"


async def turned_away(house: House) -> list[dict[str, Any]]:
    """As the page is told."""
    return list(house.monitor._door()["turned_away"].values())


@pytest.fixture
def guarded(tmp_path: Path) -> dict[str, object]:
    """A channel with one source, which has a token."""
    path = tmp_path / "token"
    path.write_text(TOKEN)
    return {**PLAIN, "sources": {"enc_a": {"token_file": str(path)}}}


async def test_a_wrong_name_and_a_wrong_token_are_told_with_what_to_do(
    guarded: dict[str, object],
) -> None:
    async with opened({"news": guarded}) as house:
        assert await turned_away(house) == []
        assert (await push(house, 0, 1, "/nwes.isml/Streams(main)")).status == 404
        assert (await push(house, 0, 1, "/news.isml/Streams(main)?token=wrong")).status == 401
        assert (await push(house, 0, 1, "/news.isml/Streams(main)?token=wrong")).status == 401
        unknown, wrong = await turned_away(house)
        assert (unknown["code"], unknown["path"]) == (
            "INGEST_POINT_UNKNOWN",
            "/nwes.isml/Streams(main)",
        )
        assert "There is no publishing point nwes.isml. Configure a channel" in unknown["text"]
        assert (wrong["code"], wrong["count"], wrong["peer"]) == (
            "INGEST_UNAUTHORIZED",
            2,
            "127.0.0.1",
        )
        assert wrong["text"].startswith("The user, password or token is wrong. Give the encoder")


async def test_who_may_push_and_what_is_wrong_inside_a_stream_is_not_there(
    guarded: dict[str, object],
) -> None:
    async with opened({"news": guarded}) as house:
        path = f"/news.isml/Streams(main)?token={TOKEN}"
        assert (await push(house, 0, 1, path)).status == 200
        async with connected(house.addresses[0]) as client:
            await client.send(
                request(path.replace("main", "other")) + chunked(video(5)) + b"0\r\n\r\n"
            )
            assert (await client.answer()).status == 412
        assert await turned_away(house) == []


async def test_no_secret_in_a_path_is_shown(guarded: dict[str, object]) -> None:
    async with opened({"news": guarded}) as house:
        folder = "/not-the-token-but-alike/news.isml/Streams(main)"
        assert (await push(house, 0, 1, folder)).status == 401
        (one,) = await turned_away(house)
        assert "alike" not in str(one)


async def test_strangers_cannot_fill_it() -> None:
    async with opened({"news": PLAIN}) as house:
        for n in range(MOST + 3):
            assert (await push(house, 0, 1, f"/x{n}.isml/Streams(main)")).status == 404
        assert [one["path"] for one in await turned_away(house)] == [
            f"/x{n}.isml/Streams(main)" for n in range(3, MOST + 3)
        ]


@pytest.mark.parametrize("body", [b"", b"not found", b"[]", b'{"code": 5}', b"{" * 2 * LONGEST])
async def test_an_answer_of_another_kind_goes_by(body: bytes) -> None:
    async def door(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": PointUnknown.status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    doorstep = Doorstep(door, lambda: {"posts": 3}, lambda: 1)
    await doorstep({"type": "http", "path": "/x", "client": None}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert doorstep.counts() == {"posts": 3, "turned_away": {}}

"""Playback with a token: where it may stand, what it opens, and what stays open."""

from urllib.parse import urljoin

import pytest

from packagers.origin import Origin
from packagers.origin.tickets import Tickets
from tests.packagers.player import LAST, VIDEO, ask

TOKEN, OTHER = "token-of-the-viewers-1", "token-of-the-page-2345"
MASTER = "/news.isml/master.m3u8"
SEGMENT = f"/news.isml/{VIDEO.name}/{LAST}.m4s"
PLAYLIST = f"/news.isml/{VIDEO.name}/index.m3u8"


@pytest.fixture
def tickets(origin: Origin) -> Tickets:
    """One whose channel needs a token, and any other none."""
    return Tickets(origin, lambda name: (TOKEN, OTHER) if name == "news" else ())


@pytest.mark.parametrize(
    "path",
    [
        *(MASTER, PLAYLIST, SEGMENT, "/news.isml/manifest.mpd", "/news.isml/Manifest"),
        *("/news.isml/.m3u8", "/news.ISML/.MPD", "/live/news.isml/manifest"),
        f"/news.isml/{VIDEO.name}/init-00.mp4",
        f"/news.isml/QualityLevels(1)/Fragments({VIDEO.name}=0)",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_without_a_token_there_is_nothing(tickets: Tickets, path: str, method: str) -> None:
    got = await ask(tickets, path, method)
    assert got.status == 401
    assert got.headers["www-authenticate"].startswith("Bearer ")
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["access-control-allow-origin"] == "*"
    assert method == "HEAD" or got.problem["code"] == "PLAYBACK_UNAUTHORIZED"
    assert tickets.refused == {"PLAYBACK_UNAUTHORIZED": 1}


@pytest.mark.parametrize("token", [TOKEN, OTHER])
@pytest.mark.parametrize("path", [MASTER, PLAYLIST, SEGMENT])
async def test_a_folder_or_a_field_opens_it_for_the_viewers_cache(
    tickets: Tickets, origin: Origin, path: str, token: str
) -> None:
    plain = await ask(origin, path)
    for got in (
        await ask(tickets, f"/{token}{path}"),
        await ask(tickets, f"/live/{token}{path}"),
        await ask(tickets, path, authorization=f"Bearer {token}"),
    ):
        assert (got.status, got.body) == (200, plain.body)
        assert got.headers["cache-control"] == plain.headers["cache-control"].replace(
            "public", "private"
        )
        assert "public" in plain.headers["cache-control"]


@pytest.mark.parametrize(
    "shown",
    [
        *("wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "", "é" * 20),
        *(f"{TOKEN},x", f" {TOKEN}x", "%00"),
    ],
)
async def test_a_wrong_token_opens_nothing(tickets: Tickets, shown: str) -> None:
    assert (await ask(tickets, f"/{shown}{MASTER}")).status in (401, 404)
    assert (await ask(tickets, MASTER, authorization=f"Bearer {shown}")).status == 401
    assert (await ask(tickets, MASTER, authorization=f"Basic {TOKEN}")).status == 401
    assert (await ask(tickets, f"{MASTER}?token={shown}")).status == 401
    assert (await ask(tickets, f"{MASTER}?TOKEN={TOKEN}")).status == 401


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        (f"/live{MASTER}?token={TOKEN}", f"/live/{TOKEN}{MASTER}"),
        (f"{PLAYLIST}?_HLS_skip=YES&token={TOKEN}&x=1", f"/{TOKEN}{PLAYLIST}?_HLS_skip=YES&x=1"),
        (f"/news.isml/.m3u8?token={TOKEN}", f"/{TOKEN}/news.isml/.m3u8"),
        (f"/news.isml/Manifest?token={TOKEN}", f"/{TOKEN}/news.isml/Manifest"),
    ],
)
async def test_a_link_leads_to_the_folder(tickets: Tickets, asked: str, leads: str) -> None:
    got = await ask(tickets, asked)
    assert (got.status, got.headers["cache-control"]) == (302, "no-store")
    assert urljoin(asked, got.headers["location"]) == leads
    assert (await ask(tickets, leads)).status != 401


async def test_media_is_given_to_a_link_at_once(tickets: Tickets) -> None:
    got = await ask(tickets, f"{SEGMENT}?token={TOKEN}")
    assert got.status == 200
    assert got.headers["cache-control"].startswith("private")


async def test_what_carries_no_media_stays_open(tickets: Tickets) -> None:
    for name in ("time", "state", "pins"):
        assert (await ask(tickets, f"/news.isml/{name}")).status == 200
    assert (await ask(tickets, MASTER, "OPTIONS")).status == 204
    assert tickets.refused == {}


async def test_a_player_of_another_site_may_send_the_field(tickets: Tickets) -> None:
    """A star stands for every field but this one (Fetch 4.8)."""
    told = await ask(tickets, MASTER, "OPTIONS", origin="https://a.example")
    assert "authorization" in told.headers["access-control-allow-headers"].split(", ")


async def test_a_channel_without_a_token_is_as_it_was(origin: Origin) -> None:
    got = await ask(Tickets(origin, lambda name: ()), MASTER)
    assert (got.status, got.headers["cache-control"][:6]) == (200, "public")

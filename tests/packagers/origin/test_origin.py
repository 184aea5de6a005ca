import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from lxml import etree

from packagers import cmaf
from packagers.origin import Origin
from relay.numbering import Grid
from tests.packagers.player import AUDIO, LAST, NOW, VIDEO, Channel, ask
from tests.packagers.presentations import (
    FIRST,
    regular,
    rendition,
)


async def test_every_url_of_the_documents_leads_somewhere(origin: Origin) -> None:
    transport = httpx2.ASGITransport(app=origin)
    async with httpx2.AsyncClient(transport=transport, base_url="http://relay.example") as client:
        master = "/live/news.isml/master.m3u8"
        found: set[str] = set()
        for playlist in await uris(client, master):
            for uri in await uris(client, playlist):
                found.add(urlsplit(uri).path.removeprefix("/live/news.isml/"))
                assert (await client.get(uri)).status_code == 200
        for alias in ("manifest.mpd", "manifest(format=mpd-time-csf)"):
            for uri in await templates(client, f"/live/news.isml/{alias}"):
                assert (await client.get(uri)).status_code == 200
    assert found == {
        f"{track.name}/{leaf}"
        for track in (VIDEO, AUDIO)
        for leaf in (cmaf.init_name(track), *(f"{i}.m4s" for i in range(FIRST, FIRST + 5)))
    }


async def uris(client: httpx2.AsyncClient, url: str) -> list[str]:
    got = await client.get(url)
    assert got.status_code == 200
    assert got.headers["content-type"] == "application/vnd.apple.mpegurl"
    lines = [line for line in got.text.splitlines() if line and not line.startswith("#")]
    return [urljoin(str(got.url), uri) for uri in [*re.findall('URI="(.*?)"', got.text), *lines]]


async def templates(client: httpx2.AsyncClient, url: str) -> list[str]:
    got = await client.get(url)
    assert got.status_code == 200
    assert got.headers["content-type"] == "application/dash+xml"
    relative = []
    for of in etree.fromstring(got.content).iter("{*}Representation"):
        (template,) = of.iter("{*}SegmentTemplate")
        number, time = int(template.get("startNumber", "1")), 0
        names = [template.get("initialization", "")]
        for entry in template.iter("{*}S"):
            time = int(entry.get("t", str(time)))
            for _ in range(int(entry.get("r", "0")) + 1):
                media = template.get("media", "").replace("$Number$", str(number))
                names.append(media.replace("$Time$", str(time)))
                number, time = number + 1, time + int(entry.get("d", "0"))
        relative += [name.replace("$RepresentationID$", of.get("id", "")) for name in names]
    assert len(relative) == 12
    (clock,) = etree.fromstring(got.content).iter("{*}UTCTiming")
    assert (await client.get(urljoin(str(got.url), clock.get("value")))).status_code == 200
    return [urljoin(str(got.url), name) for name in relative]


async def test_head_says_what_get_sends(origin: Origin) -> None:
    for path in ("master.m3u8", "manifest.mpd", f"{VIDEO.name}/{FIRST}.m4s", f"{VIDEO.name}/1.m4s"):
        got = await ask(origin, f"/news.isml/{path}")
        head = await ask(origin, f"/news.isml/{path}", "HEAD", range="bytes=0-1")
        assert (head.status, head.headers, head.body) == (got.status, got.headers, b"")
        assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize(
    "path", ["master.m3u8", "manifest.mpd", f"{VIDEO.name}/index.m3u8", f"{VIDEO.name}/{FIRST}.m4s"]
)
async def test_what_a_player_has_is_not_sent_again(origin: Origin, path: str) -> None:
    got = await ask(origin, f"/news.isml/{path}")
    again = await ask(origin, f"/news.isml/{path}", if_none_match=got.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == got.headers["etag"]
    assert again.headers["cache-control"] == got.headers["cache-control"]
    assert "content-type" not in again.headers
    assert (await ask(origin, f"/news.isml/{path}", if_none_match='"x"')).status == 200


async def test_an_alias_says_where_its_document_is(origin: Origin) -> None:
    for alias, canonical in (
        ("/p/news.isml/.m3u8", "/p/news.isml/master.m3u8"),
        ("/news.ISML/.mpd", "/news.isml/manifest.mpd"),
        ("/news.isml/manifest(format=mpd-time-csf)", "/news.isml/manifest(format=mpd-time-cmaf)"),
    ):
        got = await ask(origin, alias)
        assert urljoin(alias, got.headers["content-location"]) == canonical
        assert (await ask(origin, canonical)).body == got.body


async def test_a_document_is_rendered_once_per_presentation(
    origin: Origin, channel: Channel
) -> None:
    async def body(path: str) -> int:
        (part,) = (await ask(origin, f"/news.isml/{path}")).parts
        return id(part)

    paths = ["master.m3u8", "manifest.mpd", f"{VIDEO.name}/index.m3u8", f"{AUDIO.name}/index.m3u8"]
    first = [await body(path) for path in paths]
    assert [await body(path) for path in paths] == first
    # The next segment of the video leaves the audio's playlist as it is.
    p = channel.presentation
    grown = rendition(VIDEO, [*p.renditions[0].segments, *regular(VIDEO, LAST + 1, 1)])
    channel.presentation = replace(p, renditions=(grown, *p.renditions[1:]))
    second = [await body(path) for path in paths]
    assert [a == b for a, b in zip(first, second, strict=True)] == [False, False, False, True]
    playlist = await ask(origin, f"/news.isml/{VIDEO.name}/index.m3u8")
    assert f"\n{LAST + 1}.m4s\n" in playlist.body.decode()
    channel.presentation = replace(channel.presentation, epoch=86_400)
    moved = await ask(origin, f"/news.isml/{VIDEO.name}/index.m3u8")
    assert len(moved.body) == len(playlist.body)
    assert moved.body != playlist.body


@pytest.mark.requirement("REGION-2a")
@pytest.mark.parametrize(
    ("duration", "cache"),
    [
        (Fraction(48, 25), "public, max-age=1"),
        (Fraction(6), "public, max-age=3"),
        (Fraction(1, 2), "no-cache"),
    ],
)
async def test_a_document_lives_half_a_fragment(
    channel: Channel, duration: Fraction, cache: str
) -> None:
    channel.presentation = replace(channel.presentation, grid=Grid(duration))
    origin = Origin({"news": channel})
    for path in ("master.m3u8", "manifest.mpd", f"{VIDEO.name}/index.m3u8"):
        got = await ask(origin, f"/news.isml/{path}")
        assert got.headers["cache-control"] == cache
        assert got.headers["last-modified"] == "Wed, 18 Nov 2026 11:06:40 GMT"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/news",
        "/other.isml/master.m3u8",
        "/news.isml/other-1/index.m3u8",
        "/news.isml/other-1/7.m4s",
        "/news.isml/../../etc/passwd",
        "/news.isml/QualityLevels(2000000)/Fragments(video=0)",
        "//evil.example/news.isml/master.m3u8",
        "/news.isml/\r\nSet-Cookie: a=b",
    ],
)
async def test_what_is_not_here_is_not_found_and_not_stored(origin: Origin, path: str) -> None:
    got = await ask(origin, path)
    assert got.status == 404
    assert got.problem["code"] == "PLAYBACK_NOT_FOUND"
    assert got.headers["cache-control"] == "no-store"
    assert got.body.isascii()


@pytest.mark.requirement("REGION-1b")
@pytest.mark.threat("T22")
async def test_the_host_decides_nothing(origin: Origin) -> None:
    odd = await ask(origin, "/news.isml/master.m3u8", host="a/?x=")
    evil = await ask(origin, "/news.isml/master.m3u8", host="evil.example")
    assert odd.body == evil.body
    assert b"evil" not in evil.body


@pytest.mark.threat("T31")
async def test_a_page_of_any_site_may_play(origin: Origin) -> None:
    allowed = await ask(origin, "/news.isml/master.m3u8", "OPTIONS", origin="https://evil.example")
    assert (allowed.status, allowed.body) == (204, b"")
    assert allowed.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert "access-control-allow-credentials" not in allowed.headers
    got = await ask(origin, "/news.isml/master.m3u8", origin="https://evil.example", cookie="a=b")
    assert got.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in got.headers
    assert "date" in got.headers["access-control-expose-headers"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "BREW"])
@pytest.mark.threat("T31")
async def test_playback_is_read_only(origin: Origin, method: str) -> None:
    got = await ask(origin, "/news.isml/master.m3u8", method)
    assert got.status == 405
    assert got.headers["allow"] == "GET, HEAD, OPTIONS"
    assert got.problem["title"] == "Method Not Allowed"


async def test_the_clock_is_the_relays(origin: Origin) -> None:
    got = await ask(origin, "/news.isml/time")
    assert datetime.fromisoformat(got.body.decode()).timestamp() == pytest.approx(NOW, abs=0.001)
    assert got.headers["cache-control"] == "no-store"


async def test_a_websocket_is_closed(origin: Origin) -> None:
    sent: list[Mapping[str, object]] = []

    async def send(message: Mapping[str, object]) -> None:
        sent.append(message)

    async def receive() -> Mapping[str, object]:
        return {"type": "websocket.connect"}

    await origin({"type": "websocket", "path": "/", "headers": []}, receive, send)  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close"}]

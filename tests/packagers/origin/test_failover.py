"""404 for playlists while the channel is in trouble, and what a document says of its age."""

from dataclasses import replace
from fractions import Fraction

import pytest
from lxml import etree

from packagers.origin import Origin
from relay.rules import Rules
from tests.packagers.player import NOW, VIDEO, Channel, ask
from tests.packagers.presentations import FIRST, regular, rendition

DOCUMENTS = ["master.m3u8", "manifest.mpd", f"{VIDEO.name}/index.m3u8", ".m3u8"]


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fresh(channel: Channel) -> Channel:
    """Without a hole, just updated, and failing over for all that there is."""
    p = channel.presentation
    whole = rendition(VIDEO, regular(VIDEO))
    renditions = (whole, *p.renditions[1:])
    channel.presentation = replace(p, renditions=renditions, updated=Fraction(NOW))
    channel.rules = Rules(fail_over=frozenset({"stale", "gap", "no_source"}))
    return channel


async def test_a_channel_in_no_trouble_is_served(fresh: Channel, clock: Clock) -> None:
    origin = Origin({"news": fresh}, clock)
    for path in DOCUMENTS:
        assert (await ask(origin, f"/news.isml/{path}")).status == 200
    assert fresh.told == []


async def test_a_stale_channel_sends_players_on_until_it_is_not(
    fresh: Channel, clock: Clock
) -> None:
    origin = Origin({"news": fresh}, clock)
    clock.now += 60
    for path in DOCUMENTS:
        got = await ask(origin, f"/news.isml/{path}")
        assert got.status == 404
        assert got.problem["code"] == "PLAYBACK_FAIL_OVER"
        assert "behind" in str(got.problem["detail"])
        assert got.headers["cache-control"] == "public, max-age=1"
        assert "etag" not in got.headers
    assert fresh.told == ["PLAYBACK_FAIL_OVER"]
    assert fresh.refusals == {"PLAYBACK_FAIL_OVER": len(DOCUMENTS)}
    fresh.presentation = replace(fresh.presentation, updated=Fraction(clock.now))
    for path in DOCUMENTS:
        assert (await ask(origin, f"/news.isml/{path}")).status == 200
    assert fresh.told == ["PLAYBACK_FAIL_OVER", "FAIL_OVER_ENDED"]


async def test_what_a_playlist_named_is_served_on(fresh: Channel, clock: Clock) -> None:
    origin = Origin({"news": fresh}, clock)
    playlist = await ask(origin, f"/news.isml/{VIDEO.name}/index.m3u8")
    clock.now += 60
    init = playlist.body.decode().partition('MAP:URI="')[2].partition('"')[0]
    for leaf in (f"{VIDEO.name}/{FIRST}.m4s", f"{VIDEO.name}/{init}", "time", "state", "pins"):
        assert (await ask(origin, f"/news.isml/{leaf}")).status == 200


@pytest.mark.parametrize("listed", ["gap", "no_source", "stale", ""])
async def test_only_what_is_listed_counts(fresh: Channel, clock: Clock, listed: str) -> None:
    origin = Origin({"news": fresh}, clock)
    fresh.rules = Rules(fail_over=frozenset({listed} - {""}))
    clock.now += 60
    got = await ask(origin, "/news.isml/master.m3u8")
    assert got.status == (404 if listed == "stale" else 200)
    fresh.posts.clear()
    got = await ask(origin, "/news.isml/master.m3u8")
    assert got.status == (404 if listed in ("stale", "no_source") else 200)
    clock.now -= 60
    segments = regular(VIDEO)
    segments[-1] = replace(segments[-1], gap=True, size=0)
    p = fresh.presentation
    fresh.presentation = replace(p, renditions=(rendition(VIDEO, segments), *p.renditions[1:]))
    got = await ask(origin, "/news.isml/master.m3u8")
    assert got.status == (404 if listed == "gap" else 200)


async def test_by_default_nothing_fails_over(channel: Channel, clock: Clock) -> None:
    clock.now += 3600
    channel.posts.clear()
    assert (await ask(Origin({"news": channel}, clock), "/news.isml/master.m3u8")).status == 200


async def test_a_document_says_how_old_the_live_edge_is(fresh: Channel, clock: Clock) -> None:
    origin = Origin({"news": fresh}, clock)
    edge = float((FIRST + 5) * Fraction(48, 25))
    fresh.presentation = replace(fresh.presentation, updated=Fraction(1_795_000_000_250, 1000))
    fresh.rules = Rules()
    for path, form in (
        ("master.m3u8", "h"),
        (f"{VIDEO.name}/index.m3u8", "h"),
        ("manifest.mpd", "d"),
        ("manifest(format=mpd-time-cmaf)", "d"),
    ):
        got = await ask(origin, f"/news.isml/{path}")
        assert got.headers["cmsd-static"] == f"at=1795000000250,ot=m,sf={form},st=l"
        assert float(got.headers["live-edge-age"]) == pytest.approx(NOW - edge, abs=0.001)
        clock.now += 1.5
        again = await ask(origin, f"/news.isml/{path}", if_none_match=got.headers["etag"])
        assert again.status == 304
        assert float(again.headers["live-edge-age"]) == pytest.approx(clock.now - edge, abs=0.001)
        clock.now = NOW
    segment = await ask(origin, f"/news.isml/{VIDEO.name}/{FIRST}.m4s")
    assert "live-edge-age" not in segment.headers


async def test_the_state_says_what_is_wrong_even_if_nothing_fails_over(
    fresh: Channel, clock: Clock
) -> None:
    origin = Origin({"news": fresh}, clock)
    fresh.rules = Rules()

    async def said() -> dict[str, str]:
        got = await ask(origin, "/news.isml/state")
        assert got.headers["cache-control"] == "no-cache"
        metas = etree.fromstring(got.body).iter("{*}meta")
        return {meta.get("name", ""): meta.get("content", "") for meta in metas}

    assert (await said())["trouble"] == ""
    clock.now += 60
    fresh.posts.clear()
    assert (await said())["trouble"] == "stale no_source"
    assert (await said())["state"] == "started"

"""A data centre that opens late, after an encoder's settings have changed, with a peer to tell it.

Relay 1 has shown one picture size and then another: a discontinuity, other initializations, a new
Period. Relay 2 starts when that is over and never saw the first one. Told by its peer, it says of
every number what relay 1 says, down to the discontinuity sequence; and players that are sent from
one to the other every few seconds notice nothing, though only one of them still lists the change.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.e2e import players
from tests.e2e.conftest import Start
from tests.e2e.oracle import Oracle, holes
from tests.e2e.playing import STANDS, Kind, Report
from tests.e2e.pushing import Push
from tests.e2e.site import Site, look, until
from tests.e2e.switching import Switch
from tests.e2e.two_sites import FPS, KINDS, PROGRAMME, D
from tests.encoder.clips import make

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]  # one story, on any machine

LARGER = replace(PROGRAMME, name="larger.ismv", options=(*PROGRAMME.options, "-s", "240x136"))
SETTINGS = {"dvr_window": 90}
TURN = 3.0
SECONDS = 12
VIDEOS = ("video-300000", "video-100000")


@dataclass(frozen=True, slots=True)
class Story:
    """Both sites, and what players made of them. `changed`: the first number of the larger size."""

    one: Site
    two: Site
    changed: int
    reports: Mapping[Kind, Report]
    oracle: Oracle

    @property
    def both(self) -> tuple[Site, Site]:
        return self.one, self.two


@pytest.fixture(scope="module")
def story(chromium: Path, start_relay: Start, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("late")
    before, after = make(PROGRAMME, folder), make(LARGER, folder)
    one = Site(start_relay({"news": SETTINGS}))
    into = "Streams(main)"
    with Push(before, f"{one.point}/{into}", "enc_a", folder) as a:
        a.start()
        until("A delivers", [one], lambda: len(one.told.hls) >= 9)
        assert a.end() == 0, a.text()
    with Push(after, f"{one.point}/{into}", "enc_a", folder) as a:
        a.start()
        until("the change", [one], lambda: all(len(_inits(one, track)) == 2 for track in VIDEOS))
        two = Site(start_relay({"news": {**SETTINGS, "peer": one.relay.url}}))
        with Push(after, f"{two.point}/{into}", "enc_b", folder) as b:
            b.start()
            until("B delivers", [one, two], lambda: len(two.told.hls) >= 15)
            reports = asyncio.run(_play(one, two))
            look(one, two)
    larger = _inits(one, VIDEOS[0])[1]
    changed = min(number for (_, number), line in one.told.hls.items() if line.init == larger)
    return Story(one, two, changed, reports, Oracle(after, D))


def _inits(site: Site, track: str) -> list[str]:
    """The initializations of a track, in the order of its numbers."""
    lines = sorted((n, line.init) for (known, n), line in site.told.hls.items() if known == track)
    return list(dict.fromkeys(init for _, init in lines))


async def _play(one: Site, two: Site) -> dict[Kind, Report]:
    ports = (one.relay.port, two.relay.port)
    async with Switch(ports, TURN) as switch, players.browser() as browser:
        root = f"{switch.url}/news.isml"
        urls = [f"{root}/{players.DOCUMENTS[kind]}" for kind in KINDS]
        playing = await asyncio.gather(*map(browser.open, KINDS, urls))
        await asyncio.sleep(max(0.0, SECONDS - min(each.span for each in playing)))
        reports = await asyncio.gather(*(each.report() for each in playing))
        assert {request.status for request in switch.passed} <= {200, 304}
        assert {request.site for request in switch.passed} == {0, 1}
        return dict(zip(KINDS, reports, strict=True))


def test_it_happened(story: Story) -> None:
    one, two = story.one.told, story.two.told
    assert one.tracks == two.tracks
    assert len(one.tracks) == 3
    for track in one.tracks:
        assert min(one.numbers(track)) + 2 < story.changed < min(two.numbers(track))
        assert len(_inits(story.one, track)) == (2 if track in VIDEOS else 1)
        assert len(_inits(story.two, track)) == 1
    assert "PEER_JOINED" in story.two.relay.text()


def test_the_change_is_one_discontinuity_in_all_renditions(story: Story) -> None:
    for (_, number), line in story.one.told.hls.items():
        assert line.era == (number >= story.changed)
    for (_, number), line in story.one.told.dash.items():
        assert line.era == (story.changed if number >= story.changed else 0)


@pytest.mark.parametrize("document", ["hls", "dash"])
def test_every_number_means_the_same_at_both_sites(story: Story, document: str) -> None:
    one, two = (getattr(site.told, document) for site in story.both)
    common = one.keys() & two.keys()
    assert len(common) >= 3 * 5
    assert [(one[key], two[key]) for key in common if one[key] != two[key]] == []
    for site in (one, two):
        for (track, number), line in site.items():
            assert (line.begins + line.lasts / 2) // D == number
            assert line.path == f"/news.isml/{track}/{number}.m4s"


def test_what_was_said_stays_said(story: Story) -> None:
    """Of numbers. What is said of a track changes with its picture."""
    for site in story.both:
        assert [each for each in site.told.contradictions if not each.startswith("m")] == []
    assert story.two.told.contradictions == []


def test_what_is_served_is_the_same(story: Story) -> None:
    one, two = story.one.bodies, story.two.bodies
    common = one.keys() & two.keys()
    assert len(common) >= 3 * 5 + 3
    assert [path for path in common if one[path] != two[path]] == []
    for path, body in two.items():
        if path.endswith(".m4s"):
            track, number = path.split("/")[-2:]
            places = story.oracle.places("video" if track in VIDEOS else "audio", body)
            assert [f"{index}.m4s" for index, _ in places] == [number]


@pytest.mark.parametrize("kind", KINDS)
def test_a_player_does_not_notice_that_there_are_two(story: Story, kind: Kind) -> None:
    report = story.reports[kind]
    assert report.errors == ()
    assert report.span >= SECONDS
    assert abs(report.advance - report.span) <= STANDS
    assert report.stall < STANDS
    assert report.seeks == 0
    assert abs(report.frames - FPS * report.advance) <= FPS
    assert set(report.appended) == set(report.buffered) == {"video", "audio"}
    for media, data in report.appended.items():
        assert holes([index for index, _ in story.oracle.places(media, data)]) == []
        assert len(report.buffered[media]) == 1, report.buffered

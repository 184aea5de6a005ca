"""Two data centres that know nothing of each other publish one programme.

Each relay has an encoder of its own; the encoders share a clock and nothing else, and are started
7 s apart. Encoder A dies and comes back, encoder B loses three fragments, relay 2 is killed and
started again. What players are told of a number is then the same at both sites, and what one of
them lost, the other has under the same URL. A player behind a proxy that sends it from one site to
the other every few seconds plays on as if there were one.

Site 1 is told the fragment duration, site 2 learns it; B is always a third of a fragment late. The
sound has 44.1 kHz, so that its frames divide no fragment.
"""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from tests.e2e import timetable
from tests.e2e.conftest import Start
from tests.e2e.oracle import holes
from tests.e2e.playing import STANDS, Kind
from tests.e2e.site import Site
from tests.e2e.two_sites import FPS, FRAME, KINDS, LOST, SECONDS, TURN, D, Story, tell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]  # one story of a minute, on any machine

DOCUMENTS = ("hls", "dash")
WINDOW = {"dvr_window": 30}


@pytest.fixture(scope="module")
def story(chromium: Path, start_relay: Start, tmp_path_factory: pytest.TempPathFactory) -> Story:
    one = Site(start_relay({"news": {"fragment_duration": str(float(D)), **WINDOW}}))
    two = Site(start_relay({"news": WINDOW}))
    return tell(one, two, tmp_path_factory.mktemp("sites"))


def test_it_happened(story: Story) -> None:
    """The sites have seen different things, or the tests below would prove nothing."""
    one, two = story.one.told, story.two.told
    assert one.tracks == two.tracks
    assert len(one.tracks) == 3
    for track in one.tracks:
        assert min(one.numbers(track)) < story.begun
        away = one.gaps(track)
        assert away
        assert away == list(range(away[0], away[-1] + 1)), "A was away twice"
        assert two.gaps(track) == [story.begun + at for at in LOST]
        assert not {*away} & {*two.gaps(track)}
        # Whoever was away, nothing is missing from both.
        assert holes([*one.numbers(track), *two.numbers(track)]) == []
    assert story.two.relay.text().count("CHANNEL_REPLAYED") == 1


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_number_means_the_same_at_both_sites(story: Story, document: str) -> None:
    one, two = (_lines(site, document) for site in story.both)
    common = one.keys() & two.keys()
    assert {number for _, number in common} >= set(range(story.begun, story.begun + 20))
    for track, number in common:
        ours, theirs = one[track, number], two[track, number]
        if number in {*story.one.told.gaps(track), *story.two.told.gaps(track)}:
            assert (ours.path, ours.init, ours.era) == (theirs.path, theirs.init, theirs.era)
            # How several that are missing shared their time, only who has them can know.
            assert abs(ours.begins - theirs.begins) <= FRAME
            assert abs(ours.lasts - theirs.lasts) <= FRAME
            assert (ours.gap, theirs.gap) != (True, True)
        else:
            assert ours == theirs


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_number_is_the_time_divided_by_the_duration(story: Story, document: str) -> None:
    for site in story.both:
        for (track, number), line in _lines(site, document).items():
            assert (line.begins + line.lasts / 2) // D == number
            assert line.path == f"/news.isml/{track}/{number}.m4s"


def test_hls_and_dash_agree(story: Story) -> None:
    for site in story.both:
        # The MPD was read last: it may have one more.
        edge = min(site.edges.values())
        hls, dash = ({k for k in of if k[1] <= edge} for of in (site.told.hls, site.told.dash))
        assert hls == dash
        for key in hls:
            line, entry = site.told.hls[key], site.told.dash[key]
            assert (line.path, line.init) == (entry.path, entry.init)
            assert abs(line.begins - entry.begins) <= Fraction(1, 2000)
            assert abs(line.lasts - entry.lasts) <= Fraction(1, 1_000_000)


def test_documents_differ_in_nothing_but_their_moment(story: Story) -> None:
    assert story.one.told.heads == story.two.told.heads
    assert {"master.m3u8", "manifest.mpd", *story.one.told.tracks} == {*story.one.told.heads}


def test_what_was_said_stays_said(story: Story) -> None:
    """Over the kill of a relay, too."""
    for site in story.both:
        assert site.told.contradictions == []
        assert site.changed == []


def test_segments_are_the_same_bytes(story: Story) -> None:
    one, two = story.one.bodies, story.two.bodies
    common = one.keys() & two.keys()
    assert len([path for path in common if path.endswith(".mp4")]) == 3
    assert [path for path in common if one[path] != two[path]] == []
    for track in story.one.told.tracks:
        gaps = {*story.one.told.gaps(track), *story.two.told.gaps(track)}
        known = {n for n in range(story.begun, story.begun + 20) if n not in gaps}
        assert {f"/news.isml/{track}/{number}.m4s" for number in known} <= common


def test_what_one_site_lost_the_other_has(story: Story) -> None:
    for here, there in (story.both, story.both[::-1]):
        for track in here.told.tracks:
            for number in here.told.gaps(track):
                line = there.told.hls[track, number]
                assert not line.gap
                media = "audio" if track.startswith("audio") else "video"
                places = story.oracle.places(media, there.bodies[line.path])
                assert [index for index, _ in places] == [number]
                assert line.path not in here.bodies


def test_once_the_losses_have_left_the_documents_are_the_same(story: Story) -> None:
    """Byte for byte: what is listed first, the sequence numbers, every attribute."""
    assert len(story.level) == 6
    for path, pair in story.level.items():
        one, two = map(_timeless, pair) if "m3u8" not in path else pair
        assert one == two, path
        assert b"EXT-X-GAP" not in one


def _timeless(mpd: bytes) -> bytes:
    """An MPD without the moment of its making."""
    root = etree.fromstring(mpd)
    del root.attrib["publishTime"]
    return etree.tostring(root)


def _lines(site: Site, document: str) -> timetable.Numbered:
    return site.told.hls if document == "hls" else site.told.dash


@pytest.mark.parametrize("kind", KINDS)
def test_a_player_does_not_notice_that_there_are_two(story: Story, kind: Kind) -> None:
    report = story.played[kind].report
    assert report.errors == ()
    assert report.span >= SECONDS
    assert abs(report.advance - report.span) <= STANDS
    assert report.stall < STANDS
    assert report.seeks == 0
    assert report.audio > 0
    assert abs(report.frames - FPS * report.advance) <= FPS
    assert len(report.element) == 1
    assert set(report.appended) == set(report.buffered) == {"video", "audio"}
    for media, data in report.appended.items():
        assert holes([index for index, _ in story.oracle.places(media, data)]) == []
        assert len(report.buffered[media]) == 1, report.buffered


@pytest.mark.parametrize("kind", KINDS)
def test_it_was_played_from_both(story: Story, kind: Kind) -> None:
    played = story.played[kind]
    assert played.turns >= SECONDS // TURN
    assert {request.status for request in played.passed} <= {200, 304}
    for site in (0, 1):
        paths = [request.path for request in played.passed if request.site == site]
        for media in ("video", "audio"):
            assert len([p for p in paths if f"/{media}" in p and p.endswith(".m4s")]) >= 3
    sites = [request.site for request in played.passed]
    assert sum(before != after for before, after in pairwise(sites)) >= SECONDS // TURN - 1


def test_what_one_site_lists_can_be_had_of_the_other(story: Story) -> None:
    """Though it comes there later: the request waits."""
    assert len(story.chased) >= 3
    assert any(each.behind for each in story.chased)
    assert [each for each in story.chased if each.status != 200] == []

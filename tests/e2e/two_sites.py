"""The story of two data centres: what happens to them, and what was seen of it.

Each relay has an encoder of its own, started `APART` seconds from the other. B loses three
fragments; then A is killed and comes back, and relay 2 is killed, too; then, when all of that is
past, two players watch through proxies that switch. Each part waits for the one before, however
long that takes, so that no number is lost at both sites. What has to hold is in test_two_sites.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tests.e2e import players, served
from tests.e2e.oracle import Oracle
from tests.e2e.playing import Kind, Playing, Report
from tests.e2e.pushing import Push
from tests.e2e.site import Site, look, until
from tests.e2e.switching import Passed, Switch
from tests.encoder.clips import ISML, Shape, make

D = Fraction("1.92")
FPS = 25
PROGRAMME = Shape("sites.ismv", Fraction(FPS), 48, 44100, cells=25, options=ISML, rates=(300, 100))
FRAME = Fraction(1024, 44100)
APART = 7
LOST = range(2, 5)
"""The fragments that B never sends, counted from 0."""
BEHIND = 4
"""Fragments from the live edge within which no player begins."""
LATE = ("--fault", "delay=640")
TURN = 3.6
SECONDS = 18
KINDS: tuple[Kind, ...] = ("hls", "dash")


@dataclass(frozen=True, slots=True)
class Played:
    """What a player made of it, and where its requests went."""

    report: Report
    passed: list[Passed]
    turns: int


@dataclass(frozen=True, slots=True)
class Chased:
    """A number that was asked of site 2 when site 1 listed it. `behind`: site 2 did not, yet."""

    number: int
    behind: bool
    status: int


@dataclass(frozen=True, slots=True)
class Story:
    """Both sites with all that they have said and served, and the players between them.

    begun   B's first number;  level   documents of both, by path, at moments of equal edges
    """

    one: Site
    two: Site
    begun: int
    level: Mapping[str, tuple[bytes, bytes]]
    played: Mapping[Kind, Played]
    chased: Sequence[Chased]
    oracle: Oracle

    @property
    def both(self) -> tuple[Site, Site]:
        return self.one, self.two


def tell(one: Site, two: Site, folder: Path) -> Story:
    """Let it happen; takes about a minute. `folder`: for the clip and the encoders' logs."""
    clip, both = make(PROGRAMME, folder), (one, two)
    with (
        Push(clip, f"{one.point}/Streams(main)", "enc_a", folder) as a,
        Push(clip, f"{two.point}/Streams(main)", "enc_b", folder) as b,
    ):
        a.start()
        time.sleep(APART)
        b.start(*LATE, "--fault", f"drop={LOST.start + 1}-{LOST.stop}")
        until("B delivers", both, lambda: len(two.edges) == 3)
        begun = min(number for _, number in two.told.hls)
        until("B is behind its loss", both, lambda: min(two.edges.values()) > begun + LOST.stop)
        stopped, killed = max(one.edges.values()), time.monotonic()
        a.kill()
        two.relay.kill()
        two.relay.start()
        two.again()
        # With the time that it takes to start, A loses a fragment at least.
        time.sleep(max(0.0, killed + float(D) - time.monotonic()))
        a.start()
        until("what is lost is past", both, lambda: all(_past(each, stopped) for each in both))
        played, chased = asyncio.run(_play(one, two))
        level = dict(_level(one, two))
        for push in (a, b):
            assert push.end() == 0, push.text()
    return Story(one, two, begun, level, played, chased, Oracle(clip, D))


def _past(site: Site, edge: int) -> bool:
    """It went on behind `edge`, and a player that begins now begins behind every gap."""
    last = [max(site.told.gaps(track), default=edge) for track in site.told.tracks]
    return min(site.edges.values()) > max(edge, *last) + BEHIND


async def _play(one: Site, two: Site) -> tuple[dict[Kind, Played], list[Chased]]:
    ports = (one.relay.port, two.relay.port)
    async with Switch(ports, TURN) as hls, Switch(ports, TURN) as mpd, players.browser() as browser:
        switches: dict[Kind, Switch] = {"hls": hls, "dash": mpd}
        playing = await asyncio.gather(*(_open(browser, k, switches[k]) for k in KINDS))
        last = max(0.0, SECONDS - min(each.span for each in playing))
        chased = await asyncio.to_thread(_chase, one, two, last)
        reports = await asyncio.gather(*(each.report() for each in playing))
        played = {
            kind: Played(report, list(switches[kind].passed), switches[kind].turns)
            for kind, report in zip(KINDS, reports, strict=True)
        }
        return played, chased


async def _open(browser: players.Players, kind: Kind, switch: Switch) -> Playing:
    return await browser.open(kind, f"{switch.url}/news.isml/{players.DOCUMENTS[kind]}")


def _chase(one: Site, two: Site, seconds: float) -> list[Chased]:
    """Ask site 2 for what site 1 has just listed, as often as something new is listed."""
    until = time.monotonic() + seconds
    path = f"{min(one.told.tracks)}/index.m3u8"
    known = _newest(one, path)
    chased: list[Chased] = []
    while time.monotonic() < until:
        time.sleep(0.1)
        newest = _newest(one, path)
        if newest != known:
            known = newest
            behind = _newest(two, path) != newest
            answer = served.get(f"{two.point}/{path.replace('index.m3u8', newest)}")
            chased.append(Chased(int(newest.removesuffix(".m4s")), behind, answer.status))
            look(one, two)
    return chased


def _newest(site: Site, path: str) -> str:
    """The last segment of a media playlist."""
    return served.fetch(f"{site.point}/{path}").decode().split()[-1]


def _level(one: Site, two: Site) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    """Each document of both sites, at a moment when neither is ahead, nor lists what it lost."""
    paths = [f"{track}/index.m3u8" for track in one.told.tracks]
    for path in ("master.m3u8", "manifest.mpd", "manifest(format=mpd-time-cmaf)", *paths):
        deadline = time.monotonic() + 30
        while True:
            pair = served.fetch(f"{one.point}/{path}"), served.fetch(f"{two.point}/{path}")
            look(one, two)
            edges = [site.edges for site in (one, two)]
            again = served.fetch(f"{one.point}/{path}"), served.fetch(f"{two.point}/{path}")
            lost = any(b"EXT-X-GAP" in body for body in pair)
            if pair == again and edges[0] == edges[1] and not lost:
                break
            assert time.monotonic() < deadline, f"one site is always ahead: {edges}"
            time.sleep(0.1)
        yield path, pair

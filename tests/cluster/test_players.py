"""Players that a proxy sends from one relay of a cluster to the other every few seconds.

Each of the two gets half of what it plays from another encoder than the other half, by the brokers.
One of those is killed meanwhile, and started again. If it does not lead, nobody may notice. If
it leads, nothing new is published until another one leads, 4 to 9 s: players may use up what they
have buffered, and then go on where they were.
"""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cluster.faults import leader
from tests.cluster.plant import D, Plant, plant
from tests.e2e import players
from tests.e2e.conftest import chromium
from tests.e2e.oracle import Oracle, holes
from tests.e2e.playing import STANDS, Kind, Playing, Report
from tests.e2e.switching import Passed, Switch
from tests.faults import chain

__all__ = ["chromium"]

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(400)]

KINDS: tuple[Kind, ...] = ("hls", "dash")
TURN = 5.0
BEFORE, AWAY, MORE = 10.0, 8.0, 12
"""Seconds until the broker is killed and for which it is away; fragments that follow."""
PAST = 10
"""Fragments that there are when players begin: some begin 10 s before the newest."""
FPS = 25


@pytest.mark.parametrize("leads", [False, True], ids=["follower", "leader"])
async def test_they_play_on_while_a_broker_dies(
    tmp_path: Path, chromium: Path, leads: bool
) -> None:
    async with plant(tmp_path, 3) as built:
        await built.well(more=PAST)
        ports = [relay.port for relay in built.relays.values()]
        async with players.browser() as browser:
            switches = {kind: Switch(ports, TURN) for kind in KINDS}
            async with switches["hls"], switches["dash"]:
                playing = await asyncio.gather(*(_open(browser, k, switches[k]) for k in KINDS))
                await asyncio.sleep(BEFORE)
                await _broker_away(built, leads)
                mark = max(built.edges()) + MORE
                await chain.until(lambda: min(built.edges()) >= mark, f"not published: {mark}")
                reports = await asyncio.gather(*(each.report() for each in playing))
    oracle = Oracle(built.clip, D)
    for kind, report in zip(KINDS, reports, strict=True):
        _whole(report, oracle)
        if not leads:
            assert report.stall < STANDS, kind
            assert abs(report.advance - report.span) <= STANDS, kind
            assert abs(report.frames - FPS * report.advance) <= FPS, kind
        _from_both(switches[kind].passed)


def _whole(report: Report, oracle: Oracle) -> None:
    """Every fragment, in order, as the encoders sent it: nothing was skipped."""
    assert report.errors == ()
    assert report.seeks == 0
    assert report.audio > 0
    assert len(report.element) == 1
    assert set(report.appended) == {"video", "audio"}
    for media, data in report.appended.items():
        indexes = [index for index, _ in oracle.places(media, data)]
        assert len(indexes) > MORE
        assert holes(indexes) == []
        assert len(report.buffered[media]) == 1, report.buffered


def _from_both(passed: list[Passed]) -> None:
    for site in (0, 1):
        paths = [request.path for request in passed if request.site == site]
        for media in ("video", "audio"):
            assert len([p for p in paths if f"/{media}" in p and p.endswith(".m4s")]) >= 3
    sites = [request.site for request in passed]
    assert sum(before != after for before, after in pairwise(sites)) >= 4


async def _open(browser: players.Players, kind: Kind, switch: Switch) -> Playing:
    url = f"{switch.url}/news.isml/{players.DOCUMENTS[kind]}"
    return await browser.open(kind, url, patient=True)


async def _broker_away(built: Plant, leads: bool) -> None:
    first = await leader(built)
    gone = first if leads else next(one for one in built.brokers if one is not first)
    gone.kill()
    await asyncio.sleep(AWAY)
    await asyncio.to_thread(gone.start)

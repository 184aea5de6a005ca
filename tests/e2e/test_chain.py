"""The whole chain: two encoders, a relay, two upstreams of it, and a player at the second one.

The way to the first upstream is broken in every manner that there is: the relay there is killed
and started again, its door answers 403; with LONG=1 its network stands still, too, and every
connection is taken and reset. All of that is no concern of the second one, nor of its player; and
when it is over, both upstreams have had everything, once, without a break.
"""

import asyncio
import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest

from relay.uplink.attempt import State
from tests.e2e import boxes, chain, players, served
from tests.e2e.chain import Fault, Snapshot, Trouble
from tests.e2e.conftest import Start
from tests.e2e.encoder import Encoder, Programme, next_start, wait_until
from tests.e2e.playing import STANDS, Report
from tests.e2e.relay_process import RelayProcess
from tests.faults.ledger import Ledger
from tests.faults.proxy import Proxy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

D = 2
SETTINGS: dict[str, object] = {"fragment_duration": str(D), "dvr_window": 600, "patience": 1.5}
PROGRAMME = Programme(seconds=600, gop=25 * D)
LAST = "killed"
WHAT = ("forbidden", "stalled", "reset", LAST) if os.environ.get("LONG") else ("forbidden", LAST)
"""Of the manners, those that this run shows."""
FORBIDDEN = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nContent-Length: 52\r\n"
    b'Connection: close\r\n\r\n{"code": "NO_ENTRY", "detail": "Nobody comes here."}'
)


@dataclass(frozen=True, slots=True)
class Story:
    """What came of it. `told`: the hub's status of its upstreams at the end.

    `ledger`: all that got through to the first one. `made`: what ffmpeg makes of the programme,
    whoever runs it.
    """

    troubles: Mapping[str, Trouble]
    report: Report
    hub: Snapshot
    eu: Snapshot
    us: Snapshot
    told: Mapping[str, Mapping[str, object]]
    ledger: Ledger
    made: Mapping[tuple[int, int], boxes.Moof]


def faults(relay: RelayProcess, proxy: Proxy) -> Mapping[str, Fault]:
    """What happens to a relay behind a proxy."""

    async def kill() -> None:
        await asyncio.to_thread(relay.kill)

    async def start() -> None:
        await asyncio.to_thread(relay.start)

    async def forbid() -> None:
        proxy.says = FORBIDDEN
        proxy.reset()

    async def refuse() -> None:
        proxy.refuses = True
        proxy.reset()

    async def stall() -> None:
        proxy.stall()

    async def heal() -> None:
        proxy.says, proxy.refuses = b"", False
        proxy.flow()

    return {
        "forbidden": Fault(State.REFUSED, forbid, heal),
        "stalled": Fault(State.RETRYING, stall, heal),
        "reset": Fault(State.RETRYING, refuse, heal),
        LAST: Fault(State.RETRYING, kill, start, misses=4),  # more than are sent again anyway
    }


@pytest.fixture(scope="module")
def story(
    chromium: Path, start_relay: Start, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    eu, us = start_relay({"news": SETTINGS}), start_relay({"news": SETTINGS})
    return asyncio.run(_tell(eu, us, start_relay, ffmpeg, tmp_path_factory.mktemp("chain")))


async def _tell(
    eu: RelayProcess, us: RelayProcess, start_relay: Start, ffmpeg: str, folder: Path
) -> Story:
    ledger = Ledger(Fraction(D))
    async with Proxy(eu.port, ledger, "eu") as proxy, players.browser() as browser:
        ways = {
            name: {"url": f"{url}/news.isml"} for name, url in (("eu", proxy.url), ("us", us.url))
        }
        hub = await asyncio.to_thread(start_relay, {"news": {**SETTINGS, "upstreams": ways}})
        start = next_start(D)
        wait_until(start)
        programme = replace(PROGRAMME, start=start)
        point = f"{hub.url}/news.isml/Streams(av)?source="
        with ExitStack() as stack:
            for name in ("enc_a", "enc_b"):
                encoder = Encoder(ffmpeg, programme, f"{point}{name}", folder / f"{name}.log")
                stack.enter_context(encoder)
            await served.filled(f"{us.url}/news.isml", 4, limit=chain.LIMIT)
            playing = await browser.open("hls", f"{us.url}/news.isml/master.m3u8")
            troubles = {}
            for what, fault in faults(eu, proxy).items():
                if what not in WHAT:
                    continue
                troubles[what] = await chain.trouble(hub, "eu", eu, fault)
                if what != LAST:
                    await chain.settled(hub, "eu")
            report = await playing.report()
            ours, *theirs = await chain.snapshots(hub, eu, us)
        told = chain.status(hub)["upstreams"]
    last = max(index for track in ours.values() for index in track.indexes)
    made = replace(programme, seconds=(last + 2) * D - start).reference(ffmpeg, folder)
    return Story(troubles, report, ours, theirs[0], theirs[1], told, ledger, made)


@pytest.mark.requirement("REGION-2b", role="client")
def test_nothing_is_lost_and_nothing_is_twice_at_either_upstream(story: Story) -> None:
    assert chain.broken(story.hub, eu=story.eu, us=story.us) == []
    assert {track.handler for track in story.hub.values()} == {"vide", "soun"}
    for upstream in story.told.values():
        assert (upstream["lost"], upstream["gaps"]) == (0, 0)
    # And there was something to be lost, and to be twice.
    for what, trouble in story.troubles.items():
        assert trouble.missed > 0, what
    for track in story.hub:
        delivered = story.ledger.of(track)
        assert any(len(sent) > 1 for sent in delivered.values())
        assert delivered.keys() >= story.hub[track].segments.keys()


def test_what_comes_out_at_the_end_is_what_the_encoders_made(story: Story) -> None:
    made = {(moof.time, moof.media) for moof in story.made.values()}
    for tracks in (story.hub, story.eu, story.us):
        for name, track in tracks.items():
            for moof in track.fragments():
                assert (moof.time, moof.media) in made, name


def test_the_player_at_the_second_upstream_notices_nothing(story: Story) -> None:
    report = story.report
    assert report.errors == ()
    assert report.span > 2 * D * len(story.troubles)
    # With nothing decoded too late for it, the clock of a busy machine's browser still runs slow.
    assert 0.9 * report.span < report.advance <= report.span + 1
    assert report.stall < STANDS
    assert report.seeks == 0
    assert report.audio > 0
    assert abs(report.frames - PROGRAMME.fps * report.advance) <= PROGRAMME.fps
    assert len(report.element) == 1
    for media, data in report.appended.items():
        indexes = [moof.time for moof in boxes.fragments(data)]
        assert indexes == sorted(set(indexes)), media
        assert len(report.buffered[media]) == 1, report.buffered


def test_the_second_upstream_is_not_touched(story: Story) -> None:
    us = story.told["us"]
    assert (us["retries"], us["posts"]) == (0, 1)
    assert us["state"] in ("streaming", "catching_up")


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("forbidden", "403 NO_ENTRY Nobody comes here."),
        pytest.param(
            "stalled",
            "the peer takes (nothing|too little): send timeout|no answer",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "reset",
            "connection lost|Server disconnected|no connection|no answer",
            marks=pytest.mark.long,
        ),
        ("killed", "Server disconnected|no connection|connection lost"),
    ],
)
def test_each_trouble_has_its_reason(story: Story, what: str, reason: str) -> None:
    reasons = story.troubles[what].reasons
    assert any(re.search(reason, told) for told in reasons), reasons

"""SIGKILL of the relay itself while it is watched: players and encoders find back by themselves.

The relay starts again on its folder, as a supervisor would start it. The encoders send again what
was not safe, so the programme has no hole; a player may ask in vain for a while, and that is all it
may complain of: no decoding, no appending, no parsing may fail, nothing may be fatal.
"""

import asyncio
import os
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from tests.e2e import players, served
from tests.e2e.conftest import Start
from tests.e2e.oracle import Oracle, holes
from tests.e2e.playing import Kind, Playing, Report
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.e2e.served import Served
from tests.e2e.watching import Seen, Watched

pytestmark = pytest.mark.e2e

D = Fraction("1.92")
SECONDS = 16
NOTICED = 20
"""Seconds within which each player asks in vain; then the relay starts again."""
KINDS: tuple[Kind, ...] = ("hls", "dash")
MEDIA = {"vide": "video", "soun": "audio"}
RETRIES = re.compile(
    r"hls\.js: non-fatal networkError (level|audioTrack|frag)Load(Error|TimeOut) "
    r"|hls\.js: non-fatal mediaError bufferStalledError "
    r"|console error: Failed to load resource: net::ERR_(CONNECTION_|EMPTY_RESPONSE|INCOMPLETE_)"
)
"""What may be said while there is no relay: that the network fails, and that the buffer ran dry."""
LONGEST = 15
"""Seconds that the picture may stand: a busy machine takes its time to start a relay."""
LAST = 3


@dataclass(frozen=True, slots=True)
class Story:
    """`before` the kill and at the end: what was served. `back`: the page, when all was well again.

    going   seconds that currentTime rose in the `LAST` seconds
    """

    reports: Mapping[Kind, Report]
    going: Mapping[Kind, float]
    before: Mapping[str, Served]
    after: Mapping[str, Served]
    back: Seen
    oracle: Oracle


@pytest.fixture(scope="module")
def story(
    chromium: Path, start_relay: Start, loop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    relay = start_relay({"news": {"fragment_duration": "1.92"}})
    folder = tmp_path_factory.mktemp("relay-killed")
    url = f"{relay.url}/news.isml/Streams(main)"
    with Push(loop, url, "enc_a", folder) as a, Push(loop, url, "enc_b", folder) as b:
        a.start()
        b.start()
        told = asyncio.run(_tell(relay, Oracle(loop, D)))
        for push in (a, b):
            assert push.end() == 0, push.text()
            assert re.search(r"[1-9]\d* reconnects", push.text())
    return told


async def _tell(relay: RelayProcess, oracle: Oracle) -> Story:
    seed = int(os.environ.get("KILL_SEED", random.SystemRandom().randrange(10**6)))
    moment = random.Random(seed).uniform(1, 5)
    print(f"\nKILL_SEED={seed}: the relay is killed after {moment:.2f} s")  # noqa: T201
    await served.filled(f"{relay.url}/news.isml", 4)
    async with players.browser() as browser:
        page = Watched(await browser.page())
        await page.open(relay.admin_url)
        playing = await asyncio.gather(*(_open(browser, kind, relay) for kind in KINDS))
        await asyncio.sleep(moment)
        before = await asyncio.to_thread(served.channel, relay.url, "news")
        relay.kill()
        await page.until("without its relay", lambda seen: "Trying" in seen.connection)
        async with asyncio.timeout(NOTICED):
            while not all(one.errors for one in playing):
                await asyncio.sleep(0.1)
        await asyncio.to_thread(relay.start)
        back = await page.until("PROTECTED again", lambda seen: _is_back(seen, before))
        await asyncio.sleep(max(0.0, SECONDS - LAST - min(one.span for one in playing)))
        going = await asyncio.gather(*(_going(one) for one in playing))
        reports = await asyncio.gather(*(one.report() for one in playing))
        after = await asyncio.to_thread(served.channel, relay.url, "news")
    found = dict(zip(KINDS, reports, strict=True))
    return Story(found, dict(zip(KINDS, going, strict=True)), before, after, back, oracle)


async def _going(playing: Playing) -> float:
    early = (await playing.progress())["time"]
    await asyncio.sleep(LAST)
    return float((await playing.progress())["time"] - early)


async def _open(browser: players.Players, kind: Kind, relay: RelayProcess) -> Playing:
    url = f"{relay.url}/news.isml/{players.DOCUMENTS[kind]}"
    return await browser.open(kind, url, patient=True)


def _is_back(seen: Seen, before: Mapping[str, Served]) -> bool:
    newest = max(track.indexes[-1] for track in before.values())
    return (
        seen.connection == "connected"
        and seen.protection == "PROTECTED"
        and seen.player.startswith("playing")
        and seen.newest > newest + 2
    )


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def test_playback_recovers_by_itself(story: Story, kind: Kind) -> None:
    report = story.reports[kind]
    assert [error for error in report.errors if not RETRIES.match(error)] == []
    assert report.errors, "it has noticed no outage"
    assert report.span >= SECONDS
    assert report.stall < LONGEST
    assert report.advance >= report.span - LONGEST
    assert report.audio > 0
    assert story.going[kind] > LAST / 2


def test_nothing_is_missing_from_what_was_appended(story: Story, kind: Kind) -> None:
    """The encoders have sent again what was not safe, so there is nothing to jump over."""
    report = story.reports[kind]
    assert report.seeks == 0
    assert set(report.appended) == set(report.buffered) == {"video", "audio"}
    newest = max(track.indexes[-1] for track in story.before.values())
    for media, data in report.appended.items():
        indexes = [index for index, _ in story.oracle.places(media, data)]
        assert holes(indexes) == []
        assert min(indexes) <= newest < max(indexes)
        assert len(report.buffered[media]) == 1, report.buffered


def test_numbers_and_bytes_go_on(story: Story) -> None:
    assert list(story.before) == list(story.after)
    assert len(story.before) == 3
    for name, old in story.before.items():
        new = story.after[name]
        assert (new.sequence, new.init, new.gaps) == (old.sequence, old.init, frozenset())
        assert new.indexes == list(range(new.sequence, new.sequence + len(new.indexes)))
        assert {n: new.segments[n] for n in old.segments} == old.segments
        assert len(new.segments) > len(old.segments) + 3
        for index, body in new.segments.items():
            assert [n for n, _ in story.oracle.places(MEDIA[new.handler], body)] == [index]


def test_the_page_finds_its_relay_again(story: Story) -> None:
    assert {"enc_a", "enc_b"} == set(story.back.sources)
    assert "CHANNEL_REPLAYED" in [code for code, _ in story.back.events]
    for rows in story.back.cells.values():
        assert set(rows["merged"].values()) == {"whole"}

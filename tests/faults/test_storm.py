"""F34 to F37, F40: crowds at the door, beside an encoder that must not notice.

One encoder pushes from beginning to end, in one POST; whatever the crowds do, all that it delivered
is published, once and in order, without a gap. In the ordinary run the crowds are small; with
LONG=1 they are what the matrix asks for.
"""

import asyncio
import contextlib
import os
import re
import socket
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.e2e.together import together
from tests.faults import chain, invariants, legs, storm
from tests.faults.invariants import Footprint
from tests.faults.legs import Channel

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

LONG = bool(os.environ.get("LONG"))
BODIES, REQUESTS = (10_000, 100_000) if LONG else (300, 600)
IDLE, PLAYERS = (500, 1_000) if LONG else (200, 200)
POINTS = [f"idle{at}" for at in range(1 + IDLE // (2 * storm.STREAMS))]
SLOWLY = 20.0 if LONG else 3.0
EACH = 64 << 10
"""Bytes that an idle POST may cost; what the relay does meanwhile comes off `SPARE`."""
SPARE = 12 << 20
ROOM = 64 << 20
FULL = 96
"""Descriptors that the starved relay has."""
MANY = 150
MEANT = {"INGEST_LIMIT", "INGEST_DRAINING"}
"""Refusals with a 5xx that are deliberate."""


@dataclass(slots=True)
class Night:
    """What each crowd was answered, and what the relay held before, with and after it."""

    answers: dict[str, Counter[int]] = field(default_factory=dict)
    held: dict[str, Footprint] = field(default_factory=dict)
    posts: int = 0
    log: str = ""
    broken: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def told(made: Stamper, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, "Future[Night]"]:
    """A night with crowds; and, at another relay, one without descriptors."""
    night, starved = (tmp_path_factory.mktemp(name) for name in ("night", "starved"))
    return together(
        {"night": lambda: _crowded(made, night), "starved": lambda: _starved(made, starved)}
    )


@pytest.fixture
def night(told: Mapping[str, "Future[Night]"]) -> Night:
    return told["night"].result()


def _crowded(made: Stamper, folder: Path) -> Night:
    with RelayProcess(folder, dict.fromkeys(("news", "bin", *POINTS), legs.SETTINGS)) as relay:
        found = asyncio.run(_night(made, relay))
        found.log = relay.text()
    return found


async def _night(made: Stamper, relay: RelayProcess) -> Night:
    found, channel = Night(), Channel.of("news", relay.port)
    async with channel.watched(), channel.leg(made, "a", patient=True) as leg:
        await channel.witness.until(3)
        found.held["before"] = Footprint.of(relay.pid, relay.admin_url)
        found.answers["bodies"] = await storm.send(
            relay.port, storm.bodies(made, "bin"), BODIES, seed=34
        )
        found.held["bodies"] = Footprint.of(relay.pid)
        found.answers["requests"] = await storm.send(
            relay.port, storm.requests("bin"), REQUESTS, seed=35
        )
        await _quiet(relay, found.held["before"])
        found.held["requests"] = Footprint.of(relay.pid)
        async with storm.idle(relay.port, POINTS, IDLE) as stands:
            await chain.until(
                lambda: Footprint.of(relay.pid).files >= found.held["requests"].files + IDLE,
                "all of them are taken",
            )
            found.held["idle"] = Footprint.of(relay.pid)
        found.answers["idle"] = stands
        await _quiet(relay, found.held["before"])
        paths = [
            f"/news.isml/{track}/{index}.m4s"
            for track, known in channel.witness.tracks.items()
            for index in sorted(known.bodies)[-8:]
        ]
        found.answers["players"] = await storm.players(relay.port, paths, PLAYERS, SLOWLY)
        await _quiet(relay, found.held["before"])
        found.held["after"] = Footprint.of(relay.pid, relay.admin_url)
        await channel.witness.until(3)
        found.posts = leg.posts
    found.broken = _judged(channel)
    return found


def _judged(channel: Channel) -> list[str]:
    """What the crowds have cost."""
    broken = invariants.published(channel.ledger, channel.witness)
    broken += invariants.edges(channel.ledger, channel.witness)
    return broken + [
        f"{name}: gaps: {invariants.spans(track.gaps)}"
        for name, track in channel.witness.tracks.items()
        if track.gaps
    ]


async def _quiet(relay: RelayProcess, before: Footprint) -> None:
    """Wait until the crowd has gone."""
    await chain.until(
        lambda: Footprint.of(relay.pid).files <= before.files + invariants.DESCRIPTORS,
        "the connections of the crowd are given back",
    )


@pytest.mark.fault("F34", "F35", "F36", "F40")
def test_the_encoder_beside_the_crowds_never_notices(night: Night) -> None:
    assert night.broken == []
    assert night.posts == 1


@pytest.mark.fault("F34")
def test_bodies_that_are_none_are_refused_and_cost_nothing(night: Night) -> None:
    answers = night.answers["bodies"]
    assert answers.total() == BODIES
    assert not [status for status in answers if status >= 500]
    assert answers[400] > BODIES / 10, "hardly anything is noticed"
    assert night.held["bodies"].memory - night.held["before"].memory < ROOM


@pytest.mark.fault("F35")
def test_requests_that_are_none_are_refused_and_cost_nothing(night: Night) -> None:
    answers = night.answers["requests"]
    assert answers.total() == REQUESTS
    assert not [status for status in answers if status in (500, 502, 504)]
    assert answers[400] > REQUESTS / 10, "hardly anything is noticed"
    assert invariants.quiet(night.log, MEANT) == []


@pytest.mark.fault("F36")
def test_posts_that_stand_idle_cost_little_and_are_given_back(night: Night) -> None:
    assert night.answers["idle"] == {0: IDLE}
    grown = night.held["idle"].memory - night.held["requests"].memory
    assert grown < IDLE * EACH + SPARE


@pytest.mark.fault("F40")
def test_players_are_served_however_slowly_some_of_them_read(night: Night) -> None:
    assert night.answers["players"] == {200: PLAYERS}


@pytest.mark.fault("F34", "F35", "F36", "F40")
def test_nothing_of_the_crowds_stays(night: Night) -> None:
    before, after = night.held["before"], night.held["after"]
    assert after.files <= before.files + invariants.DESCRIPTORS
    assert after.tasks <= before.tasks + 2 * invariants.TASKS, "its own players come and go"
    assert after.memory - before.memory < ROOM


@pytest.mark.fault("F37")
def test_a_relay_without_descriptors_keeps_whom_it_has_and_takes_others_again_later(
    told: Mapping[str, "Future[Night]"],
) -> None:
    starved = told["starved"].result()
    assert starved.broken == []
    assert starved.posts == 1
    lines = [line for line in starved.log.splitlines() if re.search("descriptor|EMFILE", line)]
    assert len(lines) < 30, "it is told too often"
    assert "Traceback" not in starved.log


def _starved(made: Stamper, folder: Path) -> Night:
    before = ("sh", "-c", f'ulimit -n {FULL} && exec "$0" "$@"')
    with RelayProcess(folder, {"news": legs.SETTINGS}, before=before) as relay:
        found = asyncio.run(_besieged(made, relay))
        found.log = relay.text()
    return found


async def _besieged(made: Stamper, relay: RelayProcess) -> Night:
    found, channel = Night(), Channel.of("news", relay.port)
    async with channel.watched(), channel.leg(made, "a", patient=True) as leg:
        await channel.witness.until(2)
        before = Footprint.of(relay.pid)
        async with AsyncExitStack() as stack:
            for _ in range(MANY):
                one = stack.enter_context(socket.socket())
                one.setblocking(False)
                await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", relay.port))
                head = b"POST /news.isml/Streams(x) HTTP/1.1\r\nHost: localhost\r\n"
                with contextlib.suppress(OSError):  # it may have been sent away already
                    await asyncio.get_running_loop().sock_sendall(one, head)
            mark = channel.ledger.count("a") + 10
            await chain.until(lambda: channel.ledger.count("a") >= mark, "the encoder goes on")
        await _quiet(relay, before)
        await channel.witness.until(3)
        found.posts = leg.posts
    found.broken = _judged(channel)
    return found

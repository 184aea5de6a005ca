"""A storm: mutated requests and malformed bodies against a running relay, beside a good stream.

    python -m tests.fuzz.storm --requests 100000 --bodies 50000 --seed 7

`relay run` has two channels, each with one model encoder in real time: `news` takes a source that
shows its token, `open` takes anyone. Requests are mutations of whatever the relay answers, on both
ports; bodies are mutations of what encoders send, mostly to `open`, on streams of their own and on
that of its encoder. All the while a player looks at both channels.

What has to hold: every fragment that the encoders delivered is published (of `news`, byte for byte,
and without a break); no 5xx but a deliberate one; no traceback in the log; descriptors as before,
and memory, too. What was pushed is in memory, more of it with every minute: so the relay is weighed
against a twin, which gets the same from encoders of its own, and no storm. 501 and 505 are what
HTTP wants said to a transfer coding and a version that are unknown (RFC 9112 6.1, RFC 9110 15.6.6);
they are told apart.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e import served
from tests.e2e.relay_process import RelayProcess
from tests.faults import invariants, legs
from tests.faults.invariants import Footprint
from tests.faults.legs import Channel
from tests.faults.witness import newest
from tests.fuzz.thrown import Bodies, Requests
from tests.fuzz.weather import PATIENCE, Weather, throw

MEANT = {503}
DELIBERATE = ("INGEST_LIMIT",)
TOLD = {501, 505}
LINGER = 75.0
"""Seconds in which memory and descriptors are to be as before: the relay tidies each minute."""
SLACK = 0.05
"""Of the memory before, by which what it holds beyond its twin may have grown."""
TOKEN = "a-token-of-the-storm-that-is-long"

NOTHING = Footprint(0, 0)


@dataclass(frozen=True, slots=True)
class Weights:
    """What a relay and its twin hold at the same time."""

    relay: Footprint = NOTHING
    twin: Footprint = NOTHING

    @property
    def beyond(self) -> int:
        """Bytes of memory that the relay holds and its twin does not."""
        return self.relay.memory - self.twin.memory

    def heavier(self, since: "Weights") -> bool:
        """The storm has left something."""
        return self.beyond - since.beyond > SLACK * since.relay.memory


BOTH = Weights()


@dataclass(slots=True)
class Outcome:
    """A storm's figures; `broken` has a sentence for whatever did not hold.

    The relay and its twin are weighed before the storm, and when it has calmed down.
    """

    requests: Weather = field(default_factory=Weather)
    bodies: Weather = field(default_factory=Weather)
    delivered: int = 0
    before: Weights = BOTH
    after: Weights = BOTH
    logged: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)


@asynccontextmanager
async def _good(relay: RelayProcess, folder: Path) -> AsyncIterator[list[Channel]]:
    """Both channels with their encoders and their players."""
    made = legs.stamper(legs.clip(folder))
    news, anyone = (Channel.of(name, relay.port) for name in ("news", "open"))
    news.name = f"{TOKEN}/news"  # the token is a folder of its encoder's URL
    channels = [news, anyone]
    async with contextlib.AsyncExitStack() as stack:
        for channel in channels:
            await stack.enter_async_context(channel.watched())
        for channel in channels:
            await stack.enter_async_context(channel.leg(made, "a", patient=True))
        await _goes_on(channels)
        yield channels
        with contextlib.suppress(TimeoutError):  # the ledger will tell
            await _goes_on(channels)


async def _goes_on(channels: Sequence[Channel]) -> None:
    """Wait until three fragments more that the encoders delivered are published, of each track.

    Strangers may have brought others, which need not go on. Raises TimeoutError.
    """
    aims = [
        (channel, track, max(channel.ledger.of(track)) + 3)
        for channel in channels
        for track in await _delivered(channel)
    ]
    async with asyncio.timeout(PATIENCE * 4):
        for channel, track, index in aims:
            while _newest(channel, track) < index:
                await asyncio.sleep(0.1)


async def _delivered(channel: Channel) -> set[str]:
    async with asyncio.timeout(PATIENCE * 4):
        while len(channel.ledger.tracks()) < 2:
            await asyncio.sleep(0.1)
    return channel.ledger.tracks()


def _newest(channel: Channel, track: str) -> int:
    known = channel.witness.tracks.get(track)
    return newest(known) if known is not None and known.listed else -1


async def storm(folder: Path, requests: int, bodies: int, seed: int) -> Outcome:
    """One storm on one of two relays."""
    found = Outcome()
    token = folder / "token"
    token.write_text(TOKEN)
    settings = {"news": {**legs.SETTINGS, "sources": {"a": {"token_file": str(token)}}}}
    for name in ("relay", "twin"):
        (folder / name).mkdir()
    with (
        RelayProcess(folder / "relay", {**settings, "open": legs.SETTINGS}) as relay,
        RelayProcess(folder / "twin", {**settings, "open": legs.SETTINGS}) as twin,
    ):
        ports = relay.port, relay.admin
        async with _good(twin, folder), _good(relay, folder) as channels:
            for one in (twin, relay):  # what is made once, is made now
                await throw((one.port, one.admin), Requests(seed + 1).one, 50)
                await throw((one.port,), Bodies(seed + 1).one, 50)
                await asyncio.to_thread(served.fetch, f"{one.admin_url}/api/v1/openapi.json")
            found.before = _weighed(relay, twin)
            began = time.monotonic()
            found.bodies = await throw(ports[:1], Bodies(seed).one, bodies)
            found.requests = await throw(ports, Requests(seed).one, requests)
            found.seconds = time.monotonic() - began
            found.after = await _calm(relay, twin, found.before)
        log = relay.text()
        found.logged = len(log)
        found.broken += judged(found, log)
        if not relay.running:
            found.broken.append("the relay has ended")
    news, anyone = channels
    found.delivered = len(news.ledger.sent) + len(anyone.ledger.sent)
    found.broken += invariants.published(news.ledger, news.witness)
    found.broken += _kept(anyone)
    return found


def _weighed(relay: RelayProcess, twin: RelayProcess) -> Weights:
    return Weights(Footprint.of(relay.pid), Footprint.of(twin.pid))


async def _calm(relay: RelayProcess, twin: RelayProcess, before: Weights) -> Weights:
    """What they hold, once it is no more than it was, or after a while."""
    until = time.monotonic() + LINGER
    while time.monotonic() < until:
        after = _weighed(relay, twin)
        if not after.heavier(before) and not before.relay.leaks(after.relay):
            break
        await asyncio.sleep(0.2)
    return after


def judged(found: Outcome, log: str) -> list[str]:
    """What does not hold of what was answered, logged and kept."""
    broken = invariants.quiet(log, DELIBERATE)[:20]
    broken += found.before.relay.leaks(found.after.relay)
    if found.after.heavier(found.before):
        broken.append("I10: memory is not back")
    for weather in (found.requests, found.bodies):
        strange = [s for s in weather.answers if s >= 500 and s not in MEANT | TOLD]
        broken += [f"{weather.answers[status]} answers {status}" for status in strange]
        if weather.hung:
            broken.append(f"{weather.hung} were never answered")
    return broken


def _kept(channel: Channel) -> list[str]:
    """Of a channel that takes anyone: what its encoder delivered is there, whoever else sent it."""
    broken = [text for text in channel.witness.complaints if "5" in text]
    for name in channel.ledger.tracks():
        track, sent = channel.witness.tracks.get(name), channel.ledger.of(name)
        if track is None or not track.listed:
            broken.append(f"I1: {name} is not published")
            continue
        missing = sent.keys() - track.listed.keys()
        lost = {at for at in missing if at >= min(track.listed)} | (track.gaps & sent.keys())
        if lost:
            broken.append(f"I1: {name} of the open channel has lost {invariants.spans(lost)}")
    return broken


def told(found: Outcome, seed: int) -> None:
    """Print the figures."""
    print(
        f"storm, seed {seed}: {found.requests.sent} requests, {found.bodies.sent} bodies in"
        f" {found.seconds:.0f} s; {found.delivered} good fragments; {len(found.broken)} faults"
    )
    for name, weather in (("requests", found.requests), ("bodies", found.bodies)):
        answers = " ".join(f"{s}: {n}" for s, n in sorted(weather.answers.items()))
        print(f"  {name}: {answers}; closed {weather.silent}; slowest {weather.slowest:.2f} s")
    weights = "; ".join(
        f"{stage} {one.relay.memory / (1 << 20):.1f} MB, its twin {one.twin.memory / (1 << 20):.1f}"
        for stage, one in {"before": found.before, "after": found.after}.items()
    )
    files = f"{found.before.relay.files}, then {found.after.relay.files}"
    print(f"  {weights}; open files {files}; log {found.logged >> 10} KB")
    for sentence in found.broken:
        print(f"  {sentence}")


def main() -> int:
    """Run a storm, and tell."""
    asked = argparse.ArgumentParser(
        prog="python -m tests.fuzz.storm",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("--requests", type=int, default=100_000)
    asked.add_argument("--bodies", type=int, default=50_000)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    said = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(storm(Path(folder), said.requests, said.bodies, said.seed))
    told(found, said.seed)
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())

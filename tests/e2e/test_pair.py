"""Two relays without a cluster: both take the encoders, both forward to one receiver.

They know nothing of each other. Each gets the programme, numbers it by its times, and sends what it
has upstream, where the copies of both are merged as those of two encoders are. So either may be
killed at any moment: with both encoders on both relays, and also with one encoder on each, where
the relay whose encoder dies has a hole for ever, which the receiver has not. Or both encoders push
to one virtual address, which moves to the other relay when the first is killed.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from tests.e2e import chain
from tests.e2e.conftest import Start
from tests.e2e.oracle import Oracle
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.e2e.together import together
from tests.faults.ledger import Ledger
from tests.faults.proxy import Proxy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

D = Fraction("1.92")
SETTINGS: dict[str, object] = {"fragment_duration": "1.92", "dvr_window": 600, "patience": 1.5}
AWAY = 2
"""Fragments that come while one of them is away."""
MEDIA = {"vide": "video", "soun": "audio"}


def paired(start_relay: Start) -> tuple[RelayProcess, RelayProcess, RelayProcess]:
    """The receiver, and the two that forward to it."""
    receiver = start_relay({"news": SETTINGS})
    out = {**SETTINGS, "upstreams": {"out": {"url": f"{receiver.url}/news.isml"}}}
    return receiver, start_relay({"news": out}), start_relay({"news": out})


@contextmanager
def pushing(clip: Path, ways: Sequence[tuple[str, str]], folder: Path) -> Iterator[list[Push]]:
    """These encoders, each on its way to the relay at a URL."""
    with ExitStack() as stack:
        pushes = []
        for at, (name, url) in enumerate(ways):
            log = folder / str(at)
            log.mkdir()
            push = Push(clip, f"{url}/news.isml", name, log)
            stack.enter_context(push)
            push.start()
            pushes.append(push)
        yield pushes


async def without(victim: RelayProcess, other: RelayProcess, receiver: RelayProcess) -> None:
    """Kill it, let some fragments come by the other, and start it again."""
    victim.kill()
    mark = chain.newest(receiver)
    await goes_on(receiver, mark + AWAY, "the receiver stands still with one relay")
    victim.start()
    mark = chain.newest(other)
    await goes_on(victim, mark + 2, "it does not come back")
    await until(lambda: well(victim), "it does not forward again")
    await goes_on(receiver, mark + 2, "the receiver stands still with both")


async def goes_on(relay: RelayProcess, index: int, what: str) -> None:
    await until(lambda: chain.newest(relay) >= index, what)


async def until(condition: Callable[[], object], what: str) -> None:
    await chain.until(condition, what)


def well(relay: RelayProcess) -> bool:
    """It forwards, and nothing is left to send."""
    told = chain.status(relay)["upstreams"]["out"]
    return bool(told["state"] == "streaming" and told["backlog"] <= 3)


async def judged(receiver: RelayProcess, pair: Sequence[RelayProcess], clip: Path) -> None:
    """The receiver has everything, once, and as the encoders made it; nobody counts a loss."""
    (theirs,) = await chain.snapshots(receiver)
    oracle = Oracle(clip, D)
    assert chain.unsound(theirs) == []
    assert len(theirs) == 3
    for name, track in theirs.items():
        for index, body in track.segments.items():
            assert oracle.places(MEDIA[track.handler], body) == [(index, name)]
    for relay in pair:
        told = chain.status(relay)["upstreams"]["out"]
        assert (told["lost"], told["failing"]) == (0, False)
    sources = chain.status(receiver)["sources"]
    assert len(sources) == len(pair)
    for facts in sources.values():
        for track in facts["tracks"].values():
            assert track["won"] + track["duplicate"] > AWAY
            assert (track["differs"], track["suspect"], track["late"]) == (0, 0, 0)


@pytest.fixture(scope="module")
def told(
    start_relay: Start, loop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, "Future[None]"]:
    """Two pairs at the same time."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("both", "each")}
    trios = {name: paired(start_relay) for name in folders}
    return together(
        {
            "both": lambda: asyncio.run(_both(*trios["both"], loop, folders["both"])),
            "each": lambda: asyncio.run(_each(*trios["each"], loop, folders["each"])),
        }
    )


@pytest.mark.requirement("RED-1a", role="client")
@pytest.mark.fault("F29")
def test_either_relay_of_a_pair_may_be_killed(told: Mapping[str, "Future[None]"]) -> None:
    told["both"].result()


async def _both(
    receiver: RelayProcess, one: RelayProcess, two: RelayProcess, loop: Path, folder: Path
) -> None:
    ways = [(name, relay.url) for relay in (one, two) for name in ("enc_a", "enc_b")]
    with pushing(loop, ways, folder):
        await until(lambda: chain.newest(receiver), "nothing arrives")
        await without(one, two, receiver)
        await without(two, one, receiver)
        await judged(receiver, (one, two), loop)


@pytest.mark.fault("F29")
def test_a_pair_with_an_encoder_each_loses_a_relay_or_an_encoder(
    told: Mapping[str, "Future[None]"],
) -> None:
    told["each"].result()


async def _each(
    receiver: RelayProcess, one: RelayProcess, two: RelayProcess, loop: Path, folder: Path
) -> None:
    with pushing(loop, [("enc_a", one.url), ("enc_b", two.url)], folder) as (_, b):
        await until(lambda: chain.newest(receiver), "nothing arrives")
        await without(one, two, receiver)
        b.kill()
        mark = chain.newest(receiver)
        await goes_on(receiver, mark + AWAY, "it stands still with one encoder")
        b.start()
        await goes_on(two, mark + AWAY + 2, "the encoder does not come back")
        await until(lambda: well(two), "it does not forward again")
        await judged(receiver, (one, two), loop)
        # And there were holes to be filled by the other one.
        assert all(track["gaps"] for track in chain.status(two)["tracks"])


@pytest.mark.long
async def test_encoders_before_a_virtual_address_change_relays_with_it(
    start_relay: Start, loop: Path, tmp_path: Path
) -> None:
    """Whoever has the address gets everything; the other one has what came while it had it."""
    receiver, one, two = paired(start_relay)
    ledger = Ledger(D)
    async with Proxy(one.port, ledger, "a") as a, Proxy(one.port, ledger, "b") as b:
        with pushing(loop, [("enc_a", a.url), ("enc_b", b.url)], tmp_path):
            await until(lambda: chain.newest(receiver), "nothing arrives")
            for victim, other in ((one, two), (two, one)):
                await asyncio.to_thread(victim.kill)
                for way in (a, b):
                    way.target = other.port
                    way.reset()
                mark = await asyncio.to_thread(chain.newest, receiver)
                await goes_on(receiver, mark + AWAY, "the receiver stands still")
                await asyncio.to_thread(victim.start)
            await judged(receiver, (one, two), loop)
    for name in ledger.tracks():
        assert any(len(sent) > 2 for sent in ledger.of(name).values()), "nothing was sent again"

"""What happens in each scene of `test_network`: connections and encoders that break.

A scene takes a channel of its own (see `stage`), and leaves what it has seen in `seen`.
"""

import asyncio
import os
import signal
import time

from tests.e2e.pushing import Push
from tests.faults.legs import D, stamper, utc
from tests.faults.proxy import Manner, Proxy
from tests.faults.stage import Play, Scene
from tests.faults.tap import PARTS, Aim

CUT = 11
"""Of the fragments of a connection, the one that is cut: behind the six that are sent again."""
OTHER = "slate=1-1000000"
"""Other pictures under the same times, so that a mixture would be seen."""


async def killed(scene: Scene) -> None:
    """F02: one leg alone, killed in mid-fragment, and started anew at once: it resends nothing."""
    channel = scene.channel
    async with channel.watched(), Proxy(channel.port, channel.ledger, "a") as proxy:
        url = f"{proxy.url}/{channel.name}.isml/Streams(main)"
        with Push(scene.clip, url, "a", scene.folder) as push:
            push.start("--duration", "12/25")
            await scene.delivers("a", 9)

            async def kill() -> None:
                push.kill()

            await asyncio.wait_for(proxy.cut(Aim("mdat", 2, 0.7), Manner.FIN, kill), 60)
            push.start("--duration", "12/25")
            await scene.delivers("a", 12)
            await channel.witness.until(3)


async def pulled(scene: Scene) -> None:
    """F03, and F05 beyond the limit: a cable is pulled, and put in again when nobody waits."""
    channel = scene.channel
    async with (
        channel.watched(),
        channel.leg(scene.made, "a") as a,
        channel.leg(scene.made, "b", OTHER),
    ):
        await channel.witness.until(3)
        a.proxy.stall()
        began = time.monotonic()
        await scene.waits(lambda: scene.codes()["INGEST_STALLED"] > 0, "408")
        scene.seen["after"] = time.monotonic() - began
        await channel.witness.until(2)
        a.proxy.flow()
        await scene.delivers("a", 9)
        scene.seen["answer"] = a.posts
        await channel.witness.until(3)


def cut(manner: Manner) -> Play:
    """F04: one leg, cut at every kind of place."""

    async def scene_of(scene: Scene) -> None:
        channel = scene.channel
        async with channel.watched(), channel.leg(scene.made, "a", patient=True) as a:
            for part in PARTS:
                await scene.delivers("a", 3)
                posts = a.posts
                await asyncio.wait_for(a.proxy.cut(Aim(part, CUT), manner), 60)
                await scene.waits(lambda posts=posts: a.posts > posts, f"back after {part}")  # type: ignore[misc]
            await scene.delivers("a", 9)
            await channel.witness.until(3)
            scene.seen["cuts"] = a.proxy.cuts

    return scene_of


async def stalled(scene: Scene) -> None:
    """F05 within the limit: a network that stands still for 3 s, an encoder that is stopped."""
    channel = scene.channel
    async with (
        channel.watched(),
        Proxy(channel.port, channel.ledger, "a") as proxy,
    ):
        url = f"{proxy.url}/{channel.name}.isml/Streams(main)"
        with Push(scene.clip, url, "a", scene.folder / "stalled") as push:
            push.start("--duration", "12/25")
            await scene.delivers("a", 9)
            for stop, go in (
                (proxy.stall, proxy.flow),
                (
                    lambda: os.kill(push.pid, signal.SIGSTOP),
                    lambda: os.kill(push.pid, signal.SIGCONT),
                ),
            ):
                stop()
                await asyncio.sleep(3)
                go()
                await scene.delivers("a", 15)
            await channel.witness.until(3)


async def renumbered(scene: Scene) -> None:
    """F13: an encoder that sends an index of its own comes back and counts from 0 again."""
    channel, cell = scene.channel, int(time.time() / D)
    counts = (stamper(scene.clip, width=32), stamper(scene.clip, width=32, base=-cell))
    async with channel.watched():
        for made in counts:
            async with channel.leg(made, "a"), channel.leg(counts[0], "b", "delay=200"):
                await scene.delivers("a", 15)


async def dropped(scene: Scene, *late: str, patient: bool) -> None:
    """F08: one leg lacks two fragments, the other one has them and is late."""
    channel, began = scene.channel, utc()
    async with (
        channel.watched(),
        channel.leg(scene.made, "a", "drop=9-10", patient=True, began=began) as a,
        channel.leg(scene.made, "b", *late, patient=True, began=began),
    ):
        scene.seen["dropped"] = {a.plans[0]._first + n for n in (8, 9)}
        await scene.delivers("a", 36)
        await scene.waits(lambda: patient or scene.codes()["TIMELINE_GAP"] >= 2, "gaps")
        await scene.delivers("b", 33)
        await channel.witness.until(2)


async def late(scene: Scene) -> None:
    """F08, k < 1."""
    await dropped(scene, "delay=1500", patient=True)


async def later(scene: Scene) -> None:
    """F08, k > 1."""
    await dropped(scene, "delay=5000", patient=False)


async def missing(scene: Scene) -> None:
    """F09: the same two fragments are missing on both."""
    await dropped(scene, "drop=9-10", patient=False)


async def corrupt(scene: Scene) -> None:
    """F10: one leg's moof and mdat are damaged on their way."""
    channel = scene.channel
    damage = [f"corrupt={n}:{where}" for n, where in ((7, "moof"), (9, "mdat"), (12, "moof"))]
    async with (
        channel.watched(),
        channel.leg(scene.made, "a", *damage) as a,
        channel.leg(scene.made, "b", "delay=300"),
    ):
        await scene.delivers("a", 45)
        scene.seen["posts"] = a.posts
        await channel.witness.until(3)


async def rewound(scene: Scene) -> None:
    """F14: the only encoder begins anew at time 0."""
    channel = scene.channel
    async with channel.watched(), channel.leg(scene.made, "a", "restart-at-zero=9"):
        await scene.waits(lambda: scene.codes()["TIMELINE_RUN"] > 0, "a run")
        await channel.witness.until(5)


async def refused(scene: Scene) -> None:
    """F14: one of two begins anew at time 0."""
    channel = scene.channel
    async with (
        channel.watched(),
        channel.leg(scene.made, "a", "restart-at-zero=9"),
        channel.leg(scene.made, "b", OTHER),
    ):
        await scene.waits(lambda: scene.codes()["INGEST_CLOCK"] > 0, "409")
        await channel.witness.until(5)


async def apart(scene: Scene) -> None:
    """F17: sound dies on one encoder and pictures on the other."""
    channel, each = scene.channel, "each"
    async with (
        channel.watched(),
        channel.leg(scene.made, "a", streams=each, only="audio") as sound_a,
        channel.leg(scene.made, "a", streams=each, only="video"),
        channel.leg(scene.made, "b", streams=each, only="audio"),
        channel.leg(scene.made, "b", streams=each, only="video") as picture_b,
    ):
        await channel.witness.until(3)
        for leg in (sound_a, picture_b):
            leg.proxy.refuses = True
            leg.proxy.reset()
        await channel.witness.until(6)


async def silent(scene: Scene) -> None:
    """F17: sound dies on every encoder, and comes back."""
    channel, each = scene.channel, "each"
    async with (
        channel.watched(),
        channel.leg(scene.made, "a", streams=each, only="audio") as sound,
        channel.leg(scene.made, "a", streams=each, only="video"),
    ):
        await channel.witness.until(3)
        sound.proxy.refuses = True
        sound.proxy.reset()
        await scene.delivers("a-video", 20)
        scene.seen["pictures"] = channel.witness.tracks["video-137000"].sequence
        ends = {name: max(track.listed) for name, track in channel.witness.tracks.items()}
        scene.seen["ends"] = ends
        sound.proxy.refuses = False
        await scene.delivers("a-audio", 12)
        await channel.witness.until(3)


PLAYS: dict[str, Play] = {
    "killed": killed,
    "pulled": pulled,
    "fin": cut(Manner.FIN),
    "rst": cut(Manner.RST),
    "half": cut(Manner.HALF),
    "stalled": stalled,
    "late": late,
    "later": later,
    "missing": missing,
    "corrupt": corrupt,
    "renumbered": renumbered,
    "rewound": rewound,
    "refused": refused,
    "apart": apart,
    "silent": silent,
}
MORE: dict[str, dict[str, object]] = {
    "late": {"patience": 8},
    "later": {"patience": 0.5},
    "missing": {"patience": 0.5},
}

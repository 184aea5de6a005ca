"""F39: a relay that gets no processor: stopped for five seconds, then between two busy loops."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.faults import invariants, legs
from tests.faults.legs import Channel
from tests.faults.stage import Scene

STOPPED = 5
LOOPS = 2


async def starve(scene: Scene) -> None:
    channel, pid = scene.channel, scene.relay.pid
    async with (
        channel.watched(),
        channel.leg(scene.made, "a"),
        channel.leg(scene.made, "b", "slate=1-1000000"),
    ):
        await channel.witness.until(3)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(STOPPED)
        finally:
            os.kill(pid, signal.SIGCONT)
        await channel.witness.until(3)
        await channel.witness.past(max(sent.index for sent in channel.ledger.sent))
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(LOOPS)]
        try:
            await asyncio.sleep(STOPPED)
        finally:
            for loop in busy:
                loop.kill()
                loop.wait()
        await channel.witness.past(max(sent.index for sent in channel.ledger.sent))
        await channel.witness.until(3)


def starved(made: Stamper, clip: Path, folder: Path) -> None:
    """It catches up and loses nothing. Raises AssertionError."""
    with RelayProcess(folder, {"news": legs.SETTINGS}) as relay:
        channel = Channel.of("news", relay.port)
        asyncio.run(starve(Scene(channel, made, relay, clip, folder)))
        assert invariants.published(channel.ledger, channel.witness) == []
        assert invariants.edges(channel.ledger, channel.witness) == []
        for track in channel.witness.tracks.values():
            assert not track.gaps
            assert len(track.bodies) * legs.D > 2 * STOPPED
        assert invariants.quiet(relay.text()) == []

"""The demo on the terminal: the relay in this process, and a line for each thing that happens."""

import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

from relay.app import House, run
from relay.config import ChannelTable, Config, StoreTable
from relay.demo import clip
from relay.demo.encoders import encoders
from relay.demo.upstreams import Upstream, upstreams
from relay.entrance import ServerTable
from relay.tables import UpstreamTable

CHANNEL = "news"
LOOK_SECONDS = 0.2


async def show(seconds: int, *, real: bool, port: int, admin_port: int) -> None:
    """Run the demo for so many seconds, or until Ctrl-C (0). Raises OperatorError."""
    _line(f"relay {version('isml-relay')}  demo: 2 encoders, 1 channel, 2 upstreams")
    programme = None if real else await _programme()
    point = f"http://127.0.0.1:{port}/{CHANNEL}.isml"
    with tempfile.TemporaryDirectory(prefix="relay-demo-") as made:
        folder = Path(made)
        pushing = encoders(point, programme, folder, say)
        fed = upstreams(CHANNEL, max(port, admin_port), folder, say)
        try:
            async with _relay(port, admin_port, folder / "hub", fed) as (house, relay):
                say("channel", CHANNEL, f"ready     {point}/master.m3u8")
                _line(f"  page:  http://localhost:{admin_port}/        stop: Ctrl-C")
                for encoder in pushing:
                    encoder.start()
                telling = asyncio.create_task(_tell(house, fed))
                await asyncio.wait(
                    {relay, telling}, timeout=seconds or None, return_when=asyncio.FIRST_COMPLETED
                )
                telling.cancel()
                # The relay hears Ctrl-C itself; the others are in sessions of their own.
                await asyncio.gather(*(encoder.stop() for encoder in pushing))
        finally:
            await asyncio.gather(*(one.process.stop() for one in fed))
    say("demo", "", "ended")


@contextlib.asynccontextmanager
async def _relay(
    port: int, admin_port: int, store: Path, fed: list[Upstream]
) -> AsyncIterator[tuple[House, asyncio.Task[None]]]:
    channel = ChannelTable(
        fragment_duration=clip.D,
        upstreams={one.name: UpstreamTable(url=one.url) for one in fed},
    )
    config = Config(
        server=ServerTable(listen=f"0.0.0.0:{port}", admin=f"127.0.0.1:{admin_port}"),
        store=StoreTable(path=store, durable=False),
        channels={CHANNEL: channel},
    )
    opened: asyncio.Future[House] = asyncio.get_running_loop().create_future()
    relay = asyncio.create_task(run(config, opened.set_result))
    waited: set[asyncio.Future[House] | asyncio.Task[None]] = {relay, opened}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if relay.done():
        opened.cancel()
        relay.result()
    try:
        yield opened.result(), relay
    finally:
        if not relay.done():
            signal.raise_signal(signal.SIGTERM)
        await relay


async def _programme() -> Path:
    path = clip.kept()
    if not path.is_file():
        say("clip", "", f"made once, into {path}")
        try:
            await asyncio.to_thread(clip.make, path)
        except OSError:
            path = Path(tempfile.gettempdir()) / f"relay-{clip.NAME}"
            await asyncio.to_thread(clip.make, path)
    return path


async def _tell(house: House, fed: list[Upstream]) -> None:
    """A line for each event of the channel's journal.

    The upstreams are started when there is a picture, which would wait for them otherwise. That
    they do not answer before is not told.
    """
    told = 0
    channel = house.channels[CHANNEL]
    coming = list(fed)
    taken: set[str] = set()
    while True:
        if any(rendition.segments for rendition in channel.presentation.renditions):
            for one in coming:
                one.process.start()
            coming = []
        for number, event in list(channel.journal.events.items()):
            if number > told:
                told = number
                what, _, word = event.code.partition("_")
                name = event.text.partition(":")[0]
                if what == "UPSTREAM" and event.grave and name not in taken:
                    continue
                taken.add(name)
                text = f"{word}: {event.text}" if what == "CHANNEL" else event.text
                say(what.lower(), "!" if event.grave else "", text)
        await asyncio.sleep(LOOK_SECONDS)


def say(what: str, which: str, how: str) -> None:
    """One line: when, what, which of them, and what happened to it."""
    _line(f"  {time.strftime('%H:%M:%S', time.gmtime())}  {what:<9}{which:<7}{how}")


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
